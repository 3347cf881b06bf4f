"""The command line: names a stage and runs it. A stage's module is loaded when its command runs, not before."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import click

from dono import __version__
from dono.errors import Capped, Mistake

PROJECT = click.argument("project", type=click.Path(path_type=Path), default=Path("dono.yaml"))
OVERRIDES = click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
ON = click.option(
    "--on",
    metavar="ADDRESS",
    help="Work on a Ray cluster: ray://HOST:PORT, HOST:PORT, auto (the one that this machine is part of), or local "
    "(one that is started here). Else machine.ray of the project, else this machine.",
)
DRY_RUN = click.option("--dry-run", is_flag=True, help="Show what it would spend, and stop.")


def stage(name: str, function: str = "command") -> Callable[..., None]:
    """The `command` of `dono.stages.<name>`, or another function of it."""
    return cast(Callable[..., None], getattr(importlib.import_module(f"dono.stages.{name}"), function))


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="dono")
def dono() -> None:
    """Should we train a language model, fine-tune one, or neither? Dono answers by measurement.

    Start with `dono init FOLDER`, then `dono decide`.
    """


@dono.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@click.option("--sample", is_flag=True, help="Write the bundled sample: a fictional shop in eight languages.")
@click.option("--scale", default=1.0, show_default=True, help="Size of the sample.")
def init(folder: Path, sample: bool, scale: float) -> None:
    """Write a commented dono.yaml from the files found in FOLDER."""
    stage("init")(folder, sample=sample, scale=scale)


@dono.command()
@PROJECT
@OVERRIDES
@ON
def prepare(project: Path, overrides: tuple[str, ...], on: str | None) -> None:
    """Gather the corpus, split it, tokenize it, and print what is there."""
    stage("survey")(project, overrides, on=on)


@dono.command()
@PROJECT
@OVERRIDES
@click.option("--documents", default=200, show_default=True, help="How many to draw.")
@click.option("--seed", default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("audit.jsonl"), show_default=True)
@click.option("--marked", type=click.Path(path_type=Path, exists=True), help="A file that a person has marked.")
def audit(project: Path, overrides: tuple[str, ...], documents: int, seed: int, out: Path, marked: Path | None) -> None:
    """Draw documents of the corpus to look for identifiers left in them; then tell the rate from the marks."""
    stage("audit")(project, overrides, documents=documents, seed=seed, out=out, marked=marked)


@dono.command()
@PROJECT
@OVERRIDES
@click.option(
    "--more",
    metavar="MONEY",
    help="Spend this much on further pilots after a verdict: money in the project's currency, like 500, or (where the "
    "machine has no price) a time, like 30m or 2h. After a break the same command goes on.",
)
@ON
@DRY_RUN
def decide(project: Path, overrides: tuple[str, ...], more: str | None, on: str | None, dry_run: bool) -> None:
    """The main job: pilots of every route, a verdict, a report."""
    stage("decide")(project, overrides, dry_run=dry_run, more=more, on=on)


@dono.command()
@PROJECT
@OVERRIDES
@click.option("--route", help="Build this arm or route instead of the verdict's, e.g. scratch or finetune/lora.")
@click.option("--use-case", help="Build for this use case only.")
@ON
@DRY_RUN
def build(
    project: Path, overrides: tuple[str, ...], route: str | None, use_case: str | None, on: str | None, dry_run: bool
) -> None:
    """Carry the verdict out at full budget, and compare the outcome with the prediction."""
    stage("build")(project, overrides, route=route, use_case=use_case, dry_run=dry_run, on=on)


@dono.command()
@PROJECT
@OVERRIDES
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="[LABEL=]DIR",
    help="A model directory; the last one is scored beside the earlier ones (else the newest that was built).",
)
@click.option(
    "--text",
    type=click.Path(path_type=Path, exists=True),
    help="A folder of LANG.txt or LANG/*.txt: held-out text of yours, to see what is known and forgotten.",
)
@click.option("--use-case", help="This use case only.")
@click.option("--limit", default=400, show_default=True, help="Items of each test, at most.")
@click.option(
    "--judge", is_flag=True, help="Let the project's judge compare the last model's answers with the first's."
)
@click.option("--desk", type=click.Path(path_type=Path), help="A rating desk's folder: win rates by people.")
@click.option("--out", type=click.Path(path_type=Path), help="Where the card is written (else in the work folder).")
def evaluate(project: Path, overrides: tuple[str, ...], **asked: object) -> None:
    """The scorecard of a model: by language, script, form and region of every use case, before and after."""
    stage("evaluate")(project, overrides, **asked)


@dono.command()
@PROJECT
@OVERRIDES
@click.option("--vocabulary", type=int, help="Tokens in the vocabulary (else scratch.vocabulary of the project).")
@click.option("--tokens", type=float, help="Corpus tokens to train on (else what the budget affords).")
@click.option("--out", type=click.Path(path_type=Path), help="Also write the model directory here.")
def pretrain(
    project: Path, overrides: tuple[str, ...], vocabulary: int | None, tokens: float | None, out: Path | None
) -> None:
    """Train a foundation model from scratch on the project's corpus: the next project's base."""
    stage("pretrain")(project, overrides, vocabulary=vocabulary, tokens=tokens, out=out)


@dono.command()
@click.argument("run", type=click.Path(path_type=Path), default=Path("run.yaml"))
@OVERRIDES
@DRY_RUN
def train(run: Path, overrides: tuple[str, ...], dry_run: bool) -> None:
    """Train one model on one set of data, as a run.yaml says."""
    stage("train")(run, overrides, dry_run=dry_run)


@dono.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("align.yaml"))
@OVERRIDES
@DRY_RUN
def align(file: Path, overrides: tuple[str, ...], dry_run: bool) -> None:
    """Make a model better by what people preferred, or by a reward that is computed, as an align.yaml says."""
    stage("align")(file, overrides, dry_run=dry_run)


@dono.group()
def tokenizer() -> None:
    """Tokenizers that fit the corpus: train one, extend a base's, compare several, export one."""


