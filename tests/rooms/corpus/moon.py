"""Where sun and moon stand, from the main terms of the theories in J. Meeus, Astronomical Algorithms (1998), chapters
25 and 47: an oracle for lunar days that shares nothing with the tables it checks. Right to about 0.1 degree, which
the moon gains on the sun in 12 minutes."""

from __future__ import annotations

import datetime as dt
from math import radians, sin

IST = dt.timedelta(hours=5, minutes=30)
J2000 = dt.datetime(2000, 1, 1, 12)
AYANAMSA, PRECESSION = 23.85, 0.01397
"""Degrees of the sidereal zodiac (Lahiri) behind the tropical one in 2000, and what is added each year."""


def sun_and_moon(day: dt.date, hour: float) -> tuple[float, float]:
    """Tropical longitudes in degrees at an hour of Indian time."""
    moment = dt.datetime(day.year, day.month, day.day) + dt.timedelta(hours=hour) - IST
    d = (moment - J2000).total_seconds() / 86400
    sun_anomaly = radians(357.529 + 0.98560028 * d)
    moon_anomaly = radians(134.963 + 13.06499295 * d)
    elongation = radians(297.850 + 12.19074912 * d)
    node = radians(93.272 + 13.22935024 * d)
    sun = 280.459 + 0.98564736 * d + 1.915 * sin(sun_anomaly) + 0.020 * sin(2 * sun_anomaly)
    moon = (
        218.316 + 13.17639648 * d + 6.289 * sin(moon_anomaly) + 1.274 * sin(2 * elongation - moon_anomaly)
        + 0.658 * sin(2 * elongation) + 0.214 * sin(2 * moon_anomaly) - 0.186 * sin(sun_anomaly)
        - 0.114 * sin(2 * node) + 0.059 * sin(2 * elongation - 2 * moon_anomaly)
        + 0.057 * sin(2 * elongation - sun_anomaly - moon_anomaly) + 0.053 * sin(2 * elongation + moon_anomaly)
        + 0.046 * sin(2 * elongation - sun_anomaly) - 0.041 * sin(sun_anomaly - moon_anomaly)
    )  # fmt: skip
    return sun % 360, moon % 360


def lunar_day(day: dt.date, hour: float) -> float:
    """The lunar day (tithi) as a number in [0, 30): 14.5 is half way through the day of the full moon."""
    sun, moon = sun_and_moon(day, hour)
    return (moon - sun) % 360 / 12


def lunar_month(day: dt.date, hour: float) -> float:
    """The month counted from new moons, Chaitra 0: a number in [m, m + 1) within month m, by where the sun stood at the
    new moon before (Chaitra: in the sidereal Fishes)."""
    sun, _ = sun_and_moon(day, hour)
    at_new_moon = sun - AYANAMSA - PRECESSION * (day.year - 2000) - 0.97 * lunar_day(day, hour)
    return (at_new_moon - 330) % 360 / 30
