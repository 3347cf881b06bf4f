"""What is done to a text, as one code: other code may make another text of it."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from dono.artifacts import fingerprint, identity

LIBRARIES = ("ftfy", "phonenumbers", "py3langid", "pycld2", "pyarrow", "regex", "rensa", "selectolax")
"""Those whose versions decide what becomes of a text."""


@lru_cache(maxsize=1)
def code_identity() -> str:
    """Of the files of this room, the libraries that it calls, and the tables of Unicode: 16 hexadecimal digits."""
    room = Path(__file__).parent
    files = [f for f in sorted(room.rglob("*")) if f.is_file() and f.suffix != ".pyc"]
    return identity(
        {
            "files": [[str(f.relative_to(room)), fingerprint(f)] for f in files],
            "libraries": {name: version(name) for name in LIBRARIES},
            "unicode": unicodedata.unidata_version,
        }
    )