@tokenizer.command("train")
@PROJECT
@OVERRIDES
@click.option("--kind", help="words, graphemes, superwords, portable or unigram (else tokenizer.kind of the project).")
@click.option("--vocabulary", type=int, help="Tokens in the vocabulary (else scratch.vocabulary of the project).")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder to write.")
def train_tokenizer(
    project: Path, overrides: tuple[str, ...], kind: str | None, vocabulary: int | None, out: Path
) -> None:
    """Learn a tokenizer from the project's training documents."""
    stage("tokenizers", "train")(project, overrides, kind=kind, vocabulary=vocabulary, out=out)


@tokenizer.command("extend")
@PROJECT
@OVERRIDES
@click.option("--base", required=True, help="The model directory or hub name whose tokenizer is made longer.")
@click.option("--added", type=int, help="Tokens to add (else tokenizer.added of the project).")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder to write.")
def extend_tokenizer(project: Path, overrides: tuple[str, ...], base: str, added: int | None, out: Path) -> None:
    """Go on with a base's merges on the project's training documents; all its ids stay."""
    stage("tokenizers", "extend")(project, overrides, base=base, added=added, out=out)


@tokenizer.command("compare")
@click.argument("tokenizers", nargs=-1, required=True)
@click.option("--text", type=click.Path(path_type=Path), required=True, help="A folder of LANG.txt or LANG/*.txt.")
@click.option("--parallel", type=click.Path(path_type=Path), help="A folder of en-LANG.tsv or en-LANG/*.tsv.")
@click.option("--context", default=2048, show_default=True, help="Tokens whose worth in words is shown.")
@click.option("--model", help="A model directory: the cost of a million words is given for its size.")
@click.option("--gpu", default="H100-80GB", show_default=True, help="The machine it is served on.")
def compare_tokenizers(
    tokenizers: tuple[str, ...], text: Path, parallel: Path | None, context: int, model: str | None, gpu: str
) -> None:
    """Tokens a word of each of TOKENIZERS (folders) in each language, and what that costs."""
    stage("tokenizers", "compare")(tokenizers, text, parallel=parallel, context=context, model=model, gpu=gpu)


@tokenizer.command("export")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def export_tokenizer(folder: Path, out: Path) -> None:
    """Write the vocabulary of FOLDER as GGUF, where llama.cpp would read texts to the same ids."""
    stage("tokenizers", "export")(folder, out)


@dono.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--use-case", "template", help="A prompt template, e.g. '{prompt}\\n>>' (the plain one by default).")
@click.option("--max-new-tokens", default=80, show_default=True)
def chat(model: Path, template: str | None, max_new_tokens: int) -> None:
    """Talk in the terminal to a model directory that `build` wrote."""
    stage("chat")(model, template=template, max_new_tokens=max_new_tokens)


