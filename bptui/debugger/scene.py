"""One frame, or one command: what is derived from where a session stands, each once, when it is asked for.

A scene is of the moment in which it is made. It changes nothing and nobody keeps it: whoever moves the session and
wants to know more makes another. So what one frame shows is derived once, and never older than the frame.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any, TypeVar

from ..engine.executor import Env
from ..engine.program import Program, Var
from ..explain import words
from ..explain.chain import Explainer
from ..explain.links import Chain
from ..explain.listing import ProgramLine
from ..explain.marks import Marks
from ..explain.namer import Namer
from ..replay.meaning import Place
from ..replay.moves import Path
from ..replay.timeline import Timeline
from . import ahead
from .ahead import Coming
from .state.session import Session, listed, number_in, same_in

T = TypeVar("T")


class Scene:
    def __init__(self, session: Session, whole: bool = False, shown: tuple[str, ...] = ()) -> None:
        self.session = session
        self.shown = shown or session.shown         # the panes that are drawn
        self.whole = whole                          # for whoever has no cursor to unfold a row of the chain
        self._kept: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What a floor above derives and keeps for this scene: the views of tables."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    # where the session stands

    @cached_property
    def program(self) -> Program:
        return self.session.run.program(self.session.position.update)

    @cached_property
    def times(self) -> Timeline:
        return self.session.times

    @cached_property
    def env(self) -> Env:
        return self.session.run.env(self.session.position.update)

    @cached_property
    def namer(self) -> Namer:
        return self.session.namer

    @cached_property
    def marks(self) -> Marks:
        return self.session.marks

    @cached_property
    def path(self) -> Path:
        """The way that stepping takes."""
        return self.session.path()

    @cached_property
    def lines(self) -> tuple[ProgramLine, ...]:
        """The program listing of this update."""
        return self.session.branch.lines(self.times)

    # the chain

    @cached_property
    def explainer(self) -> Explainer:
        session = self.session
        return Explainer(session.run, session.position.update, session.lane, session.here, session.unfolded,
                         whole=self.whole)

    @cached_property
    def coming(self) -> Coming | None:
        """What the next step makes, to be shown before it is made."""
        return ahead.coming(self.session, self.path)

    @cached_property
    def chain(self) -> Chain | None:
        """The chain on screen: of what is followed, else of the value in the making; in a lecture of the next step."""
        if self.session.beat and self.coming is not None:
            return self.coming.chain
        return self.made if self.session.followed is None else self._followed()

    @cached_property
    def made(self) -> Chain | None:
        """The chain of the value in the making."""
        value = self.session.position.value
        return self.explainer.chain(value) if value else None

    def _followed(self) -> Chain:
        followed, lane, explainer = self.session.followed, self.session.lane, self.explainer
        assert followed is not None
        var, element = same_in(self.program, followed.var), followed.element or 0
        if followed.of is None:
            return explainer.derivative(var, element)
        y = same_in(explainer.program, followed.of.var)
        return explainer.total((y, y.flat(followed.of.element or 0, lane)), (var, var.flat(element, lane)))

    # parameters, as a long list

    @cached_property
    def tensors(self) -> tuple[Var, ...]:
        """The parameters of this update's program: those that are ever trained first."""
        return listed(self.session.run, self.session.position.update)

    @cached_property
    def parameter_count(self) -> int:
        return sum(v.size for v in self.tensors)

    def parameter_number(self, place: Place) -> int:
        """The row of a parameter in the list."""
        return number_in(self.tensors, place)

    def parameter(self, number: int) -> tuple[Var, int]:
        """The number-th parameter of the list: (variable, element)."""
        for var in self.tensors:
            if number < var.size:
                return var, number
            number -= var.size
        raise IndexError(number)

    # words

    @property
    def sentence(self) -> str:
        """The line of words: a message, what is wrong with a printed figure, or what this step means."""
        session = self.session
        if session.message:
            return session.message
        if session.beat and self.coming is not None:
            return ahead.sentence(self.coming, session.beat)
        if self.figure:
            return self.figure
        if session.untouched:
            return words.beginning(session.run)
        return words.about_step(self.explainer, session.position, self.made)

    @property
    def figure(self) -> str:
        """What is wrong with the printed figure of the row under the cursor, or of this step."""
        session, chain = self.session, self.chain
        if chain is None or session.beat:
            return ""
        number = session.cursor["chain"]
        rows = [chain.rows[number]] if number is not None and number < len(chain.rows) else []
        rows += [r for r in chain.rows if r.made == session.here]
        for row in rows:
            printed = self.marks.at(session.position.update, row.key, session.lane) if row.key else None
            if printed is not None and row.made <= session.here and row.value is not None:
                text = words.about_figure(self.marks, printed, row.value)
                if text:
                    return text
        return ""
