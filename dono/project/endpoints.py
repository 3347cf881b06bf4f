"""Models that somebody else serves: where, under which name, at what price, how fast they may be asked."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from dono.project.sections import Section
from dono.project.wishes import AtLeastZero, Country, Positive


class PriceChoice(Section):
    """Money for a million tokens that are read and written."""

    reading: AtLeastZero
    writing: AtLeastZero
    currency: str = "USD"


class Endpoint(Section):
    """A hosted model behind an OpenAI-compatible URL (up to and with /v1). `model: any` is the only one it serves."""

    endpoint: str
    model: str = Field(min_length=1)
    country: Country | None = None
    """Where it answers; a server on this machine needs none."""
    key_variable: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """The environment variable with the key. The key itself has no place in a project file and is never stored."""
    price: PriceChoice | None = None
    """What its tokens cost, where it differs from the table; a server on this machine costs nothing by the token."""
    cap: Positive | None = None
    """The most that asking it may cost, in the project's currency; else the pilots' share of `budget.money`."""
    requests_per_minute: Positive | None = None
    parallel: int = Field(default=4, ge=1, le=256)
    """Requests under way at the same time."""
    timeout_seconds: Positive = 60.0
    retries: int = Field(default=6, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _no_key(cls, stated: object) -> object:
        for name in ("key", "api_key", "token", "password"):
            if isinstance(stated, dict) and name in stated:
                raise ValueError(f"{name} has no place in a file; put it into a variable and name that: key_variable")
        return stated

    @field_validator("endpoint")
    @classmethod
    def _a_url(cls, stated: str) -> str:
        parts = urlsplit(stated)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an endpoint is a URL like https://host/v1")
        return stated

    @model_validator(mode="after")
    def _no_user_in_url(self) -> Endpoint:  # of the whole section: a refused field is shown, and this one is secret
        if "@" in urlsplit(self.endpoint).netloc:
            raise ValueError("a URL with a user in it would be stored; put the key into the environment: key_variable")
        return self

    @property
    def here(self) -> bool:
        """Whether it is a server on this machine: what is sent to it goes nowhere."""
        host = urlsplit(self.endpoint).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def name(self) -> str:
        """The model's name without its provider, as arms are called."""
        return self.model.rsplit("/", maxsplit=1)[-1]
