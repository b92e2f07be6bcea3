"""The figures that the source prints, and ours once they are made."""

from __future__ import annotations

from collections.abc import Iterator

from ...explain import notation
from ...explain.marks import Printed
from ...replay.places import write_position
from ..event import verdict
from ..scene import Scene
from ..state.session import Session
from ..subject import Subject
from .lines import NOT_YET, line
from .pane import GoesOn, Pane, TableOf
from .table import Column, Row, Table, few_rows
from .view import shown_rows


def figures(scene: Scene) -> list[Printed]:
    """What the source prints, of which the list of printed figures is made."""
    return [p for p in scene.marks.printed if p.claim.value is not None]


def printed(scene: Scene) -> Table:
    """The figures that the source prints, and ours once they are made."""
    session = scene.session
    found = figures(scene)

    def row(n: int) -> Row:
        figure = found[n]
        name = figure.claim.what if not figure.claim.after else f"{figure.claim.what} after {figure.claim.after}"
        if figure.made > session.position:
            return Row(notation.readable(name), (None, None, None))
        result = scene.marks.result(figure)
        here = result.computed if isinstance(result.computed, float) else None
        return Row(notation.readable(name), (figure.claim.value, here, result.verdict))
    columns = (Column("printed", "printed", number=False), Column("here", "here"),
               Column("verdict", "verdict", number=False))
    return few_rows("Printed", "quantity", columns, len(found), row, main=1)


def _default(scene: Scene) -> int:
    return max(0, sum(p.made <= scene.session.position for p in figures(scene)) - 1)


def _subject(scene: Scene, n: int) -> Subject:
    figure = figures(scene)[n]
    what, value = figure.claim.what, None
    if figure.made <= scene.session.position:
        value = scene.marks.result(figure).computed
    return Subject(notation.readable(what), value if isinstance(value, float) else None, what, at=figure.made)


def _enter(session: Session, scene: Scene, n: int) -> None:
    figure = figures(scene)[n]
    session.jump(figure.made, f"Here the source prints {figure.claim.value}. - goes back.")


def lines(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """The figures that the source prints, and ours once they are made."""
    found = figures(scene)
    if not found:
        yield "No printed figures stand in this scenario."
    for figure in (found[n] for n in shown_rows(scene, "printed", printed)):
        yield line(write_position(scene.session.run, figure.made), *_fields(scene, figure))


def _fields(scene: Scene, figure: Printed) -> list[str]:
    claim = figure.claim
    name = notation.readable(claim.what) + (f" after {claim.after}" if claim.after else "")
    if figure.made > scene.session.position:
        return [f"{name} {NOT_YET}"]
    result = scene.marks.result(figure)
    computed = result.computed
    here = name if computed is None else f"{name} = {notation.number(float(computed), decimals=result.decimals)}"
    why = f"{claim.why}." if claim.why and result.verdict != "agrees" else ""
    return [here, f"printed {claim.value}: {verdict(result)}", why]


PANE = Pane("printed", "6", "6", "Printed figures", "what the source prints; does it agree?", "right", low=True,
            rows=TableOf(printed), default=_default, subject=_subject, enter=_enter, lines=lines)
