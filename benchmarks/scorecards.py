"""Scorecards of three routes on real headlines in five Indian languages, and lm-eval's own number beside ours.

    python -m benchmarks.scorecards --corpora FOLDER [--out CARD]

A small base is trained from scratch on English and Hindi stories alone; then a newspaper's use case in five languages
is met three ways: the base asked as it is, the base fine-tuned, and a model trained from scratch on stories in all five
and fine-tuned. Each is scored by `dono evaluate`'s own functions: topic of a headline by language, bits per byte of
stories that none has read. A task of lm-evaluation-harness on the same headlines is run by the harness's own model and
by ours. Sizes are in tokens, not in minutes: what comes out must not depend on how busy the machine is.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import tempfile
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
from dono.stages.evaluate import cases_for_card, scorecard, text_case, write_card
from dono.stages.model_stages import Stage
from dono.stages.prepare import prepare
from dono.stages.pretrain import pretrain
from dono.stages.workplace import Workplace, open_workplace
from dono.studio.scorecard import scorecard_lines

LANGUAGES = ("hi", "bn", "ta", "te", "kn")
BASE_LANGUAGES = ("en", "hi")
TOPICS = {
    "politics": ("politics",), "sports": ("sports", "khel"), "business": ("business",),
    "entertainment": ("entertainment", "cinema"), "crime": ("crime", "crime-news-hindi"),
    "technology": ("technology", "technology-news", "tech"), "national": ("national", "nation", "india"),
    "international": ("international", "world"),
}  # fmt: skip
"""What the newspapers of the five languages call a topic; rows of other topics are left out."""
STORIES = "pratham_storyweaver.txt"
UNREAD = 40
"""Passages of each language, of whole stories that nobody reads before the test."""
PASSAGE = 300
"""Characters of a passage, about; it ends with a sentence."""
SHAPE = {"width": 128, "layers": 4, "heads": 4, "vocabulary": 4000, "context": 256}
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


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Tokens of stories that a model from scratch and the base read; headlines of a language to learn and judge by."""

    tokens: int
    base_tokens: int
    train: int
    test: int


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=Path, required=True, help="the folder of text/LANG and tasks/TASK/LANG")
    parser.add_argument("--tokens", type=float, default=600e3, help="that a model from scratch reads (600,000)")
    parser.add_argument("--base-tokens", type=float, default=400e3, help="that the base was trained on (400,000)")
    parser.add_argument("--train", type=int, default=320, help="headlines of each language to learn from (320)")
    parser.add_argument("--test", type=int, default=120, help="and to be judged by (120)")
    parser.add_argument("--out", type=Path, help="where the card is written (else it is thrown away)")
    parser.add_argument("--work", type=Path, help="keeps what is finished: killed, the same command goes on")
    asked = parser.parse_args(arguments)
    sizes = Sizes(int(asked.tokens), int(asked.base_tokens), asked.train, asked.test)
    with tempfile.TemporaryDirectory() as scrap:
        card, numbers = measure(asked.corpora, asked.work or Path(scrap), sizes)
    if asked.out is not None:
        write_card(card, asked.out)
    for line in scorecard_lines(card):
        print(line)
    print(f"lm-eval's own model: {numbers[0]!r}, ours one at a time: {numbers[1]!r}, in batches: {numbers[2]!r}")
    found: dict[str, object] = {
        "languages": len(LANGUAGES), **dataclasses.asdict(sizes), "harness": numbers[0], "ours": numbers[1],
        "ours_in_batches": numbers[2], "harness_equal": numbers[0] == numbers[1],
    }  # fmt: skip
    keep_result("scorecards", found | values_of(card))


def values_of(card: Scorecard) -> dict[str, object]:
    """Of each measure that a use case is about: by stage and language value and error, and the sure changes."""
    found: dict[str, object] = {}
    for use_case, measure_name in card.judged_by.items():
        about = [c for c in card.cells if (c.use_case, c.measure) == (use_case, measure_name)]
        whole = {  # the first row of a language is that of all its forms
            (c.stage, c.language): c for c in reversed(about) if c.region == "all"
        }
        found[measure_name] = {
            stage: {
                language: None if c.value is None or c.stderr is None else [round(c.value, 4), round(c.stderr, 4), c.n]
                for (at, language), c in sorted(whole.items())
                if at == stage
            }
            for stage in card.stages
        }
        found[f"{measure_name}_surely"] = {
            before: {
                surely: sorted({
                    c.language for c in card.changes
                    if (c.use_case, c.measure, c.before, c.surely) == (use_case, measure_name, before, surely)
                    and c.n == whole[before, c.language].n
                })
                for surely in ("better", "worse")
            }
            for before in card.stages[:-1]
        }  # fmt: skip
    return found


