"""Where the run stands, as one line of text: the event that a debugger without a screen prints.

Fields stand two spaces apart, and no field has two spaces in it: first the position, as it can be typed after `g`,
then what is made there, `NAME = VALUE`, with the factor or the term that it took in a field of its own, and last
the line of words. Nothing is told that the position has not reached: its place says "not made yet".
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..explain import notation
from ..explain.advice import advice
from ..explain.claims import ClaimResult, said
from ..explain.links import Link, column
from ..replay.places import write_position
from ..replay.timeline import Position
from ..scenario.errors import printable
from .scene import Scene
from .state.session import Session

NOT_YET = "not made yet"
BEGINNING = "Nothing is made yet: s makes the first term, n the first value, ? lists the verbs."
TOOK = ("factor", "path", "term")                   # rows of a chain that are steps on the way to a value


def line(*fields: str) -> str:
    """Fields as a line: two spaces only between them, and nothing in them that a terminal could obey."""
    return "  ".join(cleaned for field in fields if (cleaned := printable(" ".join(field.split()))))


def place(session: Session, at: Position) -> str:
    """A position as it can be typed; which sample is looked at, and which run, where there are several."""
    several = session.run.model.rows.count > 1
    sample = f" sample {session.row()}" if several and at == session.position else ""
    run = f" in {session.branch.name}" if len(session.branches) > 1 else ""
    return f"{write_position(session.run, at)}{sample}{run}"


def event(scene: Scene) -> str:
    """The line of where the run stands."""
    session = scene.session
    at = session.position
    made = made_here(scene) if at.value else []
    begun = at != Position(0) or session.message
    words = scene.sentence if begun else " ".join((BEGINNING, *advice(session.run)))
    return line(place(session, at), *made, words)


def made_here(scene: Scene) -> list[str]:
    """What this stop makes, the value first if it is there; else the term that it has come to."""
    session = scene.session
    at = scene.explainer
    chain = at.chain(session.position.value)
    rows = [r for r in chain.rows if r.made == session.here and r.value is not None and not r.depth]
    results = [r for r in rows if r.kind == "result"]
    if any(not math.isfinite(r.value or 0.0) for r in results):     # then the term that made it so, not the last
        broken = [r for r in chain.rows if r.kind in TOOK and not r.depth and r.made <= session.here
                  and not math.isfinite(r.value or 0.0)]
        rows = broken[:1] or rows
    named = [(at.title(chain.target), r) for r in results] + [(r.name, r) for r in rows if r.kind in TOOK]
    return [f"{name} = {number(row)}{printed(scene, row)}" for name, row in named]


def number(row: Link, nine: bool | None = None) -> str:
    """The value of a row; in the notation of its column, if that is known."""
    if row.value is None:
        return ""
    return notation.one(row.value, row.signed) if nine is None else notation.number(row.value, row.signed, nine)


def printed(scene: Scene, row: Link) -> str:
    """Whether the source prints this figure, and whether it agrees."""
    session = scene.session
    update = session.position.update
    figure = scene.marks.at(update, row.key, session.lane) if row.key else None
    if figure is None or row.value is None:
        return ""
    return f" (printed, {verdict(scene.marks.beside(figure, row.value))})"


def verdict(found: ClaimResult) -> str:
    """A verdict in the words of the screen, where a known erratum has the mark of what differs."""
    return "differs" if found.verdict == "known erratum" else said(found.verdict, found.digits)


# the chain

def chain_lines(scene: Scene) -> Iterable[str]:
    """The chain of what is followed, else of the value in the making, a row a line, as far as it has come."""
    session = scene.session
    chain = scene.chain
    if chain is None:
        yield "Nothing is made yet that has a chain: step on with s."
        return
    name, *factors = [part.text for part in chain.formula]
    yield line(f"{chain.title}: {name} = {' × '.join(factors)}" if factors else chain.title)
    there = [r for r in chain.rows if r.made <= session.here]
    nine = notation.plain(column(there))
    for row in chain.rows:
        yield _row(scene, row, nine, row.made <= session.here)
    if product := chain.factors(session.here):
        yield line(f"{name} = {notation.product(product)} = {number(chain.result)}")


def _row(scene: Scene, row: Link, nine: bool, there: bool) -> str:
    name = f"{row.number} {row.name}" if row.number else row.name
    if row.value is None and row.kind in ("head", "note"):
        shown = name
    else:
        shown = f"{name} = {number(row, nine)}{printed(scene, row)}" if there else f"{name} {NOT_YET}"
    rule = row.rule if there or row.kind in ("factor", "path", "head") else ""
    lens = row.lens if there and row.lens != row.rule else ""
    return line(row_place(scene, row), shown, " = ".join(text for text in (rule, lens) if text))


def row_place(scene: Scene, row: Link) -> str:
    """Where a row of a chain is made; what is there from the start is at the start of the update."""
    session = scene.session
    (value, inner), update = row.made, session.position.update
    if value > scene.times.count:
        return "never"                              # the last update of a run has no update phase
    return write_position(session.run, Position(update, value, min(inner, scene.times.stops(value))))


def following(scene: Scene) -> str:
    """What is followed, and of which factors it is the product."""
    session = scene.session
    chain = scene.chain
    if session.followed is None:
        return "Nothing is followed: all values are visited."
    if chain is None:
        return line(f"Following {session.follow_name()}.")
    some = session.only and session.needed(session.position.update, session.followed)
    how = "s visits only what it needs" if some else "s visits all values"
    factors = " × ".join(part.text for part in chain.formula[1:])
    return line(f"Following {session.follow_name()}{f' = {factors}' if factors else ''}: {how}.")
