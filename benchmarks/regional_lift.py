"""Does training on a country's own texts teach its regions? Five routes on the sample, whose truth is known.

python -m benchmarks.regional_lift [--scale 3]

The models read the sample's English texts and are asked what people order in which city at which festival. Their lifts
are held to those of new customers' orders, as a person would hold them, and to the truth from which all was drawn.
`finetune/full` is the base fine-tuned on at most 5,000 earlier orders as sentences, `predictive/counts` counts all of
them without any model. Ten minutes on two cores at scale 3.
"""

from __future__ import annotations

import argparse
import csv
import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml
from scipy.stats import spearmanr

from benchmarks.result import keep_result
from dono.artifacts import Artifact
from dono.corpus.sample import write_sample
from dono.corpus.sample.world import Lift, draw_orders, load_world
from dono.evals.lift import log_lifts
from dono.stages.build import build
from dono.stages.pretrain import pretrain
from dono.stages.runs import measurements_of
from dono.stages.workplace import open_workplace

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "recipes" / "demo"
ARMS = ("prompt/zero-shot", "finetune/full", "continue/kept", "continue/replaced", "scratch/own", "predictive/counts")
ORDERS = (500, 2000, 8000, 32_000)


def main() -> None:
    """Print the table of routes and that of counts against the truth; RESULT is the best language model's."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=3.0, help="of the sample's texts and orders")
    parser.add_argument("--tokens", type=float, default=400e3, help="that each model reads of the country's texts")
    parser.add_argument("--base-tokens", type=float, default=300e3, help="on which the western base is trained")
    asked = parser.parse_args()
    world = load_world()
    truth = {(t.state, t.window, t.category): t for t in world.lifts()}
    with tempfile.TemporaryDirectory() as found:
        folder = Path(found)
        write_sample(folder / "data", scale=asked.scale)
        base = yaml.safe_load((DEMO / "foundation.yaml").read_text(encoding="utf8"))
        (folder / "foundation.yaml").write_text(yaml.safe_dump(base | {"budget": {"hours": 100}}), encoding="utf8")
        western = open_workplace(folder / "foundation.yaml")
        pretrain(western, tokens=asked.base_tokens, out=folder / "data" / "foundation")
        (folder / "dono.yaml").write_text(project(int(asked.tokens)), encoding="utf8")
        bazaar = open_workplace(folder / "dono.yaml")
        print(f"{'arm':20} {'bits':>6} {'with records':>14} {'with truth':>11} {'signs':>12}")
        rows = {}
        for arm in ARMS:
            built = build(bazaar, route=arm, only="habits")[0].artifact
            rows[arm] = row(built, truth)
            shown = rows[arm]
            print(
                f"{arm:20} {shown['bits']:6.3f} {shown['correlation']:8.3f} ± {shown['stderr']:.3f} "
                f"{shown['truth_correlation']:11.3f} {shown['sign_share']:7.0%} of {shown['significant']:.0f}"
            )
    print(f"\n{'orders counted':>14} {'correlation of their lifts with the truth':>42}")
    counted = {n: counted_correlation(n, truth) for n in ORDERS}
    for n, correlation in counted.items():
        print(f"{n:14,} {correlation:42.3f}")
    best = max((a for a in ARMS if not a.startswith("predictive")), key=lambda a: rows[a]["correlation"])
    keep_result(
        "regional_lift",
        {
            "rank_correlation": round(rows[best]["correlation"], 3), "sign_share": round(rows[best]["sign_share"], 3),
            "best": best, "scale": asked.scale, "tokens": asked.tokens, "base_tokens": asked.base_tokens,
            "arms": {arm: {k: round(v, 4) for k, v in of.items()} for arm, of in rows.items()},
            "counts_with_truth": {str(n): round(c, 3) for n, c in counted.items()},
        },
    )  # fmt: skip


def project(tokens: int) -> str:
    """The demo's project with the use case of habits alone, and its English texts, of which `tokens` are read.

    The time is left open: what comes out must not depend on how busy the machine is.
    """
    whole = yaml.safe_load((DEMO / "dono.yaml").read_text(encoding="utf8"))
    whole["use_cases"] = [u for u in whole["use_cases"] if u["kind"] == "habits"]
    whole["corpus"][0]["path"] = "data/bazaar/en.jsonl"
    whole["budget"] = {"hours": 100, "tokens": tokens}
    return yaml.safe_dump(whole, allow_unicode=True)


def row(built: Artifact, truth: Mapping[tuple[str, str, str], Lift]) -> dict[str, float]:
    """What an arm measured, and the rank correlation of its lifts with the true ones in the same cells."""
    measured = {m.metric: m for m in measurements_of(built)}
    with (built.path / "lift.csv").open(encoding="utf8") as file:
        cells = list(csv.DictReader(file))
    true = [truth[c["region"], c["period"], c["category"]].lift for c in cells]
    signs = measured.get("lift_sign_share")
    return {
        "bits": measured["category_bits"].value,
        "correlation": measured["lift_correlation"].value,
        "stderr": measured["lift_correlation"].stderr,
        "truth_correlation": float(spearmanr([float(c["model"]) for c in cells], true).statistic),
        "sign_share": signs.value if signs else 0.0,
        "significant": signs.n if signs else 0,
    }


def counted_correlation(n: int, truth: Mapping[tuple[str, str, str], Lift]) -> float:
    """How well the lifts of `n` orders, counted, agree with the truth: rank correlation over all its cells."""
    orders = draw_orders(load_world(), n, random.Random(n))
    names = [sorted({cell[i] for cell in truth}) for i in range(3)]
    counts = np.zeros([len(of) for of in names])
    for order in orders:
        counts[place(names, (order.state, order.window, order.category))] += 1
    lifts = log_lifts(counts)
    return float(spearmanr([lifts[place(names, cell)] for cell in truth], [t.lift for t in truth.values()]).statistic)


def place(names: Sequence[list[str]], cell: tuple[str, str, str]) -> tuple[int, ...]:
    """A cell by number."""
    return tuple(of.index(name) for of, name in zip(names, cell, strict=True))


if __name__ == "__main__":
    main()
