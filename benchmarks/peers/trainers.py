"""Peers' trainers: transformers' `Trainer` as a user gets it, and TRL's `SFTTrainer` in each of its modes.

Precision is float32 on a processor, bfloat16 on a GPU, for all. By default TRL takes bfloat16 and makes activations
twice, both slower on a processor: both are off there, and the second everywhere, so that the peer is at its best. The
optimizer is the default, torch's fused AdamW.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import torch
from datasets import Dataset
from datasets.utils.logging import disable_progress_bar
from peft import LoraConfig
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast, Trainer, TrainerCallback, TrainingArguments

from benchmarks.peers.models import llama
from benchmarks.peers.workload import (
    BATCH,
    CLIP,
    EXAMPLES,
    GPU,
    LENGTH,
    LONGEST,
    RANK,
    RATE,
    VOCABULARY,
    WEIGHT_DECAY,
    Record,
    arguments,
    conversations,
    trained_from,
    windows,
)
from dono.training import keep_memory

MODES: dict[str, dict[str, object]] = {
    "padded": {},
    "grouped": {"train_sampling_strategy": "group_by_length"},
    "padding-free": {"padding_free": True, "max_length": None},
    "packed": {"packing": True},
}
"""TRL: rows padded to the longest; examples of a like length in one batch; the examples of a batch end to end on one
row; examples packed into rows of at most 1,024 tokens by best fit, eight of those end to end."""
ON_ONE_ROW = ("padding-free", "packed")
PACKED = 10
"""About how many times as many examples a packed step takes."""
AGREE = 1e-3
"""How far a document's logits may differ alone and in company, relative to their size."""


class Watch(TrainerCallback):
    """Notes the end of each step."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def on_step_end(self, *_: object, **__: object) -> None:
        """Called by the trainer after the optimizer."""
        self.record.ended()


def settings(folder: str, steps: int, examples: int, *, compiled: bool) -> dict[str, object]:
    """What both trainers are told."""
    return {
        "output_dir": folder, "per_device_train_batch_size": examples, "max_steps": steps, "learning_rate": RATE,
        "weight_decay": WEIGHT_DECAY, "max_grad_norm": CLIP, "save_strategy": "no", "report_to": "none",
        "use_cpu": not GPU, "bf16": GPU, "torch_compile": compiled, "disable_tqdm": True,
        "logging_first_step": True, "seed": 0,
    }  # fmt: skip


def pretraining(folder: str, steps: int, record: Record, *, compiled: bool) -> Trainer:
    """`Trainer` on windows of equal length."""
    rows = torch.from_numpy(windows(steps)[:, :, :-1].reshape(-1, LENGTH))
    data = [{"input_ids": row, "labels": row} for row in rows]
    told = TrainingArguments(**settings(folder, steps, BATCH, compiled=compiled))
    return Trainer(model=llama(), args=told, train_dataset=data, callbacks=[Watch(record)])


def chat(folder: str, steps: int, record: Record, mode: str, *, lora: bool) -> Trainer:
    """`SFTTrainer` on conversations of which the second half is trained."""
    trl = import_module("trl")  # not by `import`: mypy would read all of TRL
    texts = conversations(steps * EXAMPLES * (PACKED if mode == "packed" else 1))
    masks = [[int(place >= trained_from(ids)) for place in range(len(ids))] for ids in texts]
    data = Dataset.from_dict({"input_ids": [ids.tolist() for ids in texts], "completion_mask": masks})
    own = {"max_length": LONGEST, "completion_only_loss": True, "gradient_checkpointing": False}
    told = trl.SFTConfig(**settings(folder, steps, EXAMPLES, compiled=False), **{**own, **MODES[mode]})
    adapters = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM")
    trainer: Trainer = trl.SFTTrainer(
        model=llama(), args=told, train_dataset=data, processing_class=words(), callbacks=[Watch(record)],
        peft_config=adapters if lora else None,
    )  # fmt: skip
    return trainer


def words() -> PreTrainedTokenizerFast:
    """A tokenizer, of which TRL needs the special tokens only: the data is ids already."""
    ids = {"<pad>": 0, "<s>": 1, "</s>": 2, **{f"w{i}": i for i in range(3, VOCABULARY)}}
    model = WordLevel(ids, unk_token="<pad>")
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(model), pad_token="<pad>", bos_token="<s>", eos_token="</s>"
    )


def counting(collate: Callable[[Any], dict[str, Any]], record: Record) -> Callable[[Any], dict[str, Any]]:
    """The collator, which also notes how many tokens of a batch are not padding."""

    def collated(rows: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the trainer's data set holds
        batch = collate(rows)
        record.tokens.append(int(batch.get("attention_mask", torch.ones_like(batch["input_ids"])).sum()))
        return batch

    return collated


@torch.no_grad()
def keeps_apart(trainer: Trainer) -> bool:
    """Whether the second document on a shared row comes out as it does alone."""
    batch = next(iter(trainer.get_train_dataloader()))
    del batch["labels"]
    first, last = (batch["position_ids"][0] == 0).nonzero().flatten()[1:3].tolist()
    trainer.model.eval()
    together = trainer.model(**batch, use_cache=False).logits[:, first:last]
    alone = trainer.model(input_ids=batch["input_ids"][:, first:last], use_cache=False).logits
    return float((together - alone).abs().max()) <= AGREE * float(alone.abs().max())


def main() -> None:
    """Train and report."""
    asked = arguments("trainer", *MODES)
    if asked.keep_memory:
        keep_memory()
    warnings.simplefilter("ignore")
    disable_progress_bar()
    steps, record = asked.warm + asked.steps, Record()
    with tempfile.TemporaryDirectory() as folder:
        if asked.kind == "trainer":
            trainer = pretraining(folder, steps, record, compiled=asked.compiled)
        else:
            trainer = chat(folder, steps, record, asked.kind, lora=asked.lora)
        trainer.data_collator = counting(trainer.data_collator, record)
        trainer.train()
        record.loss = float(trainer.state.log_history[0]["loss"])
        if asked.kind in ON_ONE_ROW:
            record.apart = keeps_apart(trainer)
    record.report(asked.warm)


if __name__ == "__main__":
    main()
