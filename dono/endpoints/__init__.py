"""Models behind OpenAI-compatible URLs, asked politely: retries, rate limits, nothing asked twice, a cap on money."""

from dono.endpoints.client import Client, Question, Watch, key_header, key_of, models_of, served_model
from dono.endpoints.ledger import Ledger, Spent
from dono.endpoints.pace import Pace, waited
from dono.endpoints.purse import Purse
from dono.endpoints.replies import Failed, Reply, read_reply

__all__ = [
    "Client",
    "Failed",
    "Ledger",
    "Pace",
    "Purse",
    "Question",
    "Reply",
    "Spent",
    "Watch",
    "key_header",
    "key_of",
    "models_of",
    "read_reply",
    "served_model",
    "waited",
]
