"""What a command leaves behind to be shown: a search, the answer about somebody's number, a stop that is set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ...explain import got, search
from ...replay.stops import Stop


class Opposite(Protocol):
    """What a typed number is compared with: its name, its value once it is made, and how it is typed."""

    @property
    def name(self) -> str: ...

    @property
    def value(self) -> float | None: ...

    @property
    def quantity(self) -> str: ...


@dataclass(frozen=True)
class SetStop:
    """A stop that was set. `fault` says why it does not fit this run; then it waits for one that it fits."""

    stop: Stop
    enabled: bool = True
    fault: str = ""


@dataclass
class Search:
    """A search: its hits so far, and which of them is shown."""

    text: str
    source: Iterator[search.Hit | None] | None
    hits: list[search.Hit] = field(default_factory=list)
    at: int = -1


@dataclass
class Yours:
    """The answer to "I got another number": what was typed, and where its digits stand."""

    typed: search.Typed
    asked: Opposite
    verdict: str
    rounding: bool
    found: list[got.Found] = field(default_factory=list)
    state: Literal["looking", "looked", "stopped"] = "looked"

    @property
    def conclusion(self) -> str:
        """What a reader may conclude where the two are the same number, as far as it was written."""
        exact = abs(self.typed.value) == abs(self.asked.value or 0.0)
        return "So you have the same number" + ("." if exact else ": the difference is rounding.")
