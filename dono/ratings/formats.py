"""Rows of our own and of other tools, recognised by their fields: what is to be rated, and what was said of it there.

A row becomes the fields of one or more items. `votes` among them are choices that the row holds already ("1", "2",
"tie", "bad", "up", "down"; none: nobody has said anything): the desk does not take them over, `dono align` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any

SIBLINGS = 3
"""Answers to one prompt of a tree that are compared in all pairs, the first ones (assumed: three pairs)."""
Fields = Mapping[str, Any]
Row = dict[str, Any]
CHOICES = ("1", "2", "tie", "bad", "up", "down")


class Unusable(ValueError):
    """A row that is no item; the message says why."""


def recognise(row: object) -> list[Row]:
    """The fields of one or more items, by the first format of `FORMATS` that knows the row. Raises `Unusable`."""
    if isinstance(row, Unusable):
        raise row
    if not isinstance(row, dict):
        raise Unusable(f"a {type(row).__name__}, not an object with fields")
    for read in FORMATS.values():
        found = read(row)
        if found is not None:
            return found
    raise Unusable(f"nothing to rate among the fields {', '.join(map(str, row))[:100]}")


def _own(row: Fields) -> list[Row] | None:
    """`kind`, `answers` (texts, or objects with `text` and `model`), `prompt`, `votes`, the other fields of an item."""
    if "answers" not in row:
        return None
    answers = [{"text": a} if isinstance(a, str) else a for a in _list(row["answers"], "answers")]
    kind = row.get("kind") or ("pair" if len(answers) == 2 else "thumbs")
    return [{**row, "kind": kind, "answers": answers, "prompt": turns(row.get("prompt"))}]


def _preference(row: Fields) -> list[Row] | None:
    """TRL: `chosen` and `rejected`, with or without `prompt`, as texts or conversations."""
    if not {"chosen", "rejected"} <= row.keys():
        return None
    prompt, chosen, rejected = turns(row.get("prompt")), turns(row["chosen"]), turns(row["rejected"])
    if not prompt:  # an implicit prompt is what both begin with
        while min(len(chosen), len(rejected)) > 1 and chosen[0] == rejected[0]:
            prompt, chosen, rejected = [*prompt, chosen[0]], chosen[1:], rejected[1:]
    return [_made(row, prompt, [_text(chosen), _text(rejected)], votes=["1"])]


def _unpaired(row: Fields) -> list[Row] | None:
    """TRL: `prompt` and `completion`, `label` true for what is wanted."""
    if not {"prompt", "completion"} <= row.keys():
        return None
    votes = ["up" if row["label"] else "down"] if isinstance(row.get("label"), bool) else []
    return [_made(row, turns(row["prompt"]), [_text(turns(row["completion"]))], votes=votes)]


def _arena(row: Fields) -> list[Row] | None:
    """Arena: `model_a`, `model_b` and their conversations, which share all but the last turn."""
    if not {"model_a", "model_b"} <= row.keys():
        return None
    if not {"conversation_a", "conversation_b"} <= row.keys():
        raise Unusable("a battle without its conversations: there is nothing to read")
    a, b = turns(row["conversation_a"]), turns(row["conversation_b"])
    if not a or a[:-1] != b[:-1] or len(a) != len(b):
        raise Unusable("the two conversations differ before their last answers")
    named = {"id": row.get("question_id"), "language": row.get("language")}
    models = [str(row["model_a"]), str(row["model_b"])]
    votes = [WINNERS[row["winner"]]] if row.get("winner") in WINNERS else []
    return [_made(named, a[:-1], [a[-1]["text"], b[-1]["text"]], models, votes)]


WINNERS = {"model_a": "1", "model_b": "2", "tie": "tie", "tie (bothbad)": "bad"}
"""What Arena calls our choices."""


def _tree(row: Fields) -> list[Row] | None:
    """OASST: every pair of the first answers to a question, at any depth of the tree."""
    if "message_tree_id" not in row or not isinstance(row.get("prompt"), dict):
        return None
    return list(_pairs_below(row["prompt"], []))


def _pairs_below(message: Fields, before: list[Row]) -> Iterator[Row]:
    if not isinstance(message.get("text"), str):
        raise Unusable("a message without text")
    role = "assistant" if message.get("role") == "assistant" else "user"
    thread = [*before, {"role": role, "text": message["text"]}]
    replies = _list(message.get("replies") or [], "replies")
    if not all(isinstance(r, dict) for r in replies):
        raise Unusable("a reply that is no message")
    if role == "user":
        for a, b in combinations(replies[:SIBLINGS], 2):
            texts = [str(a.get("text", "")), str(b.get("text", ""))]
            models = [str(r.get("model_name") or r.get("message_id") or "") for r in (a, b)]
            yield _made({"language": message.get("lang")}, thread, texts, models, _ranked(a.get("rank"), b.get("rank")))
    for reply in replies:
        yield from _pairs_below(reply, thread)


def _ranked(a: object, b: object) -> list[str]:
    """What the ranks of two replies say: the lower is the better."""
    if not isinstance(a, int) or not isinstance(b, int) or a == b:
        return []
    return ["1" if a < b else "2"]


def _nested(row: Fields) -> list[Row] | None:
    """Argilla (`fields`) and Label Studio (`data`): the table's columns one level down."""
    for name in ("fields", "data"):
        if isinstance(row.get(name), dict):
            metadata = row["metadata"] if isinstance(row.get("metadata"), dict) else {}
            made = _table({"language": metadata.get("language"), "id": row.get("id"), **row[name]})
            return made and [one | {"votes": _responses(row) + _annotations(row)} for one in made]
    return None