@dono.command()
@click.option("--params", type=float, required=True, help="Parameters of the model, e.g. 7e9.")
@click.option("--tokens", type=float, required=True, help="Tokens it is trained on, e.g. 140e9.")
@click.option("--machine", required=True, help="How many of what, e.g. 64xH100.")
@click.option("--active", type=float, help="Parameters that a token meets (mixture of experts).")
@click.option("--context", default=4096, show_default=True, help="Tokens of a sequence.")
@click.option("--batch-tokens", type=int, help="Tokens of a step (else usual for so many tokens).")
@click.option("--vocabulary", default=128_000, show_default=True)
@click.option("--lora", is_flag=True, help="Low-rank updates of a frozen model.")
@click.option("--recompute", is_flag=True, help="Count the forward pass twice (activation checkpointing).")
@click.option("--mfu", type=float, help="Share of the peak that you measured (else that of published runs).")
@click.option("--price", type=float, help="Of one machine an hour, in --currency (else the price table).")
@click.option("--currency", default="INR", show_default=True)
@click.option("--rate", "rates", multiple=True, help="What one unit of a currency costs, e.g. USD=88 (repeatable).")
@click.option("--engineers", default=0.0, help="People at work, for --months at --salary a month.")
@click.option("--months", default=0.0)
@click.option("--salary", default=0.0)
@click.option("--ratings", default=0.0, help="Ratings by people, of --minutes each at --wage an hour.")
@click.option("--minutes", default=2.0, show_default=True)
@click.option("--wage", default=0.0)
@click.option("--requests-per-day", default=0.0, help="Traffic to serve, of --tokens-in and --tokens-out each.")
@click.option("--tokens-in", default=400.0, show_default=True)
@click.option("--tokens-out", default=150.0, show_default=True)
@click.option("--worth-per-month", type=float, help="What the model is worth a month: train now, or wait?")
@click.option("--skypilot", type=click.Path(path_type=Path), help="Also write a task that runs it, for SkyPilot.")
@click.option("--slurm", type=click.Path(path_type=Path), help="The same as a batch script for Slurm.")
@click.option("--rayjob", type=click.Path(path_type=Path), help="The same as a RayJob for Kubernetes.")
def plan(**asked: object) -> None:
    """Hours, money, memory, layout and energy of a run of any size on any machines, with their ranges."""
    module = importlib.import_module("dono.stages.plan")
    module.command(module.Question(**asked))


@dono.command()
@click.argument("place", metavar="PROJECT|DIR", type=click.Path(path_type=Path), default=Path())
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Where it listens; a proxy with TLS goes before it."
)
@click.option("--port", default=8760, show_default=True)
@click.option(
    "--database", help="postgresql://user:${NAME}@host/database for a team (else desk.sqlite beside desk.yaml)."
)
@click.option(
    "--renew", multiple=True, metavar="NAME", help="Give this rater a new link; the old one ends (repeatable)."
)
@click.option("--proxied", is_flag=True, help="It is reached through TLS: cookies over TLS alone.")
@click.option(
    "--answers", multiple=True, metavar="MODEL",
    help="Ask about the answers of this model to --prompts: one model for thumbs, two for pairs.",
)  # fmt: skip
@click.option("--prompts", multiple=True, metavar="FILE", help="Questions that the models of --answers answer.")
@click.option("--questions", default=200, show_default=True, help="How many of their answers are asked about.")
@click.option("--max-new-tokens", default=128, show_default=True)
@click.option("--dry-run", is_flag=True, help="Read items and print links, and stop.")
def rate(place: Path, answers: tuple[str, ...], prompts: tuple[str, ...], **how: object) -> None:
    """Open the rating desk: people say which answers are better, in their languages."""
    asked = {name: how.pop(name) for name in ("questions", "max_new_tokens")}
    if answers or prompts:
        stage("questions", "ask_about")(place, answers, prompts, **asked)
    stage("rate")(place, **how)


