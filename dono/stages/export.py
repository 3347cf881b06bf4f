"""`dono export`: a model in the forms that others read, and the plan of a project for other trainers."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dono.errors import Mistake
from dono.models import load_adapter, load_model, merge_lora, save_model
from dono.models.adapters import CONFIG, WEIGHTS
from dono.models.gguf_weights import Precision, write_model_gguf
from dono.stages.display import print_result
from dono.stages.export_plan import PLANS, write_plan
from dono.stages.export_vllm import PORT, serve_line
from dono.stages.serve import base_of
from dono.stages.served import Built, built_models
from dono.stages.workplace import open_workplace
from dono.tokens import load_tokenizer, save_tokenizer


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the command line asks. `what` is a project file, a model directory, or an adapter's directory."""

    what: Path
    form: str
    out: Path
    use_case: str | None = None
    base: str | None = None
    precision: Precision = "f16"


@dataclass(frozen=True)
class Model:
    """A model to export: its directory, and that of its adapter where it has one."""

    name: str
    folder: Path | None
    adapter: Path | None
    base: str | None


def command(order: Order) -> None:
    """Write the form that is asked for, and say what was written. Raises `Mistake` for an `out` that is not empty."""
    known = [*FORMS, *PLANS]
    if order.form not in known:
        raise Mistake(f"no form {order.form!r}", where="--form", remedy=f"Use one of: {', '.join(known)}")
    if order.out.exists() and (order.out.is_file() or any(order.out.iterdir())):
        raise Mistake("it is there already", where=str(order.out), remedy="Name a place that is not there yet")
    project = order.what.suffix in (".yaml", ".yml")
    if order.form in PLANS:
        if not project:
            remedy = "Give the project file"
            raise Mistake("a plan is a project's, not a model's", where=str(order.what), remedy=remedy)
        for line in write_plan(open_workplace(order.what), order.form, order.use_case, order.out):
            print_result(line)
        return
    model = _of_project(order) if project else _of_folder(order)
    for line in FORMS[order.form](model, order):
        print_result(line)


def _of_project(order: Order) -> Model:
    """The built model of a use case. Raises `Mistake` where several could be meant, or it has no language model."""
    found = {b.name: b for b in built_models(open_workplace(order.what))}
    if (order.use_case is None and len(found) > 1) or order.use_case not in (None, *found):
        remedy = f"Name one with --use-case: {', '.join(found)}"
        raise Mistake("which use case?", where="--use-case", remedy=remedy)
    built: Built = found[order.use_case] if order.use_case is not None else next(iter(found.values()))
    if not built.is_language_model:
        remedy = f"Ask it at /v1/predict/{built.name} of `dono serve`"
        raise Mistake(f"{built.arm} is no language model", where=built.name, remedy=remedy)
    return Model(built.name, built.folder, built.adapter, None if built.adapter is None else base_of(built.adapter))


def _of_folder(order: Order) -> Model:
    folder = order.what.resolve()
    if (folder / CONFIG).is_file():
        return Model(folder.name, None, folder, order.base or base_of(folder))
    if not (folder / "config.json").is_file():
        remedy = "Give a project file, a model directory or an adapter's directory"
        raise Mistake("there is no model", where=str(order.what), remedy=remedy)
    adapter = folder / "adapter"
    kept = adapter if (adapter / CONFIG).is_file() else None
    return Model(folder.name, folder, kept, order.base or (None if kept is None else base_of(kept)))


def _safetensors(model: Model, order: Order) -> list[str]:
    """An ordinary model directory; an adapter is added into its base."""
    if model.folder is not None:
        loaded, tokenizer = load_model(str(model.folder)), load_tokenizer(model.folder)
    else:
        assert model.adapter is not None
        base = _base(model)
        loaded, tokenizer = merge_lora(load_adapter(load_model(base), model.adapter)), load_tokenizer(base)
    order.out.mkdir(parents=True, exist_ok=True)
    save_model(loaded, tokenizer, order.out)
    return [f"{order.out}: safetensors, tokenizer and configuration; transformers, vLLM and `dono serve` read it"]


def _base(model: Model) -> str:
    if model.base is None:
        where = str(model.adapter)
        raise Mistake("the adapter's base is not there any more", where=where, remedy="Name it with --base")
    return model.base


def _adapter(model: Model, order: Order) -> list[str]:
    """The low-rank updates alone, and the tokenizer."""
    if model.adapter is None:
        remedy = "Build an arm with a LoRA task stage, or export --form safetensors"
        raise Mistake(f"{model.name} has no adapter", where="--form adapter", remedy=remedy)
    order.out.mkdir(parents=True, exist_ok=True)
    for name in (CONFIG, WEIGHTS):
        shutil.copyfile(model.adapter / name, order.out / name)
    if model.folder is not None:
        save_tokenizer(load_tokenizer(model.folder), order.out)
    return [f"{order.out}: the adapter alone, on {model.base or 'its base'}; peft, vLLM and `dono serve` read it"]


def _gguf(model: Model, order: Order) -> list[str]:
    """One file for llama.cpp. Refused in words where it would cut texts otherwise than the model was trained on."""
    if model.folder is None:
        raise Mistake("an adapter alone is no model", where="--form gguf", remedy="Export --form safetensors first")
    out = order.out if order.out.suffix == ".gguf" else order.out / f"{model.name}.gguf"
    loaded, tokenizer = load_model(str(model.folder)), load_tokenizer(model.folder)
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        name = write_model_gguf(loaded, tokenizer, out, precision=order.precision)
    except Mistake:
        out.unlink(missing_ok=True)
        raise
    return [f"{out}: {order.precision}, read by llama.cpp with its pre-tokenizer {name}", f"  llama-server -m {out}"]


def _vllm(model: Model, order: Order) -> list[str]:
    """A line that serves the model by vLLM, and the one that puts Dono's keys and limits before it."""
    if model.folder is None or (model.adapter is not None and model.base is not None):
        line = serve_line(model.name, _base(model), model.adapter)
    else:
        line = serve_line(model.name, str(model.folder))
    script = order.out if order.out.suffix == ".sh" else order.out / "serve_vllm.sh"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(f"#!/bin/sh\nexec {line}\n", encoding="utf8")
    script.chmod(0o755)
    return [line, f"then: dono serve http://127.0.0.1:{PORT}/v1", f"  written to {script}"]


FORMS: Mapping[str, Callable[[Model, Order], list[str]]] = {
    "safetensors": _safetensors, "adapter": _adapter, "gguf": _gguf, "vllm": _vllm,
}  # fmt: skip
"""The forms of a model, besides the plans of `export_plan.PLANS`."""
