"""What every part of a file of settings is: frozen, unknown keys refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

LARGEST = 1e30
"""No number of a person's is larger, and none but 0 smaller than its inverse: products and quotients of several are
finite then.
"""


class Section(BaseModel):
    """A part of the project file: frozen, unknown keys refused, every number finite, and so what is made of them."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _of_a_size(cls, value: object) -> object:
        for number in value.values() if isinstance(value, Mapping) else (value,):
            if isinstance(number, int | float) and number and not 1 / LARGEST <= abs(number) <= LARGEST:
                raise ValueError(f"a number is 0, or from {1 / LARGEST:g} to {LARGEST:g} in size")
        return value


class SettingsFile(Section):
    """A whole file of settings. `folder` is where it lies; relative paths are resolved against it."""

    folder: Path = Field(default=Path(), exclude=True)

    def path(self, relative: str) -> Path:
        """A path of the file, resolved against the folder the file lies in."""
        return (self.folder / relative).resolve()

    def source(self, name: str) -> str:
        """A model or tokenizer: a directory relative to the file, else a hub name."""
        local = self.path(name)
        return str(local) if local.is_dir() or name.startswith((".", "/")) else name
