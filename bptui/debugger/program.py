"""The lines of the program pane: phases, equations, and the elements of the block that is being made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..explain import notation

if TYPE_CHECKING:
    from .scene import Scene

MOST_OPEN = 8                                       # elements of the current block that are listed


@dataclass(frozen=True)
class Entry:
    """One line of the program listing."""

    indent: int
    text: str
    reached: bool
    now: bool = False
    heading: bool = False
    mark: bool = False
    count: str = ""
    value: str = ""
    value_style: str = ""
    number: int = 0                                 # the value that the line is about


def program_entries(scene: Scene) -> list[Entry]:
    session = scene.session
    lines, here = scene.lines, session.position.value
    inside = max((len(line.left) for line in lines if len(line.left) <= 11), default=4)
    entries: list[Entry] = []
    phase = ""
    for line in lines:
        if line.phase != phase:
            phase = line.phase
            entries.append(Entry(1, phase, line.first <= here, heading=True, number=line.first))
        now = line.first <= here <= line.last
        sign = "←" if phase == "update" else "="
        entries.append(Entry(3, f"{line.left:<{inside}} {sign} {line.right}", line.first <= here, now,
                             count=str(line.count), number=line.first))
        if now and line.count > 1:
            entries += _opened(scene, line.first, line.last)
    return entries


def _opened(scene: Scene, first: int, last: int) -> list[Entry]:
    """The elements of the block that is being made; of many, those around the position."""
    session = scene.session
    times, here = scene.times, session.position.value
    low = max(first, min(here - 2, last - MOST_OPEN + 1)) if last - first >= MOST_OPEN else first
    done = here - (0 if session.position.inner >= times.stops(here) else 1)
    env = scene.env
    entries: list[Entry] = []
    for value in range(low, min(last, low + MOST_OPEN - 1) + 1):
        block, element = times.locate(value)
        out = times.blocks[block].out
        there = value <= done
        number = env.scalar((out, out.flat(element, session.lane)))
        signed = times.blocks[block].phase == "backward"
        text = notation.one(number, signed) if there else f"  {notation.PENDING}"
        style = "dim" if not there else "plus" if signed and number > 0 else "minus" if signed and number < 0 else ""
        entries.append(Entry(7, scene.namer.of(out, element), there, value == here, mark=value == here, value=text,
                             value_style=style, number=value))
    return entries
