"""`dono keys`: keys of the service are made, listed and ended."""

from __future__ import annotations

import importlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dono.errors import Mistake
from dono.stages.display import print_result

if TYPE_CHECKING:
    from dono.serving import Key, Ledger


def _ledger(file: Path, *, must_be: bool) -> Ledger:
    if must_be and not file.is_file():
        raise Mistake("there are no keys", where=str(file), remedy="Make one: dono keys add NAME")
    try:
        made: Ledger = importlib.import_module("dono.serving.keys").Ledger(file)
    except ImportError as error:
        raise Mistake(f"{error.name} is missing", where="dono keys", remedy="pip install 'dono[serve]'") from error
    return made


def add(
    file: Path,
    name: str,
    *,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    most_tokens: float | None = None,
    most_money: float | None = None,
    models: tuple[str, ...] = (),
) -> None:
    """Make a key and print it. Raises `Mistake` where the name is taken, or none."""
    if not re.fullmatch(r"[\w.@-]{1,64}", name):
        raise Mistake(f"{name!r} is no name of a key", where="name", remedy="Use letters, digits and . _ @ -")
    ledger = _ledger(file, must_be=False)
    key: Key = importlib.import_module("dono.serving.keys").Key(
        name, requests_per_minute, tokens_per_minute, most_tokens, most_money, models or None
    )
    token = ledger.add(key)
    ledger.close()
    print_result(f"{name}: {token}")
    print_result(f"  it is shown once; {file} keeps its hash alone")


def show(file: Path) -> None:
    """Print all keys, their limits and their use."""
    ledger = _ledger(file, must_be=True)
    for key in ledger.all_keys():
        used = ledger.used(key.name)
        limits = [
            f"{value:,g} {what}"
            for value, what in (
                (key.requests_per_minute, "requests a minute"), (key.tokens_per_minute, "tokens a minute"),
                (key.most_tokens, "tokens in all"), (key.most_money, "in money"),
            )
            if value is not None
        ]  # fmt: skip
        limits += [f"only {', '.join(key.models)}"] if key.models is not None else []
        ended = "" if key.revoked is None else f", ended {datetime.fromtimestamp(key.revoked, UTC):%Y-%m-%d %H:%M}"
        print_result(f"{key.name}: {'; '.join(limits) or 'no limits'}{ended}")
        print_result(f"  used {used.requests:,} requests, {used.tokens:,} tokens, {used.money:,.2f} in money")
    ledger.close()


def revoke(file: Path, name: str) -> None:
    """End a key."""
    ledger = _ledger(file, must_be=True)
    ledger.revoke(name)
    ledger.close()
    print_result(f"{name}: ended")
