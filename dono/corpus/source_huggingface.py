"""Data sets of Hugging Face's `datasets`: directories that it saved, directories laid out as the hub's, and the hub."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from dono.artifacts import fingerprint
from dono.corpus.parts import Part
from dono.corpus.rows import Broken, Row
from dono.corpus.walking import local_files
from dono.errors import Mistake
from dono.project import Source

if TYPE_CHECKING:
    from datasets import IterableDataset

ROW_BYTES = 256
"""Bytes that a row is taken for where a data set does not say how many it has (assumed)."""


@dataclass(frozen=True)
class DatasetPart(Part):
    """A shard of a split. `version` is the hub's commit, or the fingerprint of the directory."""

    dataset: str
    config: str | None
    split: str
    shard: int
    shards: int
    bytes: int
    version: str

    @property
    def name(self) -> str:
        """The data set, its split, and which shard of it."""
        of = f" ({self.shard + 1} of {self.shards})" if self.shards > 1 else ""
        return f"{self.dataset}/{self.config + '/' if self.config else ''}{self.split}{of}"

    @property
    def size(self) -> int:
        """Bytes, where the data set says so, or an estimate."""
        return self.bytes

    def fingerprint(self) -> str:
        """Of the version and what is read of it."""
        said = [self.version, self.config, self.split, self.shard, self.shards]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]

    def stamp(self) -> str:
        """The version."""
        return self.version


def dataset_parts(source: Source) -> list[DatasetPart]:
    """The shards of the source's split. Raises `Mistake` for what is no data set, and when the hub is out of reach."""
    folder = Path(source.path)
    if not folder.is_dir() and source.path.startswith((".", "/")):
        remedy = "Give a directory, or organisation/name of the hub"
        raise Mistake(f"no such directory {source.path!r}", where=f"corpus[{source.name}].path", remedy=remedy)
    stream = _stream(source)
    if folder.is_dir():
        files = local_files(source.path)
        total = sum(f.stat().st_size for f in files)
        version = _version(folder, tuple((str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in files))
    else:
        total, version = int((stream.info.dataset_size if stream.info else 0) or 0), _commit(source)
    shards = max(1, stream.num_shards)
    return [
        DatasetPart(source.path, source.config, source.split, i, shards, total // shards, version)
        for i in range(shards)
    ]  # fmt: skip


def read_dataset(part: Part, source: Source) -> Iterator[Row | Broken]:
    """The rows of a shard, as they are streamed; `line` counts them. Raises `Mistake` where it cannot be read on."""
    assert isinstance(part, DatasetPart)
    number, rows = 0, iter(_stream(source).shard(num_shards=part.shards, index=part.shard))
    while True:
        try:
            fields = next(rows, None)
        except Exception as error:
            raise _no_dataset(source, error, f" after row {number:,}") from error
        if fields is None:
            return
        number += 1
        yield Row(fields, number, min(number * ROW_BYTES, part.size))


@lru_cache(maxsize=8)
def _version(folder: Path, files: tuple[tuple[str, int, int], ...]) -> str:
    """The directory's fingerprint, once as long as sizes and times are the same."""
    return fingerprint(folder)


def _stream(source: Source) -> IterableDataset:
    """The split as an iterable data set."""
    try:
        import datasets  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        where = f"corpus[{source.name}].kind"
        raise Mistake("`datasets` is not installed", where=where, remedy="pip install 'dono[datasets]'") from error
    try:
        if (Path(source.path) / "state.json").is_file() or (Path(source.path) / "dataset_dict.json").is_file():
            return _saved(source, datasets)
        return datasets.load_dataset(
            source.path, source.config, split=source.split, revision=source.revision, streaming=True
        )
    except Mistake:
        raise
    except Exception as error:
        raise _no_dataset(source, error, "") from error


def _saved(source: Source, datasets: ModuleType) -> IterableDataset:
    """A directory of `save_to_disk`, mapped into memory."""
    found = datasets.load_from_disk(source.path)
    if isinstance(found, dict):
        if source.split not in found:
            where = f"corpus[{source.name}].split"
            raise Mistake(f"no split {source.split!r}", where=where, remedy=f"Use one of {', '.join(found)}")
        found = found[source.split]
    return found.to_iterable_dataset(num_shards=max(1, len(found.cache_files)))


def _commit(source: Source) -> str:
    """The commit of the hub's data set that is read."""
    from huggingface_hub import HfApi  # noqa: PLC0415 - comes with the extra

    try:
        return str(HfApi().dataset_info(source.path, revision=source.revision).sha)
    except Exception as error:
        raise _no_dataset(source, error, "") from error


def _no_dataset(source: Source, error: Exception, place: str) -> Mistake:
    said = (str(error).strip().splitlines() or [""])[0]
    what = f"the data set {source.path!r} cannot be read{place} ({type(error).__name__}: {said[:200]})"
    remedy = "Check `path`, `config`, `split`, the network, and HF_TOKEN for a private one"
    return Mistake(what, where=f"corpus[{source.name}]", remedy=remedy)
