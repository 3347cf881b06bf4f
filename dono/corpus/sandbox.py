"""Jinja templates that can do no harm: nothing is reached but a row's fields, and every rendering ends soon."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import SandboxedEnvironment

from dono.corpus.rows import Fields, Malformed

LONGEST = 1 << 20
"""Characters of a rendering, or of any value on the way to it (as long as the longest cell of a table)."""
MOST_STEPS = 100_000
"""Turns of loops, calls, filters and kilobytes handled in one rendering (assumed: a hundred times what is needed)."""
LONGEST_RANGE = 1000
PLAIN_FILTERS = (
    "abs", "capitalize", "d", "default", "dictsort", "first", "float", "int", "items", "join", "last",
    "length", "count", "list", "lower", "map", "max", "min", "reject", "rejectattr", "select",
    "selectattr", "sort", "string", "sum", "title", "trim", "truncate", "unique", "upper",
)  # fmt: skip
"""Jinja's own filters that a template may use; the others pad, indent or repeat, or are for web pages."""
TEXT_METHODS = frozenset({
    "capitalize", "casefold", "count", "endswith", "find", "isalpha", "isdigit", "lower", "lstrip", "partition",
    "removeprefix", "removesuffix", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip",
    "swapcase", "title", "upper",
})  # fmt: skip
"""Methods of texts whose result is no longer than the text."""
REFUSED_NODES = (
    nodes.Macro, nodes.CallBlock, nodes.FilterBlock, nodes.AssignBlock, nodes.Include, nodes.Import, nodes.FromImport,
    nodes.Extends, nodes.Block, nodes.Pow,
)  # fmt: skip
MEASURED_NODES = (nodes.Concat, nodes.List, nodes.Tuple, nodes.Dict)
"""Expressions that make a longer value of several: of lists in lists a short template could make a giant."""
MOST_BITS = 4096
"""Of a product of whole numbers; forty squarings would fill any memory."""
MOST_PLACES = 12
NUMBERS = (int, float, Decimal)
OBJECTS = (str, *NUMBERS, bool, list, tuple, dict, dt.date, dt.time, dt.timedelta)
OF_DATES = frozenset({
    "year", "month", "day", "hour", "minute", "second", "weekday", "isoweekday", "isoformat", "date", "time", "days",
    "seconds", "total_seconds",
})  # fmt: skip
"""Not `strftime`: the C library understands `%1000000000d`."""
OF_LOOPS = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem"})


class Runaway(Malformed):
    """A rendering that was stopped: too long, or too many steps."""


def size_of(value: object) -> int:
    """Characters and items of a value with all that is in it; counting ends beyond `LONGEST`."""
    size, waiting = 0, [value]
    while waiting and size <= LONGEST:
        part = waiting.pop()
        if isinstance(part, str):
            size += len(part)
        elif isinstance(part, list | tuple | dict):
            size += 1 + len(part)
            waiting.extend(part.values() if isinstance(part, dict) else part)
    return size


class Budget:
    """What one rendering may still do."""

    def __init__(self) -> None:
        self.steps = MOST_STEPS

    def spend(self, steps: int) -> None:
        """Raises `Runaway` when nothing is left."""
        self.steps -= steps
        if self.steps < 0:
            raise Runaway("the template does not come to an end")

    def measured(self, value: Any) -> Any:  # noqa: ANN401
        """The value, its size paid for. Raises `Runaway` when it is longer than `LONGEST`."""
        size = size_of(value)
        if size > LONGEST:
            raise Runaway("the template makes a value too long")
        self.spend(1 + (size >> 10))
        return value

    def walked(self, values: Iterable[Any]) -> Iterator[Any]:
        """The values one by one, each a step."""
        for value in values:
            self.spend(1)
            yield value


