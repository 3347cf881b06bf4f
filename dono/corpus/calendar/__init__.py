"""When and where: festivals, public holidays and seasons of India by state; the states by any of their names."""

from dono.corpus.calendar.festivals import (
    LANGUAGES,
    OWN,
    SEASONS,
    Calendar,
    FeastDay,
    check_states,
    feast_days,
    feast_name,
    read_calendar,
)
from dono.corpus.calendar.states import state_code, state_name, states

__all__ = [
    "LANGUAGES",
    "OWN",
    "SEASONS",
    "Calendar",
    "FeastDay",
    "check_states",
    "feast_days",
    "feast_name",
    "read_calendar",
    "state_code",
    "state_name",
    "states",
]
