"""The rows of the panes as lines of text, position first, for a debugger without a screen.

Each list is a function of the session and of what was typed after its name. Lists come line by line, because one can
be long: who prints them can stop in between. What must be looked for first (hits, the loss) is asked to go on
between slices. As on the screen, what the position has not reached has its name only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from ..engine.program import Var
from ..explain import notation
from ..explain.marks import Printed
from ..replay.places import write_position
from ..replay.timeline import Position
from ..scenario.errors import ExpressionError, near_or_known, quoted, sentence
from ..scenario.expression import read_quantity
from . import asking, cursors, matrices, ordering, stopping, tables, watching
from . import gradients as sizes
from .batch import Batch
from .losses import reached
from .program import program_entries
from .scene import Scene
from .session import Session
from .telling import NOT_YET, chain_lines, line, verdict
from .watching import Watched

SLICE = 0.05                                        # seconds of work between two looks whether it shall go on
GoesOn = Callable[[str], bool]                      # told what is being done; False stops it
Lister = Callable[[Scene, str, GoesOn], Iterable[str]]


def _scalars(scene: Scene) -> Callable[[Var, int], tuple[str, str]]:
    """Of a value of this update: where it is made; its name and, once it is made, its value."""
    session = scene.session
    at, update = scene.explainer, session.position.update

    def told(var: Var, element: int) -> tuple[str, str]:
        cell = var, var.flat(element, session.lane)
        name = scene.namer.of(var, element)
        if var in at.program.made_by and not at.has(var):
            return "never", f"{name} is not made in this update"
        made = at.made(cell)
        where = write_position(session.run, Position(update, *made))
        if made > session.here:
            return where, f"{name} {NOT_YET}"
        return where, f"{name} = {notation.one(at.reader.value(cell), var.derivative_of is not None)}"
    return told


def chain(scene: Scene, text: str, goes_on: GoesOn) -> Iterable[str]:
    return chain_lines(scene)


def values(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """Every value of this update, in the order in which it is made."""
    told = _scalars(scene)
    for number in _rows(scene, "values"):
        block, element = scene.times.locate(number + 1)
        yield line(*told(scene.times.blocks[block].out, element))


def adjoints(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """Every derivative of this update, in the order of the way back, and what it is a derivative by."""
    told = _scalars(scene)
    for number in _rows(scene, "adjoints"):
        var, element = tables.adjoint(scene, number)
        yield line(*told(var, element), told(var.of[0], element)[1])


def batch(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """The rows of this update's batch, with as many of their numbers as a line holds."""
    session = scene.session
    found, where = Batch(scene), write_position(session.run, session.position)
    left = len(found.columns) - 1 - len(found.few)
    for row in _rows(scene, "batch"):
        fields = [f"{found.columns[n].title} {NOT_YET}" if (value := found.number(row, n)) is None else
                  f"{found.columns[n].title} = {notation.one(value)}" for n in found.few]
        yield line(where, f"row {found.numbers[row]}{', selected' if row == session.lane else ''}", *fields,
                   f"… {left:,} more" if left else "")


def _rows(scene: Scene, pane: str) -> Iterable[int]:
    """The rows of a table, as it is ordered and filtered."""
    seen = ordering.view(scene, pane)
    return range(seen.count) if seen.rows is None else map(int, seen.rows)