@dono.command()
@click.argument("places", metavar="[PROJECT|[NAME=]DIR|[NAME=]URL]...", nargs=-1)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where it listens; a proxy with TLS before it.")
@click.option("--port", default=8000, show_default=True)
@click.option("--keys", type=click.Path(path_type=Path), help="The file of keys (else serving.sqlite by the project).")
@click.option(
    "--adapters", type=click.Path(path_type=Path), help="A folder of LoRA adapters; new ones are found later."
)
@click.option("--device", help="cpu, cuda or cuda:1 (else a GPU where there is one).")
@click.option("--dtype", help="float32, bfloat16 or float16 (else bfloat16 on a GPU, float32 elsewhere).")
@click.option("--slots", default=32, show_default=True, help="Answers under way at a time, where memory allows.")
@click.option("--context", type=int, help="Tokens of prompt and answer (else the model's, at most 4096).")
@click.option("--queue", default=128, show_default=True, help="Answers that may wait; more are refused (503).")
@click.option("--drain", default=30, show_default=True, help="Seconds that answers have after SIGTERM.")
@click.option("--price-per-hour", type=float, help="Of this machine (else the project's).")
@click.option("--price-in", default=0.0, help="Of a million tokens read, where a URL charges for them.")
@click.option("--price-out", default=0.0, help="Of a million tokens written.")
@click.option("--currency", default="INR", show_default=True)
@click.option("--proxied", is_flag=True, help="It is reached through a proxy: a key is always needed.")
@click.option("--dry-run", is_flag=True, help="Open everything, say what would be served, and stop.")
def serve(places: tuple[str, ...], **asked: object) -> None:
    """Serve a project's use cases, model directories or other services by OpenAI's API."""
    module = importlib.import_module("dono.stages.serve")
    module.command(module.Order(places=places or ("dono.yaml",), **asked))


@dono.command("export")
@click.argument("what", metavar="PROJECT|DIR", type=click.Path(path_type=Path), default=Path("dono.yaml"))
@click.option("--form", required=True, help="safetensors, adapter, gguf, vllm; llama-factory or axolotl for the plan.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder or file to write.")
@click.option("--use-case", help="Which of the project's.")
@click.option("--base", help="The base of an adapter, where it is not where the adapter says.")
@click.option(
    "--precision", type=click.Choice(["f16", "f32"]), default="f16", show_default=True, help="Of a GGUF file."
)
def export_model(**asked: object) -> None:
    """Write a model in the forms that others read, or a project's plan for other trainers."""
    module = importlib.import_module("dono.stages.export")
    module.command(module.Order(**asked))


@dono.group()
def keys() -> None:
    """Keys of the service: who may ask, and how much."""


KEY_FILE = click.option(
    "--keys", "file", type=click.Path(path_type=Path), default=Path("serving.sqlite"), show_default=True
)


@keys.command("add")
@click.argument("name")
@KEY_FILE
@click.option("--requests-per-minute", type=click.FloatRange(min=0, min_open=True))
@click.option("--tokens-per-minute", type=click.FloatRange(min=0, min_open=True))
@click.option("--most-tokens", type=click.FloatRange(min=0), help="In all.")
@click.option("--most-money", type=click.FloatRange(min=0), help="In all, in the service's currency.")
@click.option("--model", "models", multiple=True, help="May ask this model only (repeatable).")
def add_key(name: str, file: Path, **limits: object) -> None:
    """Make a key, and show it once."""
    stage("keys", "add")(file, name, **limits)


@keys.command("list")
@KEY_FILE
def list_keys(file: Path) -> None:
    """Keys, their limits, and what they used."""
    stage("keys", "show")(file)


@keys.command("revoke")
@click.argument("name")
@KEY_FILE
def revoke_key(name: str, file: Path) -> None:
    """End a key; a running service refuses it from the next request on."""
    stage("keys", "revoke")(file, name)


@dono.command()
@PROJECT
@OVERRIDES
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Where it listens; elsewhere than here people sign in by link.",
)
@click.option("--port", default=8750, show_default=True)
@click.option("--service", metavar="URL", help="Who answers the playground, on this machine: http://127.0.0.1:8000/v1.")
@click.option("--serve", "serves", is_flag=True, help="The models that were built answer it, in this very process.")
@click.option(
    "--viewer", "viewers", multiple=True, metavar="NAME", help="Give this person a link to look (repeatable)."
)
@click.option(
    "--renew", multiple=True, metavar="NAME", help="Give this person a new link; the old one ends (repeatable)."
)
@click.option("--proxied", is_flag=True, help="It is reached through TLS: everybody signs in, cookies over TLS alone.")
def studio(project: Path, overrides: tuple[str, ...], host: str, port: int, service: str | None, **who: object) -> None:
    """Open the studio in a browser: corpus, live runs, the verdict to move, models, playground, rating desk."""
    stage("studio")(project, overrides, host=host, port=port, service=service, **who)


@dono.command()
@click.argument("name")
@click.option("--project", type=click.Path(path_type=Path), default=Path("dono.yaml"), show_default=True)
def why(name: str, project: Path) -> None:
    """Print what NAME (a name, identity or directory) was made from, back to the source files."""
    stage("why")(name, project)


