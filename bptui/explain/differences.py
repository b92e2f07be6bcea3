"""What two scenarios say differently, in the words of their files: `activation of h: relu in A, max(x, 0) in B`.

Every field of a scenario is walked, so that a new key needs nothing here. What is left out is a list of paths. A law is
its text and never its tree, a default is called one, and a network beside written equations is one difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import singledispatch
from typing import Any

import numpy as np

from ..engine.form import Form
from ..replay.run import Run
from ..scenario.records import Activation, Init, Layer, Loss, RateSchedule, Scenario, WrittenCondition
from ..scenario.schema import COMMON, KINDS, LAYER
from ..scenario.sections import LINEAR
from ..scenario.trees import WrittenEquation
from .relation import relation

DERIVED = ("name", "path", "digest", "lines", "files", "network.layers[].key", "training.objectives[].key")
WORDS = ("title", "source", "about", "beside", "start", "claims")       # they change nothing that runs
FORMS = ("network", "equations", "data", "loss.kind", "loss.name")      # not compared between the two forms
LETTERS = ("A", "B")
SHOWN = 12                                          # numbers of a tensor that are written out
PREFIXES = {"equations.parameters": "parameters", "equations.values": "values", "equations.noise": "noise",
            "equations.lines": "equations", "training.options": "training", "letters": "names"}
MOVED = re.compile("|".join(re.escape(prefix) for prefix in PREFIXES))  # where the file has what a record holds


@dataclass(frozen=True)
class Difference:
    """Something that the two scenarios say differently; None where one does not say it.

    `path` is where it stands in A's file, else in B's. `note` says how B's numbers are A's, where they are related.
    """

    what: str
    a: str | None
    b: str | None
    note: str = ""
    path: str = ""

    def said(self, letters: tuple[str, str] = LETTERS) -> str:
        """`training.batch: 1 in A, all in B`."""
        text = f"{self.what}: {self.a or 'nothing'} in {letters[0]}, {self.b or 'nothing'} in {letters[1]}"
        return f"{text}: {self.note}" if self.note else text


@dataclass(frozen=True)
class _Said:
    """A key of one file: how it is called, its value, whether the file is silent about it, and where it stands."""

    called: str
    value: Any
    default: bool
    path: str

    @property
    def text(self) -> str:
        return written(self.value) + (" (by default)" if self.default else "")


def differences(a: Run, b: Run, letters: tuple[str, str] = LETTERS) -> Iterator[Difference]:
    """Every key that the two scenarios hold differently, in the order of their sections."""
    ours, theirs = a.scenario, b.scenario
    mine, its = a.model.form, b.model.form
    forms = mine.name != its.name
    alone: set[str] = set()
    if forms:
        yield Difference("form", mine.words().whole, its.words().whole, path=str(mine.key[0]))
    else:
        for each in _lists(mine, its):
            alone.add(each.what)
            yield each
    here, there = (dict(_flat(scenario, forms)) for scenario in (ours, theirs))
    for key in dict.fromkeys((*here, *there)):
        x, y = here.get(key), there.get(key)
        if all(each is None or each.default for each in (x, y)):
            continue                                # neither file says it: what else they say makes the difference
        if key[0] not in alone and (x is None or y is None or not same(x.value, y.value)):
            yield _difference(x, y, letters)


def words_apart(a: Run, b: Run) -> tuple[str, ...]:
    """The keys that are words or figures alone and differ, such as the title: they change nothing that runs."""
    return tuple(key for key in WORDS if not same(getattr(a.scenario, key), getattr(b.scenario, key)))


def _lists(a: Form, b: Form) -> Iterator[Difference]:
    """Layers or equations that one file alone has, and the order of those that both have."""
    kind, path, mine, its = a.words().part, ".".join(map(str, a.key)), a.words().parts, b.words().parts
    for name in dict.fromkeys((*mine, *its)):
        if name not in mine or name not in its:
            yield Difference(f"{kind} {name}", mine.get(name), its.get(name), path=path)
    both = [[name for name in one if name in other] for one, other in ((mine, its), (its, mine))]
    if both[0] != both[1]:
        yield Difference(f"order of the {kind}s", ", ".join(both[0]), ", ".join(both[1]), path=path)


def _difference(x: _Said | None, y: _Said | None, letters: tuple[str, str]) -> Difference:
    said = x or y
    assert said is not None
    a, b = (each.value if each is not None and isinstance(each.value, np.ndarray) else None for each in (x, y))
    texts = [each.text if each is not None else None for each in (x, y)]
    note = ""
    if a is not None and b is not None:
        note = relation(a, b, letters)
        if a.shape == b.shape and a.size > SHOWN:
            apart = np.argwhere(~((a == b) | (np.isnan(a) & np.isnan(b))))
            first = tuple(int(n) for n in apart[0])
            texts = [f"{number(array[first])} at {list(first)}" for array in (a, b)]
            count = f"{len(apart):,} of {a.size:,} numbers differ"
            note = f"{note}; {count}" if note else count
    return Difference(said.called, texts[0], texts[1], note, said.path)


# a scenario as keys

Keyed = tuple[tuple[str, str], _Said]               # the layer or equation that a key is of, and its name; what is said


def _flat(scenario: Scenario, forms: bool) -> Iterator[Keyed]:
    """Every key of a scenario with its value; with `forms`, only what a network and equations have in common."""
    for each in fields(scenario):
        if each.name not in WORDS and not (forms and each.name in FORMS):
            for key, said in _of(scenario, each.name, getattr(scenario, each.name)):
                if not (forms and said.path in FORMS):
                    yield key, said


def _of(scenario: Scenario, path: str, value: Any) -> Iterator[Keyed]:  # noqa: C901
    if re.sub(r"\[[0-9]+\]", "[]", path) in DERIVED or value is None or (isinstance(value, tuple) and not value):
        return
    match value:
        case Loss():
            yield _keyed(scenario, f"{path}.kind", WrittenCondition(value.text, value.law) if value.law else value.kind)
            yield from _fields(scenario, path, value, ("kind", "law", "text"))
        case Layer():
            for name, part in _parts(value):
                at = (*value.key, name)
                yield (f"layer {value.name}", name), _Said(f"{name} of {value.name}", part, _silent(scenario, at),
                                                           _path(at))
        case WrittenEquation():
            yield (f"equation {value.name}", ""), _Said("equations", value, False, path.replace("lines", "forward"))
        case tuple() if is_dataclass(value[0]):
            for at, one in enumerate(value):
                yield from _of(scenario, f"{path}[{at}]", one)
        case Activation() | Init() | WrittenCondition() | RateSchedule():
            yield _keyed(scenario, path, value)
        case _ if is_dataclass(value):
            yield from _fields(scenario, path, value)
        case Mapping():
            options = dict(value)
            if "beta1" in options and "beta2" in options:       # the file has them as one
                options["betas"] = (options.pop("beta1"), options.pop("beta2"))
            for key, inner in options.items():
                yield from _of(scenario, f"{path}.{key}", inner)
        case _:
            yield _keyed(scenario, path, value)


def _fields(scenario: Scenario, path: str, record: Any, apart: tuple[str, ...] = ()) -> Iterator[Keyed]:
    for each in fields(record):
        if each.name not in apart:
            yield from _of(scenario, f"{path}.{each.name}", getattr(record, each.name))


def _parts(layer: Layer) -> Iterator[tuple[str, Any]]:
    """The keys of a layer, as the file calls them."""
    for each in fields(layer):
        value = getattr(layer, each.name)
        if each.name == "extra":
            yield from value.items()
        elif each.name == "units":
            if value:
                yield "filters" if layer.kind == "conv2d" else "units", value
        elif each.name not in ("key", "name") and value is not None and not _foreign(layer, each.name, value):
            yield each.name, value


def _foreign(layer: Layer, name: str, value: Any) -> bool:
    """Whether a layer of this kind has no such key, so that it only holds what every record does."""
    own = {key.rstrip("!") for key in KINDS.get(layer.kind, LAYER)}
    return name not in (*COMMON, *own) and same(value, LINEAR if name == "activation" else True)


def _keyed(scenario: Scenario, path: str, value: Any) -> Keyed:
    called = MOVED.sub(lambda found: PREFIXES[found[0]], path, count=1) if MOVED.match(path) else path
    key = tuple(int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", called))
    return ("", called), _Said(called, value, _silent(scenario, key), called)


def _silent(scenario: Scenario, key: tuple[str | int, ...]) -> bool:
    """Whether the file does not say a key, so that what it holds is the default."""
    if key[-1] == "alpha" and (*key[:-1], "rho") in scenario.lines:
        return False
    return bool(scenario.lines) and key[0] in ("network", "loss", "training") and key not in scenario.lines


def _path(key: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key).lstrip(".")


# values

def same(x: Any, y: Any) -> bool:
    """Whether two values of a scenario mean the same; NaN is NaN, and where a tree stands in its text is nothing."""
    if isinstance(x, np.ndarray) and isinstance(y, np.ndarray):
        return x.shape == y.shape and bool(((x == y) | (np.isnan(x) & np.isnan(y))).all())
    if isinstance(x, tuple) and isinstance(y, tuple):
        return type(x) is type(y) and len(x) == len(y) and all(map(same, x, y))
    if isinstance(x, Mapping) and isinstance(y, Mapping):
        return x.keys() == y.keys() and all(same(x[key], y[key]) for key in x)
    if type(x) is not type(y):
        return False
    if is_dataclass(x):
        return all(_alike(each.name, getattr(x, each.name), getattr(y, each.name))
                   for each in fields(x) if each.name not in ("column", "key"))
    return bool(x == y)


def _alike(name: str, x: Any, y: Any) -> bool:
    """A text is the same whatever its blanks are."""
    if name == "text" and isinstance(x, str) and isinstance(y, str):
        return "".join(x.split()) == "".join(y.split())
    return same(x, y)


def number(value: float) -> str:
    """A number with all its digits, without the .0 of a whole one."""
    return repr(float(value)).removesuffix(".0")


@singledispatch
def written(value: Any) -> str:
    """A value as a file writes it."""
    return str(value)


written.register(float, number)


@written.register
def _(value: bool) -> str:
    return "true" if value else "false"


@written.register
def _(value: tuple) -> str:
    if len(value) == 2 and value[0] == value[1] and all(type(n) is int for n in value):
        return str(value[0])                        # rows and columns, in one number
    return f"[{', '.join(_quoted(item) if isinstance(item, str) else written(item) for item in value)}]"


@written.register
def _(value: np.ndarray) -> str:
    if value.size > SHOWN:
        return f"{' x '.join(map(str, value.shape))} numbers"
    return number(float(value)) if value.ndim == 0 else f"[{', '.join(map(written, value))}]"


@written.register(Mapping)
def _(value: Mapping[str, Any]) -> str:
    return f"{{ {', '.join(f'{key} = {written(inner)}' for key, inner in value.items())} }}"


@written.register
def _(value: Init) -> str:
    return written({"init": _quoted(value.kind), **value.options})


@written.register
def _(value: RateSchedule) -> str:
    return written({"kind": _quoted(value.kind), **value.options})


@written.register
def _(value: Activation) -> str:
    text = value.text or value.name or ""
    if not value.parameters:
        return text
    train = {"train": value.train} if value.train else {}
    return written({"law": _quoted(text), **value.parameters, **train})


@written.register
def _(value: WrittenCondition) -> str:
    return value.text


@written.register
def _(value: WrittenEquation) -> str:
    return value.text


def _quoted(text: str) -> str:
    return f'"{text}"'