def network(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """What the picture of the network shows: inputs, and what each layer makes of them."""
    told = _scalars(scene)
    for var, element in cursors.nodes(scene):
        yield line(*told(var, element))


def parameters(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """Each parameter with its value, derivative and next value."""
    session = scene.session
    program, model = scene.program, session.run.model_at(session.position.update)
    told = _scalars(scene)
    for number in _rows(scene, "parameters"):
        var, element = scene.parameter(number)
        made = [v for v in (program.gradients.get(var), program.nexts.get(var)) if v is not None]
        given = "not in this update" if model.trained(var.name) else "not trained"
        rest = [told(v, element)[1] for v in made] or [given]
        yield line(*told(var, element), *rest)


MATRIX_VIEWS = {"grad": "derivative", "change": "change"}


def matrix(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """All of a tensor, a row a line: `hidden.weights`, `hidden.weights.grad`, `hidden.weights.change`."""
    session = scene.session
    program = scene.program
    name, _, part = text.strip().rpartition(".")
    view = MATRIX_VIEWS.get(part, "value")
    name = name if part in MATRIX_VIEWS else text.strip()
    var = (program.variables.get(name) or program.symbols.get(name)) if name else matrices.subject(scene)
    if var is None or var not in matrices.candidates(program):
        known = near_or_known(name, [v.name for v in matrices.candidates(program)])
        yield line(f"{quoted(text)} is no tensor of {session.run.scenario.name}{known}.")
        return
    if view not in matrices.views(scene, var):
        yield line(f"{name} has no {part} in this update.")
        return
    shown = matrices.field_of(scene, var, view, "rows")
    names, columns = shown.names
    across = f"a column per {shown.column} ({', '.join(columns) if columns else shown.index.shape[1]})"
    yield line(matrices.title(scene.namer, shown, program.cost.name),
               f"a row per {shown.row} ({len(shown.index)}), {across}" if shown.row else across, shown.note)
    signed = view != "value"
    for n, row in enumerate(shown.index.tolist()):
        values = [shown.value(flat) for flat in row]
        nine = notation.plain(values)
        label = session.run.rows(session.position.update)[n] + 1 if shown.row == "sample" else names[n] if names else n
        numbers = " ".join(notation.PENDING if v is None else notation.number(v, signed, nine) for v in values)
        yield line(f"{shown.row or 'row'} {label}", numbers if any(v is not None for v in values) else NOT_YET)


def program(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """The equations as they run, phase by phase."""
    session = scene.session
    update = session.position.update
    for entry in program_entries(scene):
        if entry.heading or entry.count:
            where = write_position(session.run, Position(update, entry.number, scene.times.stops(entry.number)))
            size = f"{entry.count} value{'s' * (entry.count != '1')}" if entry.count else ""
            yield line(where, entry.text, size, "" if entry.reached else "not reached yet")


def printed(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """The figures that the source prints, and ours once they are made."""
    session = scene.session
    figures = tables.figures(scene)
    if not figures:
        yield "No printed figures stand in this scenario."
    for figure in (figures[n] for n in _rows(scene, "printed")):
        yield line(write_position(session.run, figure.made), *_figure(scene, figure))


def _figure(scene: Scene, figure: Printed) -> list[str]:
    session = scene.session
    claim = figure.claim
    name = notation.readable(claim.what) + (f" after {claim.after}" if claim.after else "")
    if figure.made > session.position:
        return [f"{name} {NOT_YET}"]
    result = scene.marks.result(figure)
    computed = result.computed
    here = name if computed is None else f"{name} = {notation.number(float(computed), decimals=result.decimals)}"
    why = f"{claim.why}." if claim.why and result.verdict != "agrees" else ""
    return [here, f"printed {claim.value}: {verdict(result)}", why]


def loss(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """The loss of each update so far, and that of the rows held back."""
    session = scene.session
    run = session.run
    needed = session.position.update + (session.cost() is not None)
    while run.known < needed and goes_on("Running to this update …") and run.work(SLICE):
        pass
    training, validation = reached(session)
    if not training and not validation:
        yield f"{run.program(0).watched.name} is not computed yet: step to it."
    name = run.program(0).watched.name
    points = [(update, f"{name}.validation", value, 0) for update, value in validation]
    points += [(update, name, value, run.times(update).watched_value) for update, value in training]
    for update, what, value, made in sorted(points, key=lambda p: (p[0], p[3])):
        at = Position(update, made, run.times(update).stops(made))
        yield line(write_position(run, at), f"{what} = {notation.one(value)}")


def gradients(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """The size of the gradient of each layer, and how many times less than the last layer's it is."""
    session = scene.session
    update, layers = sizes.told(scene), sizes.rows(scene)
    found = [sizes.size(scene, row, update) for row in layers]
    for n, (row, size) in enumerate(zip(layers, found, strict=True)):
        told = f"norm of {row.name}'s gradient"
        made = sizes.where(scene, row, update)
        if made is None:
            yield line(write_position(session.run, Position(update)), f"{told} is not made in this update")
            continue
        compared = sizes.compared(size, found[-1], n == len(found) - 1).replace("×", " times")
        yield line(write_position(session.run, made),
                   f"{told} {NOT_YET}" if size is None else f"{told} = {notation.one(size)}",
                   f"{compared} than {layers[-1].name}'s" if compared.endswith(("less", "more")) else compared)


# what a person has made

def watches(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """Each watch with its value here, and its change since it was made before."""
    session = scene.session
    if not session.watches:
        yield "Nothing is watched yet: w d(E, w5) watches that."
    for watched in (session.watches[n] for n in _rows(scene, "watches")):
        yield line(write_position(session.run, session.position), *_watched(watching.here(session, watched)))


def _watched(watched: Watched) -> list[str]:
    name = notation.readable(watched.text)
    if watched.fault:
        return [f"{name}: {watched.fault}"]
    if watched.value is None:
        return [f"{name} {NOT_YET}"]
    change = f"change {notation.one(watched.change, True)}" if watched.change is not None else \
        "changed" if watched.changed else ""
    return [f"{name} = {notation.value(watched.value)}", change]


def stops(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """Each stop by its number: what it stops at, on or off, and how many hits it has."""
    session = scene.session
    if not session.stops:
        yield "No stop is set yet: b sets one where the run stands, b E < 0.001 on a condition."
    while goes_on("Counting the hits …") and stopping.count_on(session, SLICE):
        pass
    for number, each in (list(session.stops.items())[n] for n in _rows(scene, "stops")):
        how = f"does not fit: {each.fault}" if each.fault else "off" if not each.enabled else \
            "logs" if each.stop.log is not None else "on"
        yield line(f"stop {number}", stopping.title(session, number), how,
                   "" if each.fault else stopping.counts(session, number))


def hits(scene: Scene, text: str, goes_on: GoesOn) -> Iterable[str]:
    """The hits of a stop by its number, by default the last; or what a quantity was after each update so far."""
    session = scene.session
    if text and not re.fullmatch("[0-9]{1,9}", text):
        return _history(scene, text)
    number = int(text) if text else max(session.stops, default=0)
    if number not in session.stops:
        return [f"There is no stop {number}." if text else "No stop is set yet, so there are no hits."]
    return _hits(scene, number, goes_on)


def _hits(scene: Scene, number: int, goes_on: GoesOn) -> Iterator[str]:
    session = scene.session
    found = stopping.hits(session, number)
    if found is None:
        yield line(f"Stop {number} does not fit: {session.stops[number].fault}.")
        return
    while not found.complete and goes_on("Counting the hits …"):
        found.work(SLICE)
    if not found.count:
        yield line(f"Stop {number} has {stopping.counts(session, number)}: {stopping.title(session, number)}.")
    for rank in range(1, found.count + 1):
        at, log = found.nth(rank), session.stops[number].stop.log or ()
        logged = [f"{notation.readable(what)} = {value}"
                  for what, value in zip(log, stopping.logged(session, number, at), strict=True)]
        yield line(write_position(session.run, at), f"hit {rank} of {found.count}{'' if found.complete else '+'}",
                   *(logged or [stopping.shown_at(session, at)]))


def _history(scene: Scene, text: str) -> Iterator[str]:
    session = scene.session
    try:
        read_quantity(text)
    except ExpressionError as error:
        yield line(sentence(f"{quoted(text)}: {error}"))
        return
    for update in range(session.position.update + 1):
        yield line(write_position(session.run, Position(update)), *_watched(watching.history(session, text, update)))


# somebody's own number

def yours(session: Session) -> Iterator[str]:
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
        yield asking.NOWHERE
    for found in answer.found:
        where = write_position(found.run, found.hit.at)
        what = f"{found.hit.what} = {notation.one(found.hit.value, True)}"
        if found.beside:
            yield line(f"In {found.run.scenario.name}", where, what, "your digits")
        else:
            yield line(where, what, "your digits")


LISTS: dict[str, Lister] = {
    "chain": chain, "network": network, "program": program, "parameters": parameters, "values": values,
    "adjoints": adjoints, "batch": batch, "printed": printed, "matrix": matrix, "loss": loss, "gradients": gradients,
    "watches": watches, "stops": stops, "hits": hits,
}