def measure(corpora: Path, folder: Path, sizes: Sizes) -> tuple[Scorecard, tuple[float, ...]]:
    """The card of three routes, and the harness's number by its own model and by ours (alone, in batches)."""
    foundation = project(corpora, folder / "foundation", BASE_LANGUAGES, (), sizes.base_tokens, sizes)
    base = folder / "base"
    pretrain(foundation, out=base)
    shop = project(corpora, folder / "shop", LANGUAGES, (str(base),), sizes.tokens, sizes)
    built = {route: str(build(shop, route=route, only="topic")[0].artifact.path) for route in ("finetune", "scratch")}
    stages = [Stage("prompt", str(base)), *(Stage(route, model) for route, model in built.items())]
    unread = text_case(shop, folder / "shop" / "unread", UNREAD * len(set(LANGUAGES + BASE_LANGUAGES)))
    cases = [*cases_for_card(prepare(shop), only="topic")[:1], unread]
    card, _ = scorecard(shop, stages, cases, limit=max(sizes.test * len(LANGUAGES), len(unread.test)))
    return card, shared_task(folder / "shop", str(base))


def project(
    corpora: Path, folder: Path, languages: Sequence[str], bases: tuple[str, ...], tokens: int, sizes: Sizes
) -> Workplace:
    """A project on headlines and stories; of the last stories of each language are the passages in `unread`."""
    (folder / "unread").mkdir(parents=True, exist_ok=True)
    sources = []
    for tag in dict.fromkeys((*languages, *BASE_LANGUAGES)):
        read = (corpora / "text" / tag / STORIES).read_text(encoding="utf8").splitlines()
        unread: list[str] = []
        while len(unread) < UNREAD:
            unread = [*passages(read.pop()), *unread]
        (folder / "unread" / f"{tag}.txt").write_text("\n".join(unread[-UNREAD:]), encoding="utf8")
        if tag in languages:
            text = "\n".join(passage for story in read for passage in passages(story))
            (folder / f"{tag}.txt").write_text(text, encoding="utf8")
            rights = {"ground": "not_personal", "purpose": "a benchmark", "covers_training": True}
            sources.append({"name": tag, "kind": "text", "path": f"{tag}.txt", "language": tag, "rights": rights})
    headlines(corpora, folder, languages, sizes)
    settings = {
        "project": folder.name, "corpus": sources, "bases": list(bases), "scratch": SHAPE,
        "use_cases": [{"name": "topic", "kind": "classify", "train": "train.jsonl", "test": "test.jsonl",
                       "test_limit": sizes.test * len(languages), "unseen_labels": "set_aside"}],
        "budget": {"hours": 100, "tokens": tokens}, "training": {"batch": 8, "corpus_epochs": 8, "task_epochs": 4},
        "cleaning": {"near_duplicates": None}, "routes": ["finetune", "scratch"],
    }  # fmt: skip
    (folder / "dono.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf8")
    return open_workplace(folder / "dono.yaml")


def passages(story: str) -> list[str]:
    """A story in passages of about `PASSAGE` characters that end with a sentence; a short last one is left out."""
    found = [""]
    for sentence in re.split(r"(?<=[।.!?])\s+", story):
        if found[-1] and len(found[-1]) + len(sentence) > PASSAGE:
            found.append("")
        found[-1] = f"{found[-1]} {sentence}".strip()
    return [passage for passage in found if len(passage) > PASSAGE / 4]


def headlines(corpora: Path, folder: Path, languages: Sequence[str], sizes: Sizes) -> None:
    """Headlines with their topics, spread evenly over each file; `harness.jsonl` has some as multiple choice."""
    said = {name: topic for topic, names in TOPICS.items() for name in names}
    for part, count in (("train", sizes.train), ("test", sizes.test)):
        rows = []
        for tag in languages:
            path = corpora / "tasks" / "topic_news_headlines" / tag / f"{part}.jsonl"
            found = [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]
            named = ((r["text"], said[r["label"]]) for r in found if r["label"] in said)
            known = [{"text": headline, "label": topic, "language": tag} for headline, topic in named]
            kept = min(count, len(known))
            rows += [known[i * len(known) // kept] for i in range(kept)]
        text = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
        (folder / f"{part}.jsonl").write_text(text, encoding="utf8")
    choices = list(TOPICS)
    harness = [{**r, "choices": choices, "right": choices.index(r["label"])} for r in rows[::4]]
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
