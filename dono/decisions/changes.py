"""What further pilots changed in a verdict, in words."""

from __future__ import annotations

from dono.decisions.metrics import METRICS
from dono.decisions.routes import short_name
from dono.decisions.verdict import ArmVerdict, UseCaseVerdict, Verdict
from dono.decisions.wording import share


def changed(before: Verdict, after: Verdict) -> list[str]:
    """One sentence per use case that is in both: its answer then and now, and the pilots that came in between."""
    earlier = {case.use_case: case for case in before.use_cases}
    return [_of_case(earlier[case.use_case], case) for case in after.use_cases if case.use_case in earlier]


def _of_case(before: UseCaseVerdict, after: UseCaseVerdict) -> str:
    new = sum(len(arm.pilots) for arm in after.arms) - sum(len(arm.pilots) for arm in before.arms)
    pilots = {0: "no further pilot", 1: "1 further pilot"}.get(new, f"{new} further pilots")
    then, now = _answer(before), _answer(after)
    if before.winner == after.winner and _leader(before) == _leader(after):
        said = f"still {now}" if new else now
    else:
        said = f"was {then}, is now {now}"
    return f"{after.use_case}: {pilots}; {said}; {_moved(before, after)}"


def _answer(case: UseCaseVerdict) -> str:
    if case.winner is not None:
        return short_name(case.winner)
    leader = _leader(case)
    return "nothing that was measured" if leader is None else f"too close to call, {short_name(leader)} ahead"


def _leader(case: UseCaseVerdict) -> str | None:
    return next((a.arm for a in case.arms if a.failed is None), None)


def _moved(before: UseCaseVerdict, after: UseCaseVerdict) -> str:
    """The chance to be right and the expected regret of the arm that is ahead, then and now."""
    metric, arm = METRICS[after.metric], after.winner or _leader(after)
    then, now = (_find(case, arm) for case in (before, after))
    sure = f"confidence {share(before.confidence)}, now {share(after.confidence)}"
    if then is None or now is None:
        return sure
    was, is_now = (f"{a.expected_regret:.{metric.decimals}f}" for a in (then, now))
    return f"{sure}; expected regret of {short_name(now.arm)} {was}, now {is_now}"


def _find(case: UseCaseVerdict, arm: str | None) -> ArmVerdict | None:
    return next((a for a in case.arms if a.arm == arm and a.failed is None), None)
