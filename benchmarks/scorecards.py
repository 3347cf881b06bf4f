"""Scorecards of three routes on real headlines in Indian languages, and lm-eval's own number beside ours.

    python -m benchmarks.scorecards --corpora FOLDER [--minutes 8]

A small base is trained from scratch on English and Hindi text alone; then a shop's use case in five languages is met
three ways: the base asked as it is, the base fine-tuned, and a model trained from scratch on all five languages. Each
is scored by `dono evaluate`'s own functions: topic of a headline by language, bits per byte of text that none has read,
what was forgotten. A task of lm-evaluation-harness on the same headlines is run by the harness's own model and by ours.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import yaml
from lm_eval import simple_evaluate
from lm_eval.api.model import LM
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

from benchmarks.result import keep_result
from dono.evals.harness import DonoLM
from dono.evals.harness_tasks import task_of_yaml
from dono.evals.scorecard import Scorecard
from dono.stages.build import build
from dono.stages.evaluate import Stage, cases_for_card, scorecard, text_case, write_card
from dono.stages.prepare import prepare
from dono.stages.pretrain import pretrain
from dono.stages.workplace import Workplace, open_workplace
from dono.studio.scorecard import scorecard_lines

LANGUAGES = ("hi", "bn", "ta", "te", "kn")
BASE_LANGUAGES = ("en", "hi")
TRAIN, TEST = 400, 120
"""Headlines of each language."""
TEXT = "pratham_storyweaver.txt"
TEST_LINES = 80
"""Texts of each language that nobody reads before the test."""
SHAPE = {"width": 128, "layers": 4, "heads": 4, "vocabulary": 4000, "context": 128}
TASK = """
task: headlines
dataset_path: json
dataset_kwargs: {data_files: {test: harness.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{text}}\\nTopic:"
doc_to_choice: "{{choices}}"
doc_to_target: "{{right}}"
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
"""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--out", type=Path, help="where the cards are written (else they are thrown away)")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scrap:
        began = time.monotonic()
        card, numbers = measure(asked.corpora, Path(scrap), asked.minutes, asked.out)
        for line in scorecard_lines(card):
            print(line)
        print(f"lm-eval's own model: {numbers[0]!r}, ours one at a time: {numbers[1]!r}, in batches: {numbers[2]!r}")
        said = {(c.stage, c.measure, c.language): c.value for c in card.cells if c.region == "all"}
        lost = [
            c.language for c in card.changes if (c.before, c.measure, c.surely) == ("prompt", "bits_per_byte", "worse")
        ]
        found: dict[str, object] = {
            "languages": len(LANGUAGES), "seconds": round(time.monotonic() - began), "harness": numbers[0],
            "ours": numbers[1], "harness_equal": numbers[0] == numbers[1], "forgotten_by_scratch": sorted(set(lost)),
        }  # fmt: skip
        for name in ("accuracy", "macro_f1", "bits_per_byte"):
            found |= {f"{name}_{s}": round(said[s, name, "all"] or 0.0, 4) for s in card.stages}
        keep_result("scorecards", found)


def measure(corpora: Path, folder: Path, minutes: float, out: Path | None) -> tuple[Scorecard, tuple[float, ...]]:
    """The card of three routes, and the harness's number by its own model and by ours (alone, in batches)."""
    foundation = project(corpora, folder / "foundation", BASE_LANGUAGES, (), minutes / 4)
    base = folder / "base"
    pretrain(foundation, out=base)
    shop = project(corpora, folder / "shop", LANGUAGES, (str(base),), minutes / 2)
    built = {
        route: str(build(shop, route=route, only="topic")[0].artifact.path) for route in ("finetune/lora", "scratch")
    }
    stages = [Stage("prompt", str(base)), Stage("finetune", built["finetune/lora"]), Stage("scratch", built["scratch"])]
    prepared = prepare(shop)
    cases = [*cases_for_card(prepared, only="topic")[:1], text_case(shop, folder / "shop" / "unread", 1000)]
    card, _ = scorecard(shop, stages, cases, limit=TEST * len(LANGUAGES))
    if out is not None:
        write_card(card, out)
    return card, shared_task(folder / "shop", str(base))


def project(corpora: Path, folder: Path, languages: Sequence[str], bases: tuple[str, ...], minutes: float) -> Workplace:
    """A project on headlines and stories; the last lines of each story file are kept apart, in `unread`."""
    (folder / "unread").mkdir(parents=True)
    sources = []
    for tag in dict.fromkeys((*languages, *BASE_LANGUAGES)):
        lines = [x for x in (corpora / "text" / tag / TEXT).read_text(encoding="utf8").splitlines() if len(x) > 60]
        kept, unread = lines[:-TEST_LINES], lines[-TEST_LINES:]
        (folder / "unread" / f"{tag}.txt").write_text("\n".join(x[:400] for x in unread), encoding="utf8")
        if tag in languages:
            (folder / f"{tag}.txt").write_text("\n".join(kept), encoding="utf8")
            rights = {"ground": "not_personal", "purpose": "a benchmark", "covers_training": True}
            sources.append({"name": tag, "kind": "text", "path": f"{tag}.txt", "language": tag, "rights": rights})
    headlines(corpora, folder, languages)
    settings = {
        "project": folder.name, "corpus": sources, "bases": list(bases), "scratch": SHAPE,
        "use_cases": [{"name": "topic", "kind": "classify", "train": "train.jsonl", "test": "test.jsonl",
                       "test_limit": TEST * len(languages), "unseen_labels": "set_aside"}],
        "budget": {"hours": minutes / 60}, "training": {"batch": 8, "corpus_epochs": 2, "task_epochs": 2},
        "cleaning": {"near_duplicates": None}, "routes": ["finetune", "scratch"],
    }  # fmt: skip
    (folder / "dono.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf8")
    return open_workplace(folder / "dono.yaml")


def headlines(corpora: Path, folder: Path, languages: Sequence[str]) -> None:
    """The commonest eight topics that a language has; `harness.jsonl` has them as multiple choice."""
    harness = []
    for part, count in (("train", TRAIN), ("test", TEST)):
        rows = []
        for tag in languages:
            path = corpora / "tasks" / "topic_news_headlines" / tag / f"{part}.jsonl"
            found = [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]
            rows += [{**row, "language": tag} for row in found[:: max(1, len(found) // count)][:count]]
        if part == "train":
            topics = sorted({r["label"] for r in rows}, key=lambda t: -sum(r["label"] == t for r in rows))[:8]
        rows = [r for r in rows if r["label"] in topics]
        text = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
        (folder / f"{part}.jsonl").write_text(text, encoding="utf8")
        harness = [{**r, "choices": topics, "right": topics.index(r["label"])} for r in rows[::3]]
    (folder / "harness.jsonl").write_text("".join(json.dumps(r) + "\n" for r in harness), encoding="utf8")
    (folder / "harness.yaml").write_text(TASK, encoding="utf8")


def shared_task(folder: Path, model: str) -> tuple[float, ...]:
    """Accuracy of the same task by the harness's own model, by ours read one at a time, and by ours in batches."""
    theirs = HFLM(pretrained=model, device="cpu", dtype="float32")
    return tuple(accuracy(lm, folder / "harness.yaml") for lm in (theirs, DonoLM(model, batch_tokens=1), DonoLM(model)))


def accuracy(lm: LM, task: Path) -> float:
    """The harness's own number."""
    found = simple_evaluate(
        model=lm, tasks=[task_of_yaml(task)], bootstrap_iters=0, task_manager=TaskManager(include_defaults=False)
    )
    assert found is not None
    return float(found["results"]["headlines"]["acc,none"])


if __name__ == "__main__":
    main()
