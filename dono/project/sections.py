"""What every part of a file of settings is: frozen, unknown keys refused."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A part of the project file: frozen, unknown keys refused, every number finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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
