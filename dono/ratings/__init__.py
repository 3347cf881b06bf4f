"""People's preferences: tasks, assignment with leases, blind seats, quality, agreement, pay. No pages, no models."""

from dono.ratings.agreement import Alpha, alpha
from dono.ratings.book import Book, Lease, Rater
from dono.ratings.bradley_terry import Comparison, Interval, Strengths, fit
from dono.ratings.desk import FLAGS, SKIPS, Desk, Taken
from dono.ratings.exports import EXPORTS
from dono.ratings.imports import Rejected, Voted, read_items, read_votes
from dono.ratings.information import comparisons
from dono.ratings.pay import Earning, earning, earnings, minutes_per_rating, people_needed, still_needed
from dono.ratings.people import Agreed, People, people_of, wins_between
from dono.ratings.quality import Care, Share, agreement, care, cares, doubted, seats
from dono.ratings.settings import DeskSettings, Pay, RaterSettings
from dono.ratings.store import EventStore
from dono.ratings.tasks import TASKS, Candidate, Item, Response, Turn, agrees, read_form
from dono.ratings.teaching import preference, rewrites, thumb, trl_preferences, trl_unpaired
from dono.ratings.tokens import form_key, new_token, same, token_hash

__all__ = [
    "EXPORTS",
    "FLAGS",
    "SKIPS",
    "TASKS",
    "Agreed",
    "Alpha",
    "Book",
    "Candidate",
    "Care",
    "Comparison",
    "Desk",
    "DeskSettings",
    "Earning",
    "EventStore",
    "Interval",
    "Item",
    "Lease",
    "Pay",
    "People",
    "Rater",
    "RaterSettings",
    "Rejected",
    "Response",
    "Share",
    "Strengths",
    "Taken",
    "Turn",
    "Voted",
    "agreement",
    "agrees",
    "alpha",
    "care",
    "cares",
    "comparisons",
    "doubted",
    "earning",
    "earnings",
    "fit",
    "form_key",
    "minutes_per_rating",
    "new_token",
    "people_needed",
    "people_of",
    "preference",
    "read_form",
    "read_items",
    "read_votes",
    "rewrites",
    "same",
    "seats",
    "still_needed",
    "thumb",
    "token_hash",
    "trl_preferences",
    "trl_unpaired",
    "wins_between",
]
