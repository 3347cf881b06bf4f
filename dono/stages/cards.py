"""Model cards: what a model was made from, with what rights, how it measures up."""

from __future__ import annotations

from collections.abc import Sequence

from dono.artifacts import Artifact, Measurement
from dono.evals.scorecard import Scorecard
from dono.project import Rights
from dono.runfile import RunFile
from dono.stages.prepare import Case
from dono.stages.runs import measurements_of
from dono.stages.workplace import Workplace
from dono.studio.scorecard import scorecard_lines


def model_card(
    place: Workplace, case: Case, arm: str, run: Artifact, outcome: dict[str, float | str],
    card: Scorecard | None = None,
) -> str:  # fmt: skip
    """Markdown with the front matter that model hubs read, and the scorecard where there is one."""
    rows = measurements_of(run)
    languages = sorted({m.language for m in rows} - {"all", "und"})
    lines = ["---", f"language: [{', '.join(languages)}]", "library_name: transformers", "tags: [dono]", "---", ""]
    lines += [f"# {place.project.project}: {case.use_case.name}", "", f"Made by Dono, route `{arm}`.", ""]
    lines += [
        "## Quality on held-out examples",
        "",
        "| metric | language | value | standard error | n |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {m.metric} | {m.language} | {m.value:.4f} | {m.stderr:.4f} | {m.n} |" for m in rows]
    if "predicted" in outcome:
        nan = float("nan")
        lo, hi = outcome.get("predicted_lo", nan), outcome.get("predicted_hi", nan)
        lines += ["", f"Predicted before the run: {outcome['predicted']:.4f} (80 % interval {lo:.4f} to {hi:.4f})."]
    if card is not None:
        lines += ["", *scorecard_lines(card)]
    lines += [
        "",
        "## Data and rights",
        "",
        "| source | kind | ground | purpose | covers training | licence or contract | kept until |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_rights_row(s.name, s.kind, s.rights) for s in place.project.corpus]
    if case.use_case.train:
        lines.append(_rights_row(case.use_case.train, f"examples of {case.use_case.name}", case.use_case.rights))
    lines += ["", "## Ancestry", "", "```", *place.store.why(run), "```", ""]
    return "\n".join(lines)


def run_card(run: RunFile, rows: Sequence[Measurement]) -> str:
    """The card of a model that `dono train` made: quality before and after, and the settled run file."""
    lines = ["---", "library_name: transformers", "tags: [dono]", "---", "", f"# {run.out_folder.name}", ""]
    lines += [f"Made by `dono train`, objective `{run.objective}`.", "", "## Quality on held-out rows", ""]
    lines += ["| metric | when | value | standard error | n |", "|---|---|---|---|---|"]
    lines += [f"| {m.metric} | {m.split} | {m.value:.4f} | {m.stderr:.4f} | {m.n} |" for m in rows]
    return "\n".join([*lines, "", "## Run", "", "```yaml", run.as_yaml().rstrip(), "```", ""])


def _rights_row(name: str, kind: str, rights: Rights | None) -> str:
    if rights is None:
        return f"| {name} | {kind} |{' not stated |' * 5}"
    told = (rights.ground, rights.purpose or "–", rights.covers_training, rights.licence or rights.contract or "–")
    return f"| {name} | {kind} | {' | '.join(told)} | {rights.retain_until or '–'} |"
