"""What a scenario is written as: asked in one place, and every form answers in the same shape.

A third form is made up here, which no file can say: it writes two equations, y = w x and E = y², and is opened, run,
checked, forked, stepped and explained as the two others are. Expected numbers are worked out by hand.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from bptui.debugger.panes.gradients import rows as sizes
from bptui.debugger.scene import Scene
from bptui.debugger.state.session import Session
from bptui.engine.builder import Builder, contract
from bptui.engine.form import Editable, Form, FormWords, Parameter, ParameterGroup, Problems, Rows, Written
from bptui.engine.laws import power
from bptui.engine.model import Model
from bptui.engine.program import Equation
from bptui.engine.structure import SAMPLE
from bptui.explain.check import check_run
from bptui.replay.fork import fork
from bptui.replay.open import open_run, run_of
from bptui.replay.run import Run
from bptui.replay.timeline import Position
from bptui.scenario.errors import QuantityError
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.records import Init, Scenario
from bptui.tui.layout import screen

PACKAGE = Path(__file__).resolve().parents[2] / "bptui"
CHOOSES = {"replay/open.py"}
FILE = """
[equations]
forward = ["E = w"]
loss = "E"
[parameters]
w = 0.5
[training]
updates = 3
learning_rate = 0.1
"""


def askers(package: Path) -> set[str]:
    """The files outside `scenario/` that ask a scenario for what it is written as. A form's own records are its own."""
    found: set[str] = set()
    for path in package.rglob("*.py"):
        file = path.relative_to(package).as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Attribute(value=ast.Name(id="self"), attr="network" | "equations"):
                    continue
                case ast.Attribute(attr="network"):
                    pass
                case ast.Attribute(value=ast.Name(id="scenario") | ast.Attribute(attr="scenario"), attr="equations"):
                    pass
                case ast.Attribute(value=ast.Attribute(attr="equations"), attr="noise" | "lines" | "parameters"):
                    pass
                case _:
                    continue
            if not file.startswith("scenario/") and "self.network" not in ast.unparse(node) \
                    and "self.equations" not in ast.unparse(node) and "network.understand" not in ast.unparse(node):
                found.add(file)
    return found


def test_what_a_scenario_is_written_as_is_asked_in_one_place() -> None:
    assert askers(PACKAGE) == CHOOSES


@pytest.mark.parametrize("text", ["x = run.scenario.network is None", "x = scenario.equations", "s.equations.lines"])
def test_who_asks_is_found(text: str, tmp_path: Path) -> None:
    (tmp_path / "explain").mkdir()
    (tmp_path / "explain" / "words.py").write_text(text, "utf-8")
    assert askers(tmp_path) == {"explain/words.py"}


# The third form

@dataclass
class MadeUp:
    """y = w x, E = y²: one sample, x = 3, w = 0.5."""

    scenario: Scenario
    name = "made up"
    key = ("training",)
    parameters = (Parameter("w", np.asarray(0.5), True, 0, True),)
    rows = Rows(1, {"x": np.asarray([3.0])}, frozenset({"x"}))
    held: Rows | None = None
    numbers = 2
    noisy = False
    least = 0.0
    lines = None
    groups = (ParameterGroup("knob", "a knob", ("w",)),)
    inputs = ()
    letters: Mapping[str, str] = None               # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.letters = self.scenario.letters

    @property
    def noise(self) -> Mapping[str, Init]:
        return {}

    @property
    def editable(self) -> Mapping[str, Editable]:
        def change(scenario: Scenario, text: str) -> Scenario | None:
            return None if text == scenario.title else replace(scenario, title=text)
        return {"knob.label": Editable(self.scenario.title, change)}

    def write(self, samples: int, single: bool, minimize: str | None, evaluating: bool = False) -> Written:
        b = Builder({SAMPLE: samples})
        x, w = b.var("x", SAMPLE, "data", "x", ("x",)), b.var("w", "", "parameter", "w", ("w",))
        y = b.var("y", SAMPLE, "forward", "y", ("y",))
        b.line("forward", "knob", [Equation(y, (contract((w, x), y),))])
        part = b.var("loss", SAMPLE, "loss", "loss", ("loss",))
        b.law_line("loss", "", part, power(2.0), y)
        cost = b.sum_line("loss", "", b.var("E", "", "loss", "E", ("E",)), (part,))
        return Written(b, {"w": w}, (x,), cost, cost, part, None, {"loss": part})

    def words(self) -> FormWords:
        return FormWords("knob", {"knob": "a knob"}, "a thing with one knob", "w", edited=("label",))


