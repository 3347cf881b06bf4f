"""The verdict held to the truth on real text, scenario by scenario.

python -m benchmarks.decision_truth [NAME…] [--scenarios DIR] [--replay]

Each scenario is run once, every route at full budget and at the scales below it (minutes each, an hour or two in all);
the measurements are kept, a file per scenario. From them verdicts are made again at several shares of the cost, in
seconds and on any machine: `--replay` does only that. Killed anywhere, the same command goes on; what is kept is not
run again unless its scenario file asks for something else. Files of other scenarios may lie in any folder; theirs are
kept in `kept/` below it. With names, every arm's forecast is shown beside its full run.

Everything is priced by its training FLOPs at a stated speed, so nobody else's work on the machine makes a plan.
Scoring is not priced: it costs the same at any scale, and vanishes beside full runs of any real size.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from benchmarks.decision_truth.kept import Kept, read_kept, write_kept
from benchmarks.decision_truth.recording import lacking, record
from benchmarks.decision_truth.report import report
from benchmarks.decision_truth.scenarios import Scenario, find_scenarios
from benchmarks.result import RESULTS, keep_result
from dono.errors import Mistake

ROOT = Path(__file__).resolve().parents[2]
OWN = ROOT / "benchmarks" / "decision_scenarios"
EXISTING = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(help=__doc__)
@click.argument("names", nargs=-1)
@click.option("--scenarios", type=EXISTING, default=OWN, help="A folder of scenario files.")
@click.option(
    "--corpora", type=click.Path(path_type=Path), default=ROOT.parent / "shared" / "corpora", help="Text and tasks."
)
@click.option(
    "--work", type=click.Path(path_type=Path), default=ROOT / "work" / "decision_truth", help="Where runs lie."
)
@click.option("--replay", is_flag=True, help="Run nothing; decide again from what is kept.")
def main(names: tuple[str, ...], scenarios: Path, corpora: Path, work: Path, replay: bool) -> None:
    """Record what is missing, decide, report."""
    own = scenarios.resolve() == OWN
    kept_in = RESULTS / "decision_truth" if own else scenarios / "kept"
    known = dict(find_scenarios(scenarios))
    if unknown := [name for name in names if name not in known]:
        raise Mistake(f"no scenario {unknown[0]!r}", where=str(scenarios), remedy=f"Use one of: {', '.join(known)}")
    each = (_kept(name, known[name], kept_in / f"{name}.json", corpora, work, replay=replay) for name in names or known)
    found = [kept for kept in each if kept is not None]
    if not found:
        raise Mistake("no scenario has been run", where=str(scenarios), remedy="Leave --replay out, or name a folder")
    result = report(found, arms=bool(names))
    if own and not names:
        keep_result("decision_truth", result)
    else:
        print("RESULT " + json.dumps(result, ensure_ascii=False, allow_nan=False), flush=True)


def _kept(name: str, scenario: Scenario, path: Path, corpora: Path, work: Path, *, replay: bool) -> Kept | None:
    """What is kept of a scenario; recorded now where it is not, or None with the reason said."""
    kept = read_kept(path)
    if kept is not None and kept.fingerprint == scenario.fingerprint:
        return kept
    if replay:
        _say(f"{name}: left out; " + ("not run yet" if kept is None else "its file asks for something else by now"))
        return None
    if missing := lacking(scenario, corpora):
        _say(f"{name}: left out; {corpora} has no {missing[0]}")
        return None
    try:
        made = record(name, scenario, corpora, work)
    except Mistake as mistake:
        _say(f"{name}: left out; {mistake}")
        return None
    write_kept(made, path)
    return made


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except Mistake as mistake:
        sys.exit(str(mistake))
