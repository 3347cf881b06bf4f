"""Synthetic tables: is a model trained on the GAN's rows as good on real ones, and do the rows give people away?

Seven tenths of each table are learned from, the rest is never seen. `tstr_ratio` is the AUC on those after training on
synthetic rows, as a share of that after training on the real ones (the worst table's); `over_independent` how much of
an AUC that is above independent columns (the least); `membership_auc` how well rows learned from are told from unseen
ones, by the nearest synthetic row or by how well a model of the synthetic rows knows their target (the worst). Both
tables: six minutes of one core.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.real_tables import chosen_tables, offer_tables
from benchmarks.result import keep_result
from dono.artifacts import Store
from dono.stages.display import Display
from dono.stages.synthesize import Order, checked, synthesize
from dono.stages.synthetic_figures import Figures


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    offer_tables(parser)
    parser.add_argument("--steps", type=int, default=3000, help="of the GAN (3000, the default of dono synthesize)")
    asked = parser.parse_args(arguments)
    chosen = chosen_tables(parser, asked)
    found: dict[str, Figures] = {}
    seconds: dict[str, float] = {}
    for name, (path, target) in chosen.items():
        order, began = Order(table=path, target=target, rows=0, steps=asked.steps, seed=0), time.monotonic()
        with tempfile.TemporaryDirectory() as work:
            found[name] = Figures.of(synthesize(order, checked(order), Store(Path(work)), Display()))
        seconds[name] = round(time.monotonic() - began, 1)
        of = found[name]
        print(f"{name}: {seconds[name]:.0f} s, {'released' if not of.failed else '; '.join(of.failed)}")
        for kind, useful in (("real", of.real), ("synthetic", of.made), ("independent", of.independent)):
            print(f"  {kind:12s} AUC {useful.auc:.4f} ± {useful.auc_error:.4f}", end="")
            print(f"   associations off by {useful.association_distance:.4f}")
        print(f"  nearer to learned {of.nearer:.4f} ± {of.nearer_error:.4f}   copies {of.copied:.4f} ", end="")
        print(
            f"(unseen real {of.copied_unseen:.4f})   membership {of.membership:.4f} ± {of.membership_error:.4f}", end=""
        )
        print(f"   by the target {of.by_target:.4f} ± {of.by_target_error:.4f}")
    scores = {name: (f.real.auc or 0.0, f.made.auc or 0.0, f.independent.auc or 0.0) for name, f in found.items()}
    keep_result(
        "synthesis",
        {
            "tstr_ratio": round(min(made / real for real, made, _ in scores.values()), 4),
            "membership_auc": round(max(max(f.membership, f.by_target) for f in found.values()), 4),
            "membership": {n: [round(f.membership, 4), round(f.by_target, 4)] for n, f in found.items()},
            "associations_off": {n: round(f.made.association_distance, 4) for n, f in found.items()},
            "over_independent": round(min(made - alone for _, made, alone in scores.values()), 4),
            "released": all(not f.failed for f in found.values()), "steps": asked.steps, "seconds": seconds,
            "auc": {name: [round(value, 4) for value in values] for name, values in scores.items()},
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
