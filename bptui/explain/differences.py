"""What two scenarios say differently: every key of theirs, but not their words and figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from ..replay.run import Run

WORDS = ("name", "path", "title", "source", "about", "beside", "start", "claims", "digest", "lines", "key")


@dataclass(frozen=True)
class Difference:
    """Something that the two scenarios say differently; None where one does not say it."""

    what: str
    a: str | None
    b: str | None


def differences(a: Run, b: Run) -> Iterator[Difference]:
    """Every key that the two scenarios hold differently, in the order of their sections."""
    ours, theirs = (dict(_flat("", run.scenario)) for run in (a, b))
    for what in dict.fromkeys((*ours, *theirs)):
        if ours.get(what) != theirs.get(what):
            yield Difference(what, ours.get(what), theirs.get(what))


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """A record as lines: `training.batch` and what it is."""
    if is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            if each.name not in WORDS:
                yield from _flat(f"{path}.{each.name}".lstrip("."), getattr(value, each.name))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}", inner)
    elif isinstance(value, tuple) and any(is_dataclass(item) for item in value):
        for n, item in enumerate(value):
            yield from _flat(f"{path}[{getattr(item, 'name', None) or n}]", item)
    elif value is not None and not (isinstance(value, tuple) and not value):
        yield path, _written(value)


def _written(value: Any) -> str:
    if isinstance(value, np.ndarray):
        text = np.array2string(value, threshold=8, separator=", ", floatmode="unique", max_line_width=10**6)
        return " ".join(text.split())
    return str(value)
