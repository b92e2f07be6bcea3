"""The size of the gradient of each layer: does the error signal arrive?

A layer's size is the norm of all its derivatives, weights and biases together, as the run has them (`.grad`); in
equations, and where there is one layer, each parameter has a row of its own. The last layer, which hears the loss
first, is what the others are compared with.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...engine.program import Var
from ...explain import notation
from ...replay.places import write_position
from ...replay.quantity import Place
from ...replay.timeline import Position
from ...scenario.errors import QuantityError
from ..scene import Scene
from ..state import watches
from ..state.session import Session
from ..subject import Subject
from .curve import series_on
from .lines import NOT_YET, line
from .pane import GoesOn, Pane


@dataclass(frozen=True)
class LayerSize:
    """A layer, or a parameter of equations: its size as a quantity, and its parameters."""

    name: str
    text: str
    variables: tuple[Var, ...]


def rows(scene: Scene) -> tuple[LayerSize, ...]:
    """In the order of the network."""
    session = scene.session
    model, layers = session.run.model_at(session.position.update), dict[str, list[Var]]()
    groups = {name: group.name for group in model.form.groups for name in group.parameters}
    for var in scene.tensors:
        if model.trained(var.name):
            layers.setdefault(groups.get(var.name, var.name), []).append(var)
    if len(layers) == 1:                            # nothing to compare it with but its own parts
        (alone,) = layers.values()
        layers = {var.name.rpartition(".")[2]: [var] for var in alone}
    return tuple(LayerSize(name, _size(each), tuple(each)) for name, each in layers.items())


def _size(variables: list[Var]) -> str:
    norms = [f"norm({v.name}.grad)" for v in variables]
    return norms[0] if len(norms) == 1 else f"sqrt({' + '.join(f'{norm}**2' for norm in norms)})"


def told(scene: Scene) -> int:
    """The update whose sizes are told: the position's once the first of them is made; before that, the one before."""
    session = scene.session
    update = session.position.update
    return update if not update or any(_made(scene, row) for row in rows(scene)) else update - 1


def where(scene: Scene, row: LayerSize, update: int) -> Position | None:
    """Where the size is made in an update; None where it is not: a gradient may be made by the update phase, which the
    last update does not have."""
    session = scene.session
    times = session.run.times(update)
    given = {v.name: gradient for v, gradient in times.program.gradients.items()}
    made = [given[v.name] for v in row.variables if v.name in given]
    homes = [times.program.home_of[each.base] for each in made]
    if not made or max(homes) >= len(times.blocks):
        return None
    value = max(times.number(home, each.lane_size - 1) for home, each in zip(homes, made, strict=True))
    return Position(update, value, times.stops(value))


def _made(scene: Scene, row: LayerSize) -> bool:
    session = scene.session
    at = where(scene, row, session.position.update)
    return at is not None and at <= session.position


def size(scene: Scene, row: LayerSize, update: int) -> float | None:
    """The size in an update, once it is made."""
    session = scene.session
    if update == session.position.update and not _made(scene, row):
        return None
    try:
        return float(watches.value_at(session, row.text, update))
    except QuantityError:
        return None


def largest(scene: Scene, row: LayerSize) -> Place:
    """The parameter of a layer with the largest derivative here; before it is made, the first."""
    session = scene.session
    update = session.position.update
    program = session.run.program(update)
    by_name = {v.name: gradient for v, gradient in program.gradients.items()}
    if size(scene, row, update) is None:
        return Place(row.variables[0], 0)
    env = session.run.env(update)
    sizes = [(float(np.nanmax(each)), var, int(np.nanargmax(each))) for var in row.variables
             if var.name in by_name and not np.isnan(each := np.abs(env.array(by_name[var.name]))).all()]
    _, var, element = max(sizes, key=lambda found: found[0], default=(0.0, row.variables[0], 0))
    return Place(var, element)


def compared(size: float | None, last: float | None, is_last: bool) -> str:
    """How many times less, or more, than the last layer hears."""
    if size is None or last is None or is_last or not (math.isfinite(size) and math.isfinite(last)):
        return ""
    if size == last:
        return "as much"
    if not size or not last:
        return "nothing" if not size else ""
    factor, word = (last / size, "less") if size < last else (size / last, "more")
    return f"{factor_text(factor)}× {word}"


def factor_text(factor: float) -> str:
    """`1.4`, `230`, `22,000`, `3e+09`."""
    if not math.isfinite(factor) or factor >= 1e7:
        return f"{factor:.0e}" if math.isfinite(factor) else "endlessly"
    if factor < 10:
        return f"{factor:.2g}" if factor >= 1.05 else f"{factor:.3g}"
    return f"{float(f'{factor:.2g}'):,.0f}"


# the pane

def _subject(scene: Scene, n: int) -> Subject:
    row, update = rows(scene)[n], told(scene)
    return Subject(
        name=f"norm of {row.name}'s gradient",
        value=size(scene, row, update),
        quantity=row.text,
        place=largest(scene, row),
        at=where(scene, row, update),
    )


def lines(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """The size of the gradient of each layer, and how many times less than the last layer's it is."""
    session = scene.session
    update, layers = told(scene), rows(scene)
    found = [size(scene, row, update) for row in layers]
    for n, (row, here) in enumerate(zip(layers, found, strict=True)):
        name = f"norm of {row.name}'s gradient"
        made = where(scene, row, update)
        if made is None:
            yield line(write_position(session.run, Position(update)), f"{name} is not made in this update")
            continue
        than = compared(here, found[-1], n == len(found) - 1).replace("×", " times")
        yield line(write_position(session.run, made),
                   f"{name} {NOT_YET}" if here is None else f"{name} = {notation.one(here)}",
                   f"{than} than {layers[-1].name}'s" if than.endswith(("less", "more")) else than)


def work(session: Session, seconds: float) -> bool:
    """Work out how the sizes went over the updates."""
    return series_on(session, seconds, *(row.text for row in rows(Scene(session))))


PANE = Pane("gradients", "9", "9", "Gradients", "their size, layer by layer, over time", "left", low=True,
            rows=lambda scene: len(rows(scene)), default=lambda scene: 0, subject=_subject, lines=lines, work=work)
