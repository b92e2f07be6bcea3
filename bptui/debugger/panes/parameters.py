"""The parameters, each with its value, its derivative, its change and its next value."""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.program import Var
from ...replay.meaning import Place
from ..scene import Scene
from ..subject import parameter
from .lines import line, scalars
from .pane import GoesOn, Pane, TableOf
from .table import Column, Table, Tensors, parts_of
from .view import shown_rows


def gradient_title(scene: Scene) -> str:
    """What the derivatives of the parameters are called: what an optimizer is given may be no derivative."""
    session = scene.session
    program = scene.program
    given = session.run.scenario.training.update_order == "in_place" or any(
        g.role != "adjoint" for g in program.gradients.values())
    return ".grad" if given else f"∂{program.cost.name}/∂w"


def parameters(scene: Scene) -> Table:
    """Each parameter with its value, derivative, change and next value."""
    session = scene.session
    program, model = scene.program, session.run.model_at(session.position.update)
    times = scene.times
    made = {b.out for b in times.blocks}
    named: list[tuple[Var, tuple[tuple[Var, ...], ...], str]] = []
    for var in scene.tensors:
        gradient, after = ((v,) if v in made else () for v in (
            program.gradients.get(var), program.nexts.get(var)))
        note = "" if var in program.gradients else "not in this update" if model.trained(var.name) else "not trained"
        named.append((var, ((var,), gradient, (*after, var) if after else (), after), note))
    columns = (Column("value", "value"), Column("grad", gradient_title(scene), signed=True),
               Column("change", "change", signed=True), Column("next", "next"))
    return Tensors(scene, "parameters", parts_of(named)).table("Parameters", columns)


def _default(scene: Scene) -> int:
    """The row of the parameter that the position is about, or is followed, or is explained first."""
    session = scene.session
    if session.position.value:
        block, element = scene.times.locate(session.position.value)
        var = scene.times.blocks[block].out
        if var.of and var.of[0].role == "parameter":
            return scene.parameter_number(Place(var.of[0], element))
    if session.followed is not None and session.followed.var.role == "parameter":
        return scene.parameter_number(session.followed)
    return session.start


def lines(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """Each parameter with its value, derivative and next value."""
    program, model = scene.program, scene.session.run.model_at(scene.session.position.update)
    told = scalars(scene)
    for number in shown_rows(scene, "parameters", parameters):
        var, element = scene.parameter(number)
        made = [v for v in (program.gradients.get(var), program.nexts.get(var)) if v is not None]
        given = "not in this update" if model.trained(var.name) else "not trained"
        rest = [told(v, element)[1] for v in made] or [given]
        yield line(*told(var, element), *rest)


PANE = Pane("parameters", "4", "4", "Parameters", "weights, derivatives, next values", "right",
            rows=TableOf(parameters), default=_default,
            subject=lambda scene, n: parameter(scene, *scene.parameter(n)), lines=lines)
