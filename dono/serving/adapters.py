"""Several LoRA adapters on one base, by peft: read when they are first asked for, each row of a batch by its own."""

from __future__ import annotations

import warnings
from collections import Counter, OrderedDict
from pathlib import Path

from peft import PeftConfig, PeftModel
from transformers import PreTrainedModel

from dono.errors import Mistake
from dono.models.adapters import CONFIG
from dono.models.pretrained import UNREADABLE, first_line
from dono.serving.rows import Rows

MOST = 16
"""Adapters held at a time; the one that was not asked for longest goes first (assumed)."""


class Adapters:
    """The adapters of one model. `folder` holds a directory for each, which may come later; `named` are others.

    `use` and `release` are called on the thread that owns the model.
    """

    def __init__(self, rows: Rows, model: PreTrainedModel, folder: Path | None, named: dict[str, Path]) -> None:
        self.rows, self.model, self.folder, self._named = rows, model, folder, dict(named)
        self._held: OrderedDict[str, Path] = OrderedDict()
        self._used: Counter[str] = Counter()

    def known(self) -> dict[str, Path]:
        """Where each adapter is, those included that came into the folder since."""
        found = dict(self._named)
        if self.folder is not None and self.folder.is_dir():
            found |= {p.name: p for p in sorted(self.folder.iterdir()) if (p / CONFIG).is_file()}
        return found

    def use(self, name: str) -> None:
        """Read the adapter if it is not there; it stays until released. Raises `Mistake` where it does not fit."""
        if name not in self._held:
            for other in [n for n in self._held if not self._used[n]][: max(0, len(self._held) + 1 - MOST)]:
                self.model.delete_adapter(other)
                del self._held[other]
            self._read(name, self.known()[name])
        self._held.move_to_end(name)
        self._used[name] += 1

    def release(self, name: str) -> None:
        """A request that used the adapter has ended."""
        self._used[name] -= 1

    def _read(self, name: str, path: Path) -> None:
        known = hasattr(self.model, "peft_config")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what does not fit is said below, in one line
                config = PeftConfig.from_pretrained(str(path))
                config.inference_mode = True
                if not known:
                    self.model = PeftModel(self.model, config, name, autocast_adapter_dtype=False).eval()
                result = self.model.load_adapter(
                    str(path), name, torch_device=str(self.model.device), autocast_adapter_dtype=False
                )
            odd = [*result.unexpected_keys, *[k for k in result.missing_keys if "lora_" in k and f".{name}." in k]]
        except UNREADABLE as error:
            self._drop(name)
            what = f"the adapter cannot be loaded ({first_line(error)})"
            raise Mistake(what, where=str(path), remedy="Check the directory, and that this is its base") from error
        if odd:
            self._drop(name)
            what = f"the adapter and the model do not fit ({len(odd)} weights without counterpart, such as {odd[0]})"
            raise Mistake(what, where=str(path), remedy=f"Serve it on its base: {config.base_model_name_or_path}")
        self.rows.use_model(self.model)
        self.model.eval()
        self._held[name] = path

    def _drop(self, name: str) -> None:
        if name in getattr(self.model, "peft_config", {}):
            self.model.delete_adapter(name)
        self.rows.use_model(self.model)
