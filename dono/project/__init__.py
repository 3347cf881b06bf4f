"""The project file `dono.yaml`: data, use cases, bases, budget, machine. Frozen; all mistakes found in one reading."""

from dono.project.endpoints import Endpoint, PriceChoice
from dono.project.environment import ENVIRONMENT, from_environment
from dono.project.habits import Habits
from dono.project.learning import Architecture, Training
from dono.project.preparing import Cleaning, Mixture, TokenizerChoice, TokenizerKind, Weights
from dono.project.reading import read_settings
from dono.project.rights import Rights
from dono.project.schema import Project, load_project, schema_text
from dono.project.sections import Section, SettingsFile
from dono.project.sources import CHATS, CalendarDay, DateOrder, Privacy, Source, Templates
from dono.project.spending import Budget, MachineChoice, Serving
from dono.project.tables import USUAL_LEARNERS, TableChoices, TableLearner
from dono.project.use_cases import METRIC_OF_KIND, Kind, MetricName, UseCase
from dono.project.wishes import Constraints, Country, Goal, Overheads, RouteName

__all__ = [
    "CHATS",
    "ENVIRONMENT",
    "METRIC_OF_KIND",
    "USUAL_LEARNERS",
    "Architecture",
    "Budget",
    "CalendarDay",
    "Cleaning",
    "Constraints",
    "Country",
    "DateOrder",
    "Endpoint",
    "Goal",
    "Habits",
    "Kind",
    "MachineChoice",
    "MetricName",
    "Mixture",
    "Overheads",
    "PriceChoice",
    "Privacy",
    "Project",
    "Rights",
    "RouteName",
    "Section",
    "Serving",
    "SettingsFile",
    "Source",
    "TableChoices",
    "TableLearner",
    "Templates",
    "TokenizerChoice",
    "TokenizerKind",
    "Training",
    "UseCase",
    "Weights",
    "from_environment",
    "load_project",
    "read_settings",
    "schema_text",
]