def made_up() -> Run:
    read = read_scenario_text(FILE, "made_up")
    scenario = replace(read, equations=None, network=None)
    form: Form = MadeUp(scenario)
    return run_of(Model(scenario, form, Problems()))


def test_a_third_form_is_run() -> None:
    run = made_up()
    assert run.value("y") == 1.5 and run.value("E") == 2.25
    assert run.value("d(E, w)") == 9.0              # 2 y x
    assert run.value("w", 1) == pytest.approx(0.5 - 0.1 * 9.0, rel=1e-15)
    while run.work(1.0):
        pass
    assert run.known == 3


def test_a_third_form_is_checked() -> None:
    assert check_run(made_up()).ok


def test_a_third_form_is_forked() -> None:
    run = made_up()
    other = fork(run, 1, ["learning_rate = 0.5", "knob.label = red"])
    assert other.scenario.title == "red" and other.value("w", 1) == run.value("w", 1)
    assert other.value("w", 2) == pytest.approx(-0.4 - 0.5 * 18 * -0.4, rel=1e-14)
    with pytest.raises(QuantityError, match="there is no knob 'handle': knob"):
        fork(run, 1, ["handle.label = red"])
    with pytest.raises(QuantityError, match=r"edit what it is made from: w$"):
        fork(run, 1, ["y = 2"])


def test_a_third_form_is_stepped_and_explained() -> None:
    session, run = Session(made_up()), made_up()
    assert [row.name for row in sizes(Scene(session))] == ["w"]     # the parts of the only group
    seen: list[str] = []
    for value in range(1, run.times(0).count + 1):
        session.stand(Position(0, value, run.times(0).stops(value)))
        seen.append("\n".join(line.text for line in screen(session, 120, 40)))
    assert "y  =  w × x" in seen[0] and "y is 1.500000000." in seen[0]
    assert "E is 2.250000000. Now back, to what made it." in seen[2]
    assert "= ∂E/∂y × x " in seen[4] and "+9.000000000" in seen[4]
    assert "w + 0.01 should raise E by 0.090000000. Tried: 0.090900000." in seen[4]     # (0.51 × 3)² - 2.25


# Groups, edits and letters, of both forms

SHAPES = {
    "two_layer": (("hidden", "output"), ("hidden.activation", "output.activation"), ("inputs", "targets"), "layer"),
    "gan": ((), (), (), "equation"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_form_answers_in_the_same_shape(name: str) -> None:
    run = open_run(name)
    form = run.model.form
    groups, editable, inputs, part = SHAPES[name]
    assert tuple(group.name for group in form.groups) == groups and tuple(form.editable) == editable
    assert form.inputs == inputs and form.words().part == part and form.letters == run.scenario.letters
    assert set(groups) <= set(form.words().parts)
    known = {p.name for p in form.parameters}
    grouped = [p for group in form.groups for p in group.parameters]
    assert len(grouped) == len(set(grouped)) and set(grouped) <= known and set(grouped) in (set(), known)
    for name, each in form.editable.items():
        assert each.change(run.scenario, each.now) is None
        assert each.change(run.scenario, "relu") not in (None, run.scenario), name
    written = form.write(1, False, None)
    assert set(written.parameters) == known and written.cost.letters == ""
