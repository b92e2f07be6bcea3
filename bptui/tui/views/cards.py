"""What can stand in the chain's place: the card of the first screen, and the answer to "I got another number"."""

from __future__ import annotations

from ...debugger import asking, cursors
from ...debugger.commands import key_of
from ...debugger.session import Session
from ...explain import notation
from ...replay.places import write
from .canvas import Canvas, Line, sign_style
from .frame import rule

POINT, SAYS = 22, 36
ALL_DIGITS = 11                                     # columns that a number with all digits needs beyond nine decimals


def first(session: Session, width: int, height: int) -> list[Line]:
    """What the keys do, before the first value is made."""
    c = Canvas(width, height)
    times = session.times
    rule(c, 0, [(f"You are before the first of {times.count} values of the first update", "bold")])
    names = [session.namer.of(b.out, 0) for b in times.blocks[:3]]
    chain = session.explainer().chain(1)
    formula = f"{chain.formula[0][0]} = {chain.formula[1][0]}" if len(chain.formula) > 1 else names[0]
    cost = times.program.cost.name
    back = next((session.namer.of(b.out, 0) for b in times.blocks if b.phase == "backward"), "")
    backwards = f"{key_of(session, 'back_into')}  {key_of(session, 'back_over')}"
    rows = [(key_of(session, "into"), "step by step", f"{formula}, term by term"),
            (key_of(session, "over"), "value by value",
             f"{', '.join(names)} … {cost}{f', {back} …' if back else ''}"),
            (backwards, "the same, backwards", "you cannot lose or break anything"),
            (key_of(session, "enter"), "follow", "on a weight: visit only what it needs"),
            (key_of(session, "find"), "find a number", "type its digits, go where it is made"),
            (key_of(session, "got"), "I got another", "type yours: why is it different?")]
    y = 2 if height >= 10 else 1
    for key, name, says in rows:
        c.put(3, y, key, "bold")
        x = c.put(9, y, name)
        c.put(max(29 if width >= 76 else 27, x + 1), y, says, "", until=width - 1)
        y += 1
    said = "There is nothing to train here, so nothing goes back: step through the forward values."
    if session.parameter_count:
        name = session.namer.of(*session.parameter(cursors.at(session, "parameters")))
        start = session.run.scenario.start
        said = "Put the cursor on a weight and press Enter, to ask where its derivative comes from." if not start else \
            f"Start with {name}: put the cursor on {name} and press Enter." if session.starts_at_parameter \
            else f"Start with {start}: press g, and type that."
    if y + 1 < height:
        c.put(3, y + 1, said, "", until=width - 1)
    elif y < height:
        c.put(3, y, said, "", until=width - 1)
    return c.lines()


def yours(session: Session, width: int, height: int) -> list[Line]:
    """The typed number beside the one here, and where its digits stand."""
    c = Canvas(width, height)
    answer = session.yours
    assert answer is not None
    rule(c, 0, [(f"Your number for {answer.asked.name}", "bold")])
    typed = answer.typed
    value = typed.value if typed.sign != "-" else -abs(typed.value)
    here = answer.asked.value
    nine = notation.plain([value, here])
    says_at = SAYS + (ALL_DIGITS if notation.FORMAT.get() == "all" else 0)
    y = 2 if height >= 9 else 1
    for label, number, says in (("yours", value, answer.verdict), ("here", here, answer.asked.quantity)):
        c.put(6, y, label)
        text = notation.number(number, True, nine) if number is not None else notation.PENDING
        c.put(POINT - (notation.point(text) if number is not None else 0), y, text, sign_style(number))
        c.put(says_at, y, says, "bold" if label == "yours" else "dim", until=width - 1)
        y += 1
    y += 1
    if answer.rounding:
        c.put(6, y, "So you have the same number: the difference is rounding.")
        return c.lines()
    if not answer.found:
        c.put(6, y, "Looking for your digits …" if answer.looking is not None else
              asking.NOWHERE)
        return c.lines()
    c.put(6, y, "Your digits stand here:" if answer.looking is None else "Your digits stand here (still looking):")
    for found in answer.found[:max(0, height - y - 1)]:
        y += 1
        text = notation.number(found.hit.value, True, nine)
        c.put(POINT - notation.point(text), y, text, sign_style(found.hit.value))
        where = f"{found.hit.what} in {found.run.scenario.name}" if found.beside else found.hit.what
        when = f", after {notation.counted(found.hit.at.update, 'update')}" if found.hit.at.update else ""
        c.put(says_at, y, f"{where}{when}: {write(found.run, found.hit.at)}", "", until=width - 1)
    return c.lines()
