"""What is kept of a scenario: one measured row per arm, use case, scale and seed, and what each arm's runs cost.

One small JSON file, a row a line: everything that the head needs to decide again, without data or models.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from benchmarks.decision_truth.scenarios import Scenario
from dono.artifacts import write_atomically
from dono.decisions import PilotPoint
from dono.errors import Mistake


class Part(BaseModel):
    """A part of what is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class KeptCase(Part):
    """A use case: how it was judged, examples to learn from, items of the test, words of an example (mean), and what a
    constant answer scores (`dono.stages.baseline`), where there is such a level.
    """

    name: str
    kind: str
    metric: str
    examples: int
    test: int
    words: float
    unlearned: float | None = None


class KeptSize(Part):
    """How big an arm's full task stage is, as `dono.stages.contenders.TaskSize`."""

    examples: int
    tokens_per_example: float
    epochs: float


class KeptArm(Part):
    """An arm that is a language model: its sizes, the tokens of its full corpus stage, its full task stages by case.

    `corpus_size` is how many tokens the whole corpus has for it, repeats not counted.
    """

    name: str
    shape: dict[str, int | float]
    corpus_tokens: int
    corpus_size: int
    sizes: dict[str, KeptSize]


class KeptRow(Part):
    """One finished run. Scale 1 is the full run: the truth. `own_seconds` are those of the machine, and not priced."""

    arm: str
    case: str
    scale: float
    seed: int
    value: float
    stderr: float
    n: int
    tokens: float
    examples: int
    loss: float | None
    loss_stderr: float
    own_seconds: float

    def point(self, first_seed: int) -> PilotPoint:
        """As the head is told of it, seeds counted from the scenario's."""
        return PilotPoint(
            scale=self.scale, tokens=self.tokens, examples=self.examples, seed=self.seed - first_seed, value=self.value,
            stderr=self.stderr, n=self.n, seconds=0.0, loss=self.loss, loss_stderr=self.loss_stderr,
        )  # fmt: skip


class Kept(Part):
    """A scenario's truth and pilots."""

    name: str
    asked: Scenario
    fingerprint: str
    commit: str
    made: str
    machine: str
    base: str
    notes: tuple[str, ...]
    cases: tuple[KeptCase, ...]
    arms: tuple[KeptArm, ...]
    rows: tuple[KeptRow, ...]

    def full_runs(self, case: str) -> dict[str, KeptRow]:
        """Each arm's full run: the truth."""
        return {r.arm: r for r in self.rows if r.case == case and r.scale == 1 and r.seed == self.seed}

    @property
    def seed(self) -> int:
        """The seed of the full runs."""
        return self.asked.seed


def read_kept(path: Path) -> Kept | None:
    """What is kept there, or None. Raises `Mistake` for a file that is damaged."""
    if not path.is_file():
        return None
    try:
        return Kept.model_validate_json(path.read_text(encoding="utf8"))
    except ValidationError as error:
        first = error.errors()[0]
        what = f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")
        raise Mistake(what, where=str(path), remedy="Take the file from git, or delete it: it is made again") from error


def write_kept(kept: Kept, path: Path) -> None:
    """Write the file as a whole: rows as lists under one heading, a line each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = kept.model_dump(mode="json", exclude={"rows"})
    head = json.dumps(body, ensure_ascii=False, indent=1)[:-2]
    rows = ",\n".join(f"  {json.dumps(row.model_dump(mode='json'), ensure_ascii=False)}" for row in kept.rows)
    write_atomically(path, f'{head},\n "rows": [\n{rows}\n ]\n}}\n')
