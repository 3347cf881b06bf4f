"""Curves: laws of learning, fitted to a few pilots, averaged, extrapolated with an interval that was tested."""

from __future__ import annotations

from dono.curves.ensemble import Kind
from dono.curves.expected import Expected
from dono.curves.extrapolate import CurvePoint, Forecast, LawFit, forecast
from dono.curves.fit import Fit, fit_law
from dono.curves.laws import LAWS, Law
from dono.curves.learned import Learned, learned, set_of
from dono.curves.link import Link, Pair, fit_link
from dono.curves.points import Point, Rungs, pool
from dono.curves.repeats import RepeatedPoint, effective, fit_repeats
from dono.curves.replay import MixedPoint, best_share, fit_replay
from dono.curves.schedules import SCHEDULE_LAWS, Curve, ScheduledRun, forecast_schedule, schedule_curves
from dono.curves.sizes import SIZE_LAWS, SizePoint, fit_sizes, forecast_sizes
from dono.curves.transfer import Transfer, Transferred, fit_transfer

__all__ = [
    "LAWS", "SCHEDULE_LAWS", "SIZE_LAWS", "Curve", "CurvePoint", "Expected", "Fit", "Forecast", "Kind", "Law", "LawFit",
    "Learned", "Link", "MixedPoint", "Pair", "Point", "RepeatedPoint", "Rungs", "ScheduledRun", "SizePoint", "Transfer",
    "Transferred", "best_share", "effective", "fit_law", "fit_link", "fit_repeats", "fit_replay", "fit_sizes",
    "fit_transfer", "forecast", "forecast_schedule", "forecast_sizes", "learned", "pool", "schedule_curves", "set_of",
]  # fmt: skip
