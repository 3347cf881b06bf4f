"""A conditional tabular GAN (Xu et al. 2019): conditional vector, training by sampling, WGAN-GP with PacGAN.

The generator is asked for a row with one category given; real rows with that category are what it is compared with.
Columns and categories are drawn so that rare ones are learned too: a column by equal chances, a category by the
logarithm of its count (section 4.3). The critic sees `pac` rows at once (Lin et al. 2018), its gradient is held to
norm 1 (Gulrajani et al. 2017). Where a target is named, every row is asked for a class of it too, and a small model
that tells the target holds made rows to what real ones say of it (`teller`). The shares of all pairs of categories are
held to those of a batch's real rows (`pairs`). Over the second half the rates fall to 0; what answers in the end is the
running mean of the generator's weights.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from dono.predictive.synthesis.choices import Choices
from dono.predictive.synthesis.conditions import Conditions
from dono.predictive.synthesis.layout import Floats, Layout, Levels
from dono.predictive.synthesis.pairs import apart_in_pairs
from dono.predictive.synthesis.teller import TELLER_DECAY, TELLER_RATE, Teller, learn_to_tell, told_otherwise
from dono.predictive.tables import Cell, Columns

STATE = "gan.pt"


@dataclass(frozen=True, kw_only=True)
class GanSpec:
    """Sizes and rates: those of the paper, but for `steps`, `rate`, the running mean's `memory`, and `telling`, the
    weight of what made rows say of the target: chosen on parts of two tables' rows to learn from (docs/log.md). `pairs`
    is the weight of the shares of pairs of categories: 30 was better than 0 on one table, others were not tried.
    """

    steps: int = 3000
    batch: int = 500
    pac: int = 10
    noise: int = 128
    width: int = 256
    rate: float = 5e-4
    weight_decay: float = 1e-6
    penalty: float = 10.0
    temperature: float = 0.2
    memory: float = 0.995
    telling: float = 2.0
    pairs: float = 30.0
    seed: int = 0


class Generator(nn.Module):
    """Noise and a condition to an encoded row, before the activations."""

    def __init__(self, spec: GanSpec, condition: int, width: int) -> None:
        super().__init__()
        entry = spec.noise + condition
        self.first, self.second = nn.Linear(entry, spec.width), nn.Linear(entry + spec.width, spec.width)
        self.norms = nn.ModuleList([nn.BatchNorm1d(spec.width), nn.BatchNorm1d(spec.width)])
        self.out = nn.Linear(entry + 2 * spec.width, width)

    def forward(self, entry: Tensor) -> Tensor:
        """[rows, noise + condition] to [rows, width]; each layer's output is appended to its input."""
        once = torch.cat([torch.relu(self.norms[0](self.first(entry))), entry], dim=1)
        twice = torch.cat([torch.relu(self.norms[1](self.second(once))), once], dim=1)
        return self.out(twice)


def critic(spec: GanSpec, width: int) -> nn.Sequential:
    """How real `pac` rows side by side look."""
    return nn.Sequential(
        nn.Linear(spec.pac * width, spec.width), nn.LeakyReLU(0.2), nn.Dropout(0.5),
        nn.Linear(spec.width, spec.width), nn.LeakyReLU(0.2), nn.Dropout(0.5), nn.Linear(spec.width, 1),
    )  # fmt: skip


class Synthesizer:
    """A trained generator with its table's layout."""

    def __init__(self, layout: Layout, spec: GanSpec, conditions: Conditions, generator: Generator) -> None:
        self.layout, self.spec, self.conditions, self.generator = layout, spec, conditions, generator

    @torch.no_grad()
    def rows(self, count: int, names: list[str], *, seed: int = 0) -> dict[str, list[Cell]]:
        """`count` new rows as columns in the order of `names`, the conditions drawn with their real shares."""
        random, spec = np.random.default_rng(seed), self.spec
        torch_random = torch.Generator().manual_seed(seed)
        self.generator.eval()
        parts = []
        for start in range(0, count, spec.batch):
            many = min(spec.batch, count - start)
            vectors = self.conditions.draw(many, random, evenly=False).vectors
            noise = torch.randn(many, spec.noise, generator=torch_random)
            raw = self.generator(torch.cat([noise, torch.from_numpy(vectors).float()], dim=1)).double().numpy()
            parts.append(_drawn(raw, self.layout, random))
        return self.layout.decode(np.concatenate(parts), names, random)


def _drawn(raw: Floats, layout: Layout, random: np.random.Generator) -> Floats:
    """Encoded rows from the generator's numbers: places by tanh, a mode or level drawn by its probability."""
    found = raw + random.gumbel(size=raw.shape)
    for column, start in zip(layout.columns, layout.starts, strict=True):
        if not isinstance(column, Levels):
            found[:, start] = np.tanh(raw[:, start])
    return found


