"""Fitted models in a directory. They are pickles: only directories that Dono made itself are ever loaded."""

from __future__ import annotations

import json
from pathlib import Path

import joblib
import sklearn

from dono.artifacts import write_atomically
from dono.errors import Mistake

MODEL, ABOUT = "model.joblib", "model.json"


def keep(model: object, directory: Path) -> None:
    """Write a fitted model and what it was made with."""
    directory.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, directory / MODEL, compress=3)
    about = {"kind": type(model).__name__, "sklearn": sklearn.__version__}
    write_atomically(directory / ABOUT, json.dumps(about, indent=1))


def kept(directory: Path, kind: str) -> object:
    """Read a model of this kind back.

    A pickle runs code when it is read: give only directories that Dono made. Raises `Mistake` where there is no such
    model, or where it was made with another version of scikit-learn, which may read it wrongly.
    """
    try:
        about = json.loads((directory / ABOUT).read_text(encoding="utf8"))
    except (OSError, json.JSONDecodeError) as error:
        raise Mistake("no fitted model", where=str(directory), remedy="Run the stage that fits it again") from error
    if about["kind"] != kind:
        raise Mistake(f"a {about['kind']}, not a {kind}", where=str(directory), remedy="Give the other directory")
    if about["sklearn"] != sklearn.__version__:
        what = f"made with scikit-learn {about['sklearn']}, here is {sklearn.__version__}"
        raise Mistake(what, where=str(directory), remedy="Fit it again, or install that version")
    model: object = joblib.load(directory / MODEL)
    return model
