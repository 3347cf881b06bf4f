"""What templates may say of a cell: amounts, dates, places and feasts in the forms of the row's language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import lru_cache

from dono.corpus.amounts import amount, grouped, in_own_digits, read_number, rupees
from dono.corpus.calendar import Calendar, state_name
from dono.corpus.dates import STYLES, read_date, written_date, written_time
from dono.corpus.rows import Malformed
from dono.project import DateOrder

ROLES = {
    "buyer": {"en": "Buyer", "hi": "ग्राहक", "hi-Latn": "Grahak", "ta": "வாடிக்கையாளர்", "bn": "ক্রেতা",
              "te": "కొనుగోలుదారు", "mr": "ग्राहक", "gu": "ગ્રાહક", "kn": "ಗ್ರಾಹಕ", "ml": "ഉപഭോക്താവ്", "pa": "ਗਾਹਕ",
              "or": "ଗ୍ରାହକ", "as": "গ্ৰাহক", "ur": "گاہک"},
    "seller": {"en": "Seller", "hi": "दुकानदार", "hi-Latn": "Dukandar", "ta": "விற்பனையாளர்", "bn": "বিক্রেতা",
               "te": "విక్రేత", "mr": "विक्रेता", "gu": "વેપારી", "kn": "ಮಾರಾಟಗಾರ", "ml": "വിൽപ്പനക്കാരൻ", "pa": "ਦੁਕਾਨਦਾਰ",
               "or": "ବିକ୍ରେତା", "as": "বিক্ৰেতা", "ur": "دکاندار"},
}  # fmt: skip
ROLE_OF = {name: role for role, names in {
    "buyer": ("buyer", "customer", "user", "client", "shopper", "consumer", "inbound", "incoming"),
    "seller": ("seller", "shop", "merchant", "agent", "vendor", "store", "business", "reseller", "outbound",
               "outgoing"),
}.items() for name in names}  # fmt: skip
"""What tables call the two sides of a chat."""
SHOWN_OF_PHONE = 2
"""Last digits of a number that stay: enough to tell two numbers of a talk apart, too few to call."""


class LocalForms:
    """Filters and functions of templates, in the language of the rendering at hand (`language`).

    Each raises `Malformed` for a cell that is no such thing. Most take `language=` and `native=True` (digits of the
    language's own script).
    """

    def __init__(self, calendar: Calendar, order: DateOrder = "day", zone: str = "Asia/Kolkata") -> None:
        self.calendar, self.language = calendar, "en"

        @lru_cache(maxsize=1 << 14)
        def read(value: object) -> dt.datetime:
            return read_date(value, order, zone)

        self.read = read

    @property
    def filters(self) -> Mapping[str, Callable[..., object]]:
        """By the names that templates use."""
        return {"rupees": self.rupees, "amount": self.amount, "number": self.number, "date": self.date,
                "day": self.date, "month": self.month, "weekday": self.weekday, "clock": self.clock,
                "state": self.state, "data_size": self.data_size, "role": self.role, "phone": self.phone}  # fmt: skip

    @property
    def functions(self) -> Mapping[str, Callable[..., object]]:
        """By the names that templates use."""
        return {"festival": self.festival, "holiday": self.holiday, "season": self.season, "weekday": self.weekday}

    def _digits(self, text: str, language: str | None, *, native: bool) -> str:
        return in_own_digits(text, language or self.language) if native else text

    def rupees(self, value: object, *, words: bool = False, native: bool = False, language: str | None = None) -> str:
        """₹12,34,567.50, or with `words` ₹12.345675 lakh."""
        text = rupees(read_number(value), language or self.language, words=words)
        return self._digits(text, language, native=native)

    def amount(self, value: object, currency: str = "INR", language: str | None = None, *, native: bool = False) -> str:
        """An amount in any currency."""
        return self._digits(amount(read_number(value), currency, language or self.language), language, native=native)

    def number(self, value: object, language: str | None = None, *, native: bool = False) -> str:
        """A number with lakhs and crores apart."""
        return self._digits(grouped(read_number(value)), language, native=native)

    def date(self, value: object, style: str = "long", language: str | None = None, *, native: bool = False) -> str:
        """A date in one of `STYLES`."""
        if style not in STYLES:
            raise Malformed(f"the template asks for an unknown style of date; known are {', '.join(STYLES)}")
        text = written_date(self.read(value), style, language or self.language)
        return self._digits(text, language, native=native)

    def month(self, value: object, language: str | None = None) -> str:
        """The month's name and the year."""
        return self.date(value, "month_year", language)

    def weekday(self, value: object, language: str | None = None) -> str:
        """The day of the week."""
        return self.date(value, "weekday", language)

    def clock(self, value: object, language: str | None = None, *, native: bool = False) -> str:
        """The time of the day."""
        return self._digits(written_time(self.read(value), language or self.language), language, native=native)

    def state(self, value: object, language: str | None = None) -> str:
        """The name of a state in the language."""
        return state_name(value, language or self.language)

    def data_size(self, megabytes: object, *, native: bool = False) -> str:
        """Megabytes as 300 MB, or from 1024 on as 1.5 GB (two places; the one form here that rounds)."""
        size = read_number(megabytes)
        text = f"{grouped(size)} MB" if size < 1024 else f"{grouped(round(size / 1024, 2))} GB"
        return self._digits(text, None, native=native)

    def role(self, value: object, language: str | None = None) -> str:
        """Who speaks in a chat: buyer or seller in the language; another name stays as it is."""
        names = ROLES.get(ROLE_OF.get(str(value).strip().lower(), ""))
        return str(value) if names is None else names.get(language or self.language, names["en"])

    @staticmethod
    def phone(value: object) -> str:
        """A telephone number with all but its last two digits hidden: never in clear."""
        digits = [c for c in str(value) if c.isdecimal()]
        return "X" * max(0, len(digits) - SHOWN_OF_PHONE) + "".join(digits[-SHOWN_OF_PHONE:])

    def festival(self, value: object, state: object = None, before: int = 0, language: str | None = None) -> str:
        """The festival of a day in a state, or the next at most `before` days ahead; "" when there is none."""
        feast = self.calendar.feast(self.read(value).date(), state, before)
        return "" if feast is None else feast.name(language or self.language)

    def holiday(self, value: object, state: object = None, language: str | None = None) -> str:
        """The public holiday of a day in a state, or ""."""
        return self.calendar.holiday(self.read(value).date(), state, language or self.language)

    def season(self, value: object, state: object = None, language: str | None = None) -> str:
        """The season of a day in a state."""
        return self.calendar.season(self.read(value).date(), state, language or self.language)
