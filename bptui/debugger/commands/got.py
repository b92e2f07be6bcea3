"""I got another number: compares a typed number with the value under the cursor, and looks for its digits."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

from ...explain import got, notation, search, slopes
from ...explain.trial import Kink
from ...replay.places import write_position
from ...scenario import decimals
from ...scenario.errors import quoted, sentence
from ..event import NOT_YET, line
from ..job import begin
from ..panes.register import refusal as refusal_here
from ..panes.register import subject
from ..scene import Scene
from ..state.records import Yours
from ..state.session import Session
from ..subject import Subject

NOWHERE = "No value of this update has your digits, here or beside; nor this value, later."
STOPPED = "Stopped looking for your digits."
SAID = {"looking": "Looking for your digits …", "stopped": STOPPED, "looked": NOWHERE}
NOTHING = "Nothing is made here yet to compare with: step first, or put the cursor on a weight."
ELSEWHERE = "Put the cursor on a weight or a value first: i compares your number with it."


def selected(scene: Scene) -> Subject | None:
    """What a typed number is compared with: the value that the cursor is on."""
    found = subject(scene)
    if found is None or not (found.compared.quantity or found.compared.value is not None):
        return None
    return found.compared


def refusal(session: Session) -> str:
    """Why a number has nothing here to be compared with; empty where it has."""
    scene = Scene(session)
    if selected(scene) is not None:
        return ""
    return refusal_here(scene, NOTHING if session.untouched and session.focus == "chain" else ELSEWHERE)


def compare(session: Session, text: str) -> None:
    """Compare a typed number with the value under the cursor, and look for its digits."""
    typed = search.read_number(text)
    if unclear := decimals.with_points(text)[1]:
        session.message = sentence(unclear)
        return
    if typed is None:
        session.message = f"{quoted(text)} is no number: type its digits, as in 0.000364723."
        return
    if typed.beyond:
        session.message = f"{typed.text} {typed.beyond}."
        return
    asked = selected(Scene(session))
    if asked is None:
        session.message = refusal(session)
        return
    verdict, rounding = ("not made yet: step to it, and compare", False) if asked.value is None else \
        _judged(session, typed, asked, asked.value)
    session.yours = Yours(typed, asked, verdict, rounding)
    session.message = ""
    if not rounding:
        session.yours.state = "looking"
        begin(session, DigitSearch(session.yours, got.look(session.run, session.beside, typed, asked.quantity,
                                                           session.position.update, session.lane)), 0.0)


@dataclass(frozen=True)
class DigitSearch:
    """The look for the typed digits, here and beside."""

    yours: Yours
    source: Iterator[got.Found | None]

    def work(self, seconds: float) -> bool:
        end = time.perf_counter() + seconds
        while (found := next(self.source, StopIteration)) is not StopIteration:
            if isinstance(found, got.Found):
                self.yours.found.append(found)
            if time.perf_counter() > end:
                return True
        self.yours.state = "looked"
        return False

    def progress(self) -> str:
        return ""                                   # the card says it

    def stop(self) -> str:
        self.yours.state = "stopped"
        return STOPPED


def _judged(session: Session, typed: search.Typed, asked: Subject, here: float) -> tuple[str, bool]:
    """How the typed number differs from the one here, and whether that is only rounding; of a kink, the rule."""
    words, rounding = got.compare(typed, here)
    if not rounding:
        words, rounding = got.compare(typed, here, *got.nature(session.run, asked.quantity, here,
                                                               session.position.update, session.lane))
    kink = _kink(session, asked) if math.isfinite(here) else None
    return (f"{words}; at a kink: {kink.rule}" if kink is not None else words), rounding


def _kink(session: Session, asked: Subject) -> Kink | None:
    """The kink at which a derivative is taken, if E has two slopes there."""
    if asked.place is None or asked.part:
        return None
    var, element = asked.place.var, asked.place.element or 0
    x = var.derivative_of
    return slopes.bends(Scene(session).explainer, (x, var.flat(element, session.lane))) if x is not None else None


def lines(session: Session) -> Iterator[str]:
    """The typed number beside the one here, and where its digits stand."""
    answer = session.yours
    assert answer is not None
    typed, here, asked = answer.typed, answer.asked.value, answer.asked
    value = typed.value if typed.sign != "-" else -abs(typed.value)
    nine = notation.plain([value, here])
    yield line(f"Yours = {notation.number(value, True, nine)}", answer.verdict)
    yield line(f"{asked.name} = {notation.number(here, True, nine)}" if here is not None else f"{asked.name} {NOT_YET}",
               "what the run has here" if here is not None else "")
    if answer.rounding:
        yield answer.conclusion
    elif not answer.found and answer.state == "looked":
        yield NOWHERE
    for found in answer.found:
        where = write_position(found.run, found.hit.at)
        what = f"{found.hit.what} = {notation.one(found.hit.value, True)}"
        if found.beside:
            yield line(f"In {found.run.scenario.name}", where, what, "your digits")
        else:
            yield line(where, what, "your digits")