class Sandbox(SandboxedEnvironment):
    """Templates over a row's fields, with `filters` and `functions` beside Jinja's plain ones.

    One rendering at a time: it shares a budget with all that it calls.
    """

    intercepted_binops = frozenset({"+", "*", "%", "**"})

    def __init__(self, filters: Mapping[str, Callable[..., Any]], functions: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(undefined=StrictUndefined)
        self.budget = Budget()
        self.functions = tuple(functions.values())
        self.globals = {**functions, "range": self._range}
        own = {name: self._own(apply) for name, apply in filters.items()}
        self.filters = {name: self._counted(FILTERS[name]) for name in PLAIN_FILTERS} | own
        self.filters |= {
            "join": self._join,
            "replace": self._replace,
            "round": _round,
            "tojson": self._json,
            "walked": lambda v: self.budget.walked(v),
            "measured": lambda v: self.budget.measured(v),
        }

    def template(self, source: str) -> Template:
        """The template. Raises `TemplateSyntaxError` for one that cannot be read or holds what is not allowed."""
        tree = self.parse(source)
        for kind in REFUSED_NODES:
            for node in tree.find_all(kind):
                raise TemplateSyntaxError(f"a template may not use {type(node).__name__.lower()}", node.lineno)
        for loop in list(tree.find_all(nodes.For)):
            if loop.recursive:
                raise TemplateSyntaxError("a template may not use recursive loops", loop.lineno)
            loop.iter = nodes.Filter(loop.iter, "walked", [], [], None, None, lineno=loop.lineno)
        self._measure(tree)
        tree.set_environment(self)
        return self.from_string(tree)

    def _measure(self, node: nodes.Node) -> None:
        """Let every value that is put together of several be measured."""
        for name, value in list(node.iter_fields()):
            if isinstance(value, list):
                setattr(node, name, [self._measured_node(child) for child in value])
            else:
                setattr(node, name, self._measured_node(value))

    def _measured_node(self, child: Any) -> Any:  # noqa: ANN401
        if not isinstance(child, nodes.Node):
            return child
        self._measure(child)
        if not isinstance(child, MEASURED_NODES) or getattr(child, "ctx", "load") == "store":
            return child
        return nodes.Filter(child, "measured", [], [], None, None, lineno=child.lineno)

    def written(self, template: Template, fields: Fields) -> str:
        """A row written out by a template. Raises `Runaway`, and what the template raises."""
        self.budget = Budget()
        parts, size = [], 0
        for part in template.generate(fields):
            size += len(part)
            if size > LONGEST:
                raise Runaway("the template writes too long a text")
            parts.append(part)
        return "".join(parts)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ANN401
        """Fields of plain values; of texts only methods that do not lengthen them; nothing that changes a value."""
        if isinstance(obj, LoopContext):
            return attr in OF_LOOPS
        if attr.startswith("_") or not isinstance(obj, OBJECTS):
            return False
        if isinstance(obj, str):
            return attr in TEXT_METHODS
        if isinstance(obj, list | tuple | dict):
            return attr in ("items", "keys", "values", "get", "index", "count")
        return attr in OF_DATES

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ANN401
        """Our functions and methods of plain values."""
        return obj == self._range or obj in self.functions or isinstance(getattr(obj, "__self__", None), OBJECTS)

    def call(self, context: Context, obj: Any, *args: Any, **named: Any) -> Any:  # noqa: ANN401
        """Every call is a step."""
        return self.budget.measured(super().call(context, obj, *args, **named))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401
        """Sums are measured; texts and lists are not multiplied, formats by `%` and powers are refused."""
        if operator == "**" or (operator == "%" and isinstance(left, str)):
            raise SecurityError(f"a template may not use {operator} here")
        if operator == "*" and isinstance(left, int) and isinstance(right, int):
            if left.bit_length() + right.bit_length() > MOST_BITS:
                raise Runaway("the template makes a value too long")
        elif operator == "*" and not (isinstance(left, NUMBERS) and isinstance(right, NUMBERS)):
            number, other = (left, right) if isinstance(left, int) else (right, left)
            if isinstance(other, str | list | tuple) and len(other) * max(0, number) > LONGEST:
                raise Runaway("the template makes a value too long")
        return self.budget.measured(super().call_binop(context, operator, left, right))

    def _own(self, apply: Callable[..., Any]) -> Callable[..., Any]:
        # A filter that asks for the context is never worked out beforehand: the language is known at the rendering.
        @pass_context
        def counted(context: Context, *args: Any, **named: Any) -> Any:  # noqa: ANN401
            return self.budget.measured(apply(*args, **named))

        return counted

    def _counted(self, apply: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **named: Any) -> Any:  # noqa: ANN401
            made = self.budget.measured(apply(*args, **named))
            return self.budget.walked(made) if isinstance(made, Iterator) else made

        if hasattr(apply, "jinja_pass_arg"):  # by it Jinja's filters say what they want as first argument
            counted.jinja_pass_arg = apply.jinja_pass_arg  # type: ignore[attr-defined]
        return counted

    def _range(self, *bounds: int) -> range:
        found = range(*bounds)
        if len(found) > LONGEST_RANGE:
            raise Runaway("the template makes a value too long")
        return found

    def _join(self, values: Iterable[Any], between: str = "", attribute: str | None = None) -> str:
        parts, size = [], 0
        for value in self.budget.walked(values):
            part = str(value if attribute is None else self.getitem(value, attribute))
            size += len(part) + len(between)
            if size > LONGEST:
                raise Runaway("the template makes a value too long")
            parts.append(part)
        return between.join(parts)

    def _replace(self, text: object, old: str, new: str, times: int = -1) -> str:
        whole = str(text)
        found = whole.count(old) if times < 0 else min(times, whole.count(old))
        if len(whole) + found * (len(new) - len(old)) > LONGEST:
            raise Runaway("the template makes a value too long")
        return self.budget.measured(whole.replace(old, new, times))

    def _json(self, value: object) -> str:
        return self.budget.measured(json.dumps(value, ensure_ascii=False, default=str))


def _round(value: Any, places: int = 0) -> Any:  # noqa: ANN401
    return round(value, max(-MOST_PLACES, min(MOST_PLACES, places)))