def _responses(row: Fields) -> list[str]:
    """Argilla: the submitted values of the first question that has choices of ours."""
    questions = row["responses"].values() if isinstance(row.get("responses"), dict) else ()
    for said in questions:
        found = [r.get("value") for r in said if isinstance(r, dict)] if isinstance(said, list) else []
        if any(value in CHOICES for value in found):
            return [value for value in found if value in CHOICES]
    return []


def _annotations(row: Fields) -> list[str]:
    """Label Studio: what each annotation selected, left or right, or the choice that it named."""
    votes = []
    annotations = row["annotations"] if isinstance(row.get("annotations"), list) else []
    for result in (r for a in annotations if isinstance(a, dict) for r in a.get("result") or () if isinstance(r, dict)):
        value = result["value"] if isinstance(result.get("value"), dict) else {}
        chosen = value["choices"][:1] if isinstance(value.get("choices"), list) else []
        votes += [{"left": "1", "right": "2"}.get(str(value.get("selected")), "")] + [str(c) for c in chosen]
    return [vote for vote in votes if vote in CHOICES]


def _table(row: Fields) -> list[Row] | None:
    """Columns `prompt`, `answer` or `answer_1` and `answer_2` (or …_a, …_b), `model_1`, `model_2`, `winner`, others."""
    votes = [str(row["winner"])] if row.get("winner") else []
    for first, second in (("1", "2"), ("a", "b")):
        for stem in ("answer", "response"):
            names = [f"{stem}{joint}{n}" for n in (first, second) for joint in ("_", "")]
            found = [_words(row[n]) for n in names if row.get(n)]
            if len(found) == 2:
                models = [str(row.get(f"model_{n}") or "") for n in (first, second)]
                return [_made(row, turns(row.get("prompt")), found, models, votes)]
    one = next((n for n in ("answer", "answer_1", "response", "completion", "text") if row.get(n)), None)
    return (
        None
        if one is None
        else [_made(row, turns(row.get("prompt")), [_words(row[one])], [str(row.get("model") or "")], votes)]
    )


FORMATS: dict[str, Callable[[Fields], list[Row] | None]] = {
    "dono": _own, "trl preference": _preference, "arena": _arena, "oasst": _tree, "trl unpaired": _unpaired,
    "argilla, label studio": _nested, "table": _table,
}  # fmt: skip
"""Formats in the order in which they are tried."""


def turns(value: object) -> list[Row]:
    """A prompt or a conversation, as text, as messages of OpenAI's form or as turns of ours. Raises `Unusable`."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [{"role": "user", "text": value}]
    found = []
    for message in _list(value, "a conversation"):
        text = message.get("content", message.get("text")) if isinstance(message, dict) else None
        if not isinstance(text, str):
            raise Unusable("a turn without text")
        found.append({"role": str(message.get("role", "user")), "text": text})
    return found


def _words(value: object) -> str:
    """A cell's text; a conversation in it is its turns, one after the other."""
    return str(value) if isinstance(value, str | int | float) else _text(turns(value))


def _text(conversation: list[Row]) -> str:
    return "\n\n".join(t["text"] for t in conversation)


def _made(
    row: Fields,
    prompt: list[Row],
    texts: list[str],
    models: list[str] | None = None,
    votes: list[str] | None = None,
) -> Row:
    answers = [{"text": t, "model": m} for t, m in zip(texts, models or [""] * len(texts), strict=True)]
    made: Row = {"kind": "pair" if len(texts) == 2 else "thumbs", "prompt": prompt, "answers": answers}
    shared = {k: row[k] for k in ("id", "language", "use_case", "kind", "criteria", "purpose") if row.get(k)}
    if isinstance(shared.get("criteria"), str):
        shared["criteria"] = [c.strip() for c in shared["criteria"].split(";") if c.strip()]
    return made | shared | {"votes": votes or []}


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise Unusable(f"{name} is a {type(value).__name__}, not a list")
    return value
