"""The whole factory as one paragraph: sample, foundation model, pilots, verdict, full run, an answer.

Run it on two cores in some minutes: python -m examples.the_way FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from dono.corpus.sample import write_sample
from dono.evals import generate
from dono.models import load_model
from dono.stages.build import build
from dono.stages.decide import decide
from dono.stages.pretrain import pretrain
from dono.stages.workplace import open_workplace
from dono.tokens import TEMPLATES, load_tokenizer, prompt_ids, render_prompt

FOUNDATION = """
project: western
corpus: [{name: western, kind: jsonl, path: western/messages.jsonl, rights: {ground: not_personal, purpose: [train]}}]
use_cases: [{name: text, kind: language}]
budget: {hours: 0.02}
scratch: {width: 64, layers: 2, heads: 2, vocabulary: 1000, context: 64}
work: work-western
"""
BAZAAR = """
project: bazaar
corpus: [{name: bazaar, kind: jsonl, path: "bazaar/*.jsonl", rights: {ground: not_personal, purpose: [train]}}]
use_cases:
  - {name: reply, kind: generate, train: tasks/reply/train.jsonl, test: tasks/reply/test.jsonl, test_limit: 24}
bases: [./foundation]
routes: [prompt, finetune, continue, scratch]
budget: {hours: 0.05, pilot_share: 0.3}
scratch: {width: 64, layers: 2, heads: 2, vocabulary: 1000, context: 64}
"""


def main(folder: Path) -> str:
    """Go the whole way in `folder`; returns what the finished model answers to a customer."""
    write_sample(folder, scale=0.2)
    (folder / "western.yaml").write_text(FOUNDATION, encoding="utf8")
    (folder / "dono.yaml").write_text(BAZAAR, encoding="utf8")
    pretrain(open_workplace(folder / "western.yaml"), tokens=60_000, out=folder / "foundation")
    place = open_workplace(folder / "dono.yaml")
    decided = decide(place)
    assert decided is not None
    verdict, report = decided
    built = build(place, route=None, only=None)[0]
    print(f"{verdict.sentence}\nreport: {report / 'report.html'}\nmodel: {built.artifact.path}")
    tokenizer, model = load_tokenizer(str(built.artifact.path)), load_model(str(built.artifact.path))
    asked = {"prompt": "Where is my order?", "text": "Where is my order?", "language": "en"}
    prompt = prompt_ids(tokenizer, render_prompt(TEMPLATES["generate"], asked, tokenizer))
    return generate(model, tokenizer, [prompt], max_new_tokens=40)[0].text


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))
