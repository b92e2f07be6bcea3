"""The chain, and what can stand in its place: the first screen's card, and the answer to "I got another number"."""

from __future__ import annotations

from ...debugger.commands import got, lesson
from ...debugger.commands.register import key_of
from ...debugger.panes.register import at as cursor_at
from ...debugger.scene import Scene
from ...explain import notation
from ...replay.places import write_position
from . import chainpane
from .canvas import Canvas, Line, abridged, sign_style, wrapped
from .frame import rule

POINT, SAYS = 22, 36
ALL_DIGITS = 11                                     # columns that a number with all digits needs beyond nine decimals


def paint(scene: Scene, width: int, height: int, focused: bool) -> list[Line]:
    session = scene.session
    if session.yours is not None:
        return yours(scene, width, height)
    if session.untouched or session.card:
        return first(scene, width, height, "parameters" in scene.shown)
    return chainpane.paint(scene, width, height, focused)


def first(scene: Scene, width: int, height: int, seen: bool) -> list[Line]:
    """What the keys do, before the first value is made; `seen` are the parameters, in a pane."""
    session = scene.session
    c = Canvas(width, height)
    times = scene.times
    rule(c, 0, [(f"You are before the first of {times.count} values of the first update", "bold")])
    names = [scene.namer.of(b.out, 0) for b in times.blocks[:3]]
    chain = scene.explainer.chain(1)
    formula = f"{chain.formula[0].text} = {chain.formula[1].text}" if len(chain.formula) > 1 else names[0]
    column, how = 29 if width >= 76 else 27, ", term by term"
    formula = abridged(formula, width - 1 - column - len(how))
    backwards = f"{key_of(session, 'back_into')}  {key_of(session, 'back_over')}"
    rows = [(key_of(session, "into"), "step by step", f"{formula}{how}"),
            (key_of(session, "over"), "value by value",
             _landmarks(scene)),
            (backwards, "the same, backwards", "you cannot lose or break anything"),
            (key_of(session, "enter"), "follow", "on a weight: visit only what it needs"),
            (key_of(session, "find"), "find a number", "type its digits, go where it is made"),
            (key_of(session, "got"), "I got another", "type yours: why is it different?")]
    reads = f" {key_of(session, 'lesson')} reads the lesson." if lesson.there_is_one(session) else ""
    said = wrapped(_start(scene, seen) + reads, width - 4)
    y = 2 if height >= 10 else 1
    for key, name, says in rows[:max(0, height - y - len(said))]:
        c.put(3, y, key, "bold")
        x = c.put(9, y, name)
        at = max(column, x + 1)
        c.put(at, y, abridged(says, width - 1 - at))
        y += 1
    for n, row in enumerate(said, min(y + 1, height - len(said))):
        c.put(3, n, row)
    return c.lines()


def _landmarks(scene: Scene) -> str:
    """The first values, the loss and the first derivative, each once: `…` stands only where values are left out."""
    times = scene.times
    cost = next((n for n, b in enumerate(times.blocks) if b.out is times.program.cost), 0)
    back = next((n for n, b in enumerate(times.blocks) if b.phase == "backward"), 0)
    said, before = "", -1
    for n in sorted({*range(min(3, len(times.blocks))), cost, back}):
        name = times.program.cost.name if n == cost else scene.namer.of(times.blocks[n].out, 0)
        said += f"{'' if not said else ', ' if n == before + 1 else ' … '}{name}"
        before = n
    return said + " …" * (before + 1 < len(times.blocks))


def _start(scene: Scene, seen: bool) -> str:
    """What to do first, as the source has it; `seen` are the weights on which the cursor is put."""
    session = scene.session
    start = session.run.scenario.start
    if not scene.parameter_count:
        return "There is nothing to train here, so nothing goes back: step through the forward values."
    if start and not session.starts_at_parameter:
        return f"Start with {start}: press {key_of(session, 'go')}, and type that."
    enter, names = key_of(session, "enter"), scene.namer.of
    here = names(*scene.parameter(cursor_at(scene, "parameters")))
    if not start:
        return f"Put the cursor on a weight and press {enter}, to ask where its derivative comes from." if seen else \
            f"Press {enter} to ask where the derivative by {here} comes from; ↑ and ↓ choose another weight."
    first = names(*scene.parameter(session.start))
    if seen:
        return f"Start with {first}: put the cursor on {first} and press {enter}."
    return f"Start with {first}: press {enter}." if first == here else \
        f"Start with {first}: ↑ and ↓ choose it, where {enter} says it; then press {enter}."


def yours(scene: Scene, width: int, height: int) -> list[Line]:
    """The typed number beside the one here, and where its digits stand."""
    session = scene.session
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
        for row in wrapped(says, width - 1 - says_at) or [""]:
            c.put(says_at, y, row, "bold" if label == "yours" else "dim")
            y += 1
    y += 1
    if answer.rounding:
        c.put(6, y, answer.conclusion)
        return c.lines()
    if not answer.found:
        for n, row in enumerate(wrapped(got.SAID[answer.state], width - 7), y):
            c.put(6, n, row)
        return c.lines()
    c.put(6, y, "Your digits stand here (still looking):" if answer.state == "looking" else "Your digits stand here:")
    y += 1
    for found in answer.found:
        text = notation.number(found.hit.value, True, nine)
        c.put(POINT - notation.point(text), y, text, sign_style(found.hit.value))
        where = f"{found.hit.what} in {found.run.scenario.name}" if found.beside else found.hit.what
        when = f", after {notation.counted(found.hit.at.update, 'update')}" if found.hit.at.update else ""
        for row in wrapped(f"{where}{when}: {write_position(found.run, found.hit.at)}", width - 1 - says_at):
            c.put(says_at, y, row)
            y += 1
    return c.lines()
