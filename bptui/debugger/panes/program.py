"""The lines of the program pane: phases, equations, and the elements of the block that is being made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...explain import notation
from ...replay.meaning import Place
from ...replay.places import write_position
from ...replay.timeline import Position
from ..scene import Scene
from ..state.session import Session
from ..subject import Subject, numbered
from .lines import line
from .pane import GoesOn, Pane

MOST_OPEN = 8                                       # elements of the current block that are listed


@dataclass(frozen=True)
class Listed:
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


def entries(scene: Scene) -> list[Listed]:
    session = scene.session
    lines, here = scene.lines, session.position.value
    inside = max((len(line.left) for line in lines if len(line.left) <= 11), default=4)
    found: list[Listed] = []
    phase = ""
    for each in lines:
        if each.phase != phase:
            phase = each.phase
            found.append(Listed(1, phase, each.first <= here, heading=True, number=each.first))
        now = each.first <= here <= each.last
        sign = "←" if phase == "update" else "="
        found.append(Listed(3, f"{each.left:<{inside}} {sign} {each.right}", each.first <= here, now,
                             count=str(each.count), number=each.first))
        if now and each.count > 1:
            found += _opened(scene, each.first, each.last)
    return found


def _opened(scene: Scene, first: int, last: int) -> list[Listed]:
    """The elements of the block that is being made; of many, those around the position."""
    session = scene.session
    times, here = scene.times, session.position.value
    low = max(first, min(here - 2, last - MOST_OPEN + 1)) if last - first >= MOST_OPEN else first
    done = here - (0 if session.position.inner >= times.stops(here) else 1)
    env = scene.env
    found: list[Listed] = []
    for value in range(low, min(last, low + MOST_OPEN - 1) + 1):
        block, element = times.locate(value)
        out = times.blocks[block].out
        there = value <= done
        number = env.scalar((out, out.flat(element, session.lane)))
        signed = times.blocks[block].phase == "backward"
        text = notation.one(number, signed) if there else f"  {notation.PENDING}"
        style = "dim" if not there else "plus" if signed and number > 0 else "minus" if signed and number < 0 else ""
        found.append(Listed(7, scene.namer.of(out, element), there, value == here, mark=value == here, value=text,
                             value_style=style, number=value))
    return found


# the pane

def _default(scene: Scene) -> int:
    return next((n for n, e in enumerate(entries(scene)) if e.mark or e.now), 0)


def _subject(scene: Scene, n: int) -> Subject | None:
    entry = entries(scene)[n]
    if entry.heading:
        return None
    return replace(numbered(scene, entry.number), count=int(entry.count or 1))


def _enter(session: Session, scene: Scene, n: int) -> None:
    block, element = scene.times.locate(entries(scene)[n].number)
    session.follow(Place(scene.times.blocks[block].out, element))


def lines(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """The equations as they run, phase by phase."""
    run, update = scene.session.run, scene.session.position.update
    for entry in entries(scene):
        if entry.heading or entry.count:
            where = write_position(run, Position(update, entry.number, scene.times.stops(entry.number)))
            size = f"{entry.count} value{'s' * (entry.count != '1')}" if entry.count else ""
            yield line(where, entry.text, size, "" if entry.reached else "not reached yet")


PANE = Pane("program", "3", "3", "Program", "the equations, as they run", "left",
            rows=lambda scene: len(entries(scene)), default=_default, subject=_subject,
            refusal="This line is the name of a phase.", enter=_enter, clears_on_step=True, lines=lines)
