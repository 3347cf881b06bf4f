"""Curves: laws of learning, fitted to a few pilots, averaged, extrapolated with an interval that was tested."""

from __future__ import annotations

from dono.curves.extrapolate import CurvePoint, Forecast, LawFit, forecast
from dono.curves.fit import Fit, fit_law
from dono.curves.laws import LAWS, Law
from dono.curves.link import Link, Pair, fit_link
from dono.curves.points import Point, Rungs, pool

__all__ = [
    "LAWS", "CurvePoint", "Fit", "Forecast", "Law", "LawFit", "Link", "Pair", "Point", "Rungs", "fit_law", "fit_link",
    "forecast", "pool",
]  # fmt: skip