@dono.command()
@click.option("--source", required=True, help="The source that the person's rows are in.")
@click.option("--key", required=True, help="The person's key in it; FILE:LINE of a row where the source has no keys.")
@click.option("--project", type=click.Path(path_type=Path), default=Path("dono.yaml"), show_default=True)
@click.option("--dry-run", is_flag=True, help="Only say what would be taken out, how many, and from where.")
def forget(source: str, key: str, project: Path, dry_run: bool) -> None:
    """Take a person's documents out of every corpus, keep them out of later ones, and name what learned from them."""
    stage("forget")(project, source=source, key=key, dry_run=dry_run)


@dono.command()
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--target", help="The column of classes that a model would predict: usefulness is measured by it.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("synthetic.csv"), show_default=True)
@click.option("--rows", default=0, help="How many to make (else as many as the table has).")
@click.option("--steps", default=3000, show_default=True, help="Training steps of the GAN.")
@click.option("--seed", default=0, show_default=True)
@click.option("--dates", type=click.Choice(["day", "month", "refuse"]), default="day", show_default=True,
              help="What comes first in a date like 03/04/2025.")  # fmt: skip
@click.option("--work", type=click.Path(path_type=Path), default=Path("work-synthetic"), show_default=True)
@DRY_RUN
def synthesize(table: Path, out: Path, work: Path, dry_run: bool, **asked: object) -> None:
    """Make a table like TABLE, of rows that nobody is; it is released only where the privacy tests hold."""
    module = importlib.import_module("dono.stages.synthesize")
    module.command(module.Order(table=table, **asked), out, work=work, dry_run=dry_run)


@dono.group()
def rights() -> None:
    """Why each source may be learned from: the ledger, its check, records for others, signed overrides."""


@rights.command()
@PROJECT
@OVERRIDES
def show(project: Path, overrides: tuple[str, ...]) -> None:
    """Print the rights of each source and whether the gate lets it be learned from."""
    stage("rights", "show")(project, overrides)


@rights.command()
@PROJECT
@OVERRIDES
def verify(project: Path, overrides: tuple[str, ...]) -> None:
    """Check that no entry of the ledger was changed, moved or taken out, and that overrides are signed."""
    stage("rights", "verify")(project, overrides)


@rights.command()
@PROJECT
@OVERRIDES
@click.option("--form", type=click.Choice(["croissant", "dps"]), default="croissant", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="The folder to write to (else the ledger's).")
def export(project: Path, overrides: tuple[str, ...], form: str, out: Path | None) -> None:
    """Write the newest corpus's statements: Croissant with RAI, or Data Provenance Standards for each source."""
    stage("rights", "export")(project, overrides, form=form, out=out)


@rights.command()
@PROJECT
@OVERRIDES
@click.option("--source", required=True, help="The source that is refused, or use_cases.NAME.")
@click.option("--reason", required=True, help="Why it may be learned from all the same; name no people in it.")
@click.option("--by", required=True, help="Who answers for it.")
@click.option("--key", type=click.Path(path_type=Path), help="The approver's key file (else one in the home folder).")
def override(project: Path, overrides: tuple[str, ...], source: str, reason: str, by: str, key: Path | None) -> None:
    """Let a refused source be learned from, for a reason, signed by an approver."""
    stage("rights", "override_refusal")(project, overrides, source=source, reason=reason, by=by, key=key)


@dono.command()
@PROJECT
@OVERRIDES
def doctor(project: Path, overrides: tuple[str, ...]) -> None:
    """Check machine, dependencies, project file, data and rights, and name the cure."""
    stage("doctor")(project, overrides)


@dono.command()
@click.argument("folders", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write there instead of beside the sets.")
def exam(folders: tuple[Path, ...], out: Path | None) -> None:
    """Forecast other people's training curves: predictions.csv for each folder with points.csv and cases.csv."""
    stage("exam")(folders, out)


def main() -> None:
    """Run the command line: a person's mistake is one line and exit code 2, never a traceback."""
    try:
        dono(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except Mistake as mistake:
        click.echo(f"dono: {mistake}", err=True)
        sys.exit(2)
    except Capped as capped:
        click.echo(f"dono: {capped}. Run the same command again, with a larger cap, to go on", err=True)
        sys.exit(3)
    except (KeyboardInterrupt, click.Abort):
        click.echo("dono: stopped; what is finished is kept. Run the same command again to go on", err=True)
        sys.exit(130)