class _State:
    """Networks, optimizers and random numbers of a training: saved and read as a whole."""

    def __init__(self, layout: Layout, spec: GanSpec, conditions: Conditions) -> None:
        torch.manual_seed(spec.seed)
        self.random = np.random.default_rng(spec.seed)
        self.step, self.conditions, self.choices = 0, conditions, Choices(layout)
        self.wanted = torch.from_numpy(self.choices.where[conditions.places])
        self.generator = Generator(spec, conditions.width, layout.width)
        self.mean = copy.deepcopy(self.generator)
        self.critic = critic(spec, layout.width + conditions.width)
        rates = {"lr": spec.rate, "betas": (0.5, 0.9), "fused": True}
        self.of_generator = torch.optim.Adam(self.generator.parameters(), weight_decay=spec.weight_decay, **rates)
        self.of_critic = torch.optim.Adam(self.critic.parameters(), **rates)
        self.teller = Teller(layout.width, *(conditions.target or (0, 1)))
        self.of_teller = torch.optim.AdamW(self.teller.parameters(), lr=TELLER_RATE, weight_decay=TELLER_DECAY)
        self.classes = torch.from_numpy(conditions.classes)

    def _parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        return {
            "generator": self.generator, "mean": self.mean, "critic": self.critic,
            "of_generator": self.of_generator, "of_critic": self.of_critic, "teller": self.teller,
            "of_teller": self.of_teller,
        }  # fmt: skip

    def save(self, path: Path) -> None:
        """Write beside, then replace."""
        begun = path.with_suffix(".begun")
        state = {name: part.state_dict() for name, part in self._parts().items()}
        torch.save(
            state | {"step": self.step, "numpy": self.random.bit_generator.state, "torch": torch.get_rng_state()}, begun
        )
        begun.replace(path)

    def load(self, path: Path) -> None:
        """Go on from what `save` wrote."""
        state = torch.load(path, weights_only=True)
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.step, self.random.bit_generator.state = state["step"], state["numpy"]
        torch.set_rng_state(state["torch"])


def train_gan(
    layout: Layout, rows: Columns, spec: GanSpec, folder: Path, *, target: str | None = None,
    save_seconds: float = 20.0, watch: Callable[[int], None] = lambda _: None,
) -> Synthesizer:  # fmt: skip
    """Train on a table, with a checkpoint in `folder` every `save_seconds`; killed, it goes on to the same end.

    `target` is a column of categories that every row is asked for. `watch` is told the number of steps done. The random
    numbers of torch are left as they were found.
    """
    encoded = layout.encode(rows, np.random.default_rng(spec.seed))
    conditions = Conditions(layout, encoded, target)
    real = torch.from_numpy(encoded).float()
    with torch.random.fork_rng(devices=[]):
        state = _State(layout, spec, conditions)
        path = folder / STATE
        if path.is_file():
            state.load(path)
        saved = time.monotonic()
        while state.step < spec.steps:
            for optimizer in (state.of_generator, state.of_critic):
                optimizer.param_groups[0]["lr"] = spec.rate * min(1.0, 2 * (1 - state.step / spec.steps))
            _step(state, spec, real)
            state.step += 1
            watch(state.step)
            if time.monotonic() - saved >= save_seconds or state.step == spec.steps:
                state.save(path)
                saved = time.monotonic()
    return Synthesizer(layout, spec, conditions, state.mean)


def _step(state: _State, spec: GanSpec, real: Tensor) -> None:
    """One step of the critic, one of the generator, and the running mean."""
    drawn = state.conditions.draw(spec.batch, state.random, evenly=True)
    asked = torch.from_numpy(drawn.vectors).float()
    with torch.no_grad():
        fake = state.choices.activated(state.generator(_entry(asked, spec)), spec.temperature)
    order = state.random.permutation(spec.batch)  # real rows meet other rows of their kind in a pack
    fake, true = torch.cat([fake, asked], dim=1), torch.cat([real[drawn.rows[order]], asked[order]], dim=1)
    fake, true = (rows.reshape(-1, spec.pac * rows.shape[1]) for rows in (fake, true))
    of_fake, of_true = state.critic(torch.cat([fake, true])).chunk(2)
    loss = of_fake.mean() - of_true.mean() + _penalty(state.critic, true, fake, spec.penalty)
    state.of_critic.zero_grad()
    loss.backward()
    state.of_critic.step()

    drawn = state.conditions.draw(spec.batch, state.random, evenly=True)
    asked, numbers = torch.from_numpy(drawn.vectors).float(), torch.from_numpy(drawn.rows)
    raw = state.generator(_entry(asked, spec))
    rows = state.choices.activated(raw, spec.temperature)
    fake = torch.cat([rows, asked], dim=1)
    loss = -state.critic(fake.reshape(-1, spec.pac * fake.shape[1])).mean()
    if state.conditions.target is not None and spec.telling:
        learn_to_tell(state.teller, state.of_teller, real, state.classes, numbers)
        loss = loss + spec.telling * told_otherwise(state.teller, rows, real, state.classes, numbers)
    if spec.pairs:
        loss = loss + spec.pairs * apart_in_pairs(rows, real[numbers], state.classes[numbers])
    # and the cross-entropy between the categories asked for and those made
    heeded = asked * state.choices.logs(raw).index_select(1, state.wanted)
    loss = loss - heeded.sum() / len(raw)
    state.of_generator.zero_grad()
    loss.backward()
    state.of_generator.step()
    _remember(state, spec.memory)


def _entry(asked: Tensor, spec: GanSpec) -> Tensor:
    return torch.cat([torch.randn(len(asked), spec.noise), asked], dim=1)


def _penalty(critic: nn.Module, true: Tensor, fake: Tensor, weight: float) -> Tensor:
    """Gradient penalty at points between real and made packs."""
    share = torch.rand(len(true), 1)
    between = (share * true + (1 - share) * fake).requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return weight * ((slope.norm(2, dim=1) - 1) ** 2).mean()


@torch.no_grad()
def _remember(state: _State, memory: float) -> None:
    """The running mean of the generator's weights and of its norms' statistics."""
    memory = min(memory, state.step / (state.step + 10))  # the first weights are forgotten soon
    for mean, now in zip(state.mean.state_dict().values(), state.generator.state_dict().values(), strict=True):
        if mean.dtype.is_floating_point:
            mean.lerp_(now, 1 - memory)
        else:
            mean.copy_(now)
