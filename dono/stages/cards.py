"""Model cards: what a model was made from, with what rights, how it measures up."""

from __future__ import annotations

from dono.artifacts import Artifact
from dono.stages.prepare import Case
from dono.stages.runs import measurements_of
from dono.stages.workplace import Workplace


def model_card(place: Workplace, case: Case, arm: str, run: Artifact, outcome: dict[str, float | str]) -> str:
    """Markdown with the front matter that model hubs read."""
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
    lines += [
        "",
        "## Data and rights",
        "",
        "| source | kind | basis | purpose | licence | kept until |",
        "|---|---|---|---|---|---|",
    ]
    for source in place.project.corpus:
        r = source.rights
        cells = (
            ("not stated",) * 4
            if r is None
            else (r.basis, ", ".join(r.purpose), r.licence or "–", r.retain_until or "–")
        )
        lines.append(f"| {source.name} | {source.kind} | {' | '.join(cells)} |")
    if case.use_case.train:
        lines.append(f"| {case.use_case.train} | examples of {case.use_case.name} | not stated | train | – | – |")
    lines += ["", "## Ancestry", "", "```", *place.store.why(run), "```", ""]
    return "\n".join(lines)
