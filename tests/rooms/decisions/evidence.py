"""Evidence as pilots would give it, from curves that the tests know."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dono.decisions import ArmEvidence, Number, PilotPoint, UseCaseQuestion

SCALES = (1 / 32, 1 / 16, 1 / 8, 1 / 4)
TOKENS = 8e6


def rupees(value: float) -> Number:
    return Number(value=value, lo=0.8 * value, hi=1.3 * value, unit="INR", label="extrapolated", source="this machine")


def question(*, metric: str = "macro_f1", bar: float | None = None, name: str = "intent") -> UseCaseQuestion:
    return UseCaseQuestion(name=name, kind="classify", metric=metric, bar=bar)


def pilot(scale: float, value: float, *, stderr: float = 0.004, seed: int = 0, n: int = 400) -> PilotPoint:
    return PilotPoint(
        scale=scale, tokens=TOKENS * scale, examples=int(1000 * scale), seed=seed, value=value, stderr=stderr, n=n,
        seconds=100 * scale,
    )  # fmt: skip


def arm(
    name: str,
    points: Sequence[PilotPoint],
    *,
    cost: float = 100.0,
    hours: float | None = None,
    serving: float | None = None,
    failed: str | None = None,
    has_scale: bool = True,
    shared: tuple[str, float] | None = None,
) -> ArmEvidence:
    return ArmEvidence(
        arm=name,
        route=name.split("/", maxsplit=1)[0],
        title=f"Title of {name}",
        points=tuple(points),
        full_cost=rupees(cost),
        full_hours=Number(value=cost / 100 if hours is None else hours, unit="hours", label="extrapolated"),
        pilot_cost=Number(value=1.0, unit="INR", label="measured"),
        serving_per_month=None if serving is None else rupees(serving),
        languages=(),
        samples=(),
        notes=(),
        failed=failed,
        has_scale=has_scale,
        shared_key=None if shared is None else shared[0],
        shared_cost=None if shared is None else rupees(shared[1]),
    )


def learner(
    name: str, value: Callable[[float], float], *, scales: Sequence[float] = SCALES, stderr: float = 0.004,
    cost: float = 100.0,
) -> ArmEvidence:  # fmt: skip
    points = [pilot(s, value(s), stderr=stderr) for s in scales]
    return arm(name, points, cost=cost)


def fixed(name: str, value: float, *, stderr: float = 0.004, cost: float = 0.0) -> ArmEvidence:
    return arm(name, [pilot(1.0, value, stderr=stderr)], cost=cost, has_scale=False)
