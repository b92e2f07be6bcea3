"""No internal name is ever shown: what a line makes on its way is "step 3 of E", and no zero has a sign.

Every variable of every program goes through the names, and the texts of shipped scenarios and of written ones through
a reader: the listing, chains, `i`, the search, troubles, compare, check, faults and JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import numpy as np
import pytest

from bptui import show
from bptui.explain import notation
from bptui.explain.chain import Explainer
from bptui.explain.check import check_run, lines, record
from bptui.explain.compare import compare
from bptui.explain.compare import lines as compared
from bptui.explain.got import look
from bptui.explain.listing import listing
from bptui.explain.namer import Namer, quantity_text
from bptui.explain.search import by_name, in_update, read_number
from bptui.explain.text import chain_lines
from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.shipped import shipped
from tests.support.runs import shared

INTERNAL = re.compile(r"[^\s#]#|#[A-Za-z]|\.t\.next")          # `#120:31` is a position
SIGNED_ZERO = re.compile(r"(?<![\w.)\]])-0(?:\.0*)?(?![\d.eE])")
EQUATION = """
[equations]
forward = ["u = {line}", "E = (u - t)**2 / 2 + 0*x"]
loss = "E"
[parameters]
a = 0.7
b = -1.3
[values]
x = [0.3, -0.4]
t = 0.5
[training]
{training}
"""
NETWORK = """
[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "one"
units = 2
activation = {law}
weights = {{ init = "normal" }}
[loss]
kind = "{loss}"
[data]
inputs = [[0.1, -0.2], [1.1, 0.4]]
targets = [[0, 1], [1, 0]]
[training]
{training}
"""
UNITS = ("forward", "loss", "data", "parameter", "temporary")  # what a path can go through
LAW = '{ law = "where(beta*x > 1, x, log(1 + exp(beta*x))/beta)", beta = 3.0 }'
WRITTEN = {
    **{f"{line}, {optimizer}": EQUATION.format(line=line, training=f"optimizer = '{optimizer}'\n{more}")
       for line, optimizer, more in (("exp(a*x) / (1 + b*b)", "adam", ""),
                                     ("sqrt(a*a + b*b) - log(a*x + 2)", "rmsprop", ""),
                                     ("where(x > 0, a*x, abs(b)**3)", "adamw", ""),
                                     ("max(a*x, max(b*x, 0))", "adagrad", ""),
                                     ("tanh(a)*sin(x)*-1", "sgd", "momentum = 0.9\nclip_norm = 0.1"))},
    **{f"a law, {loss}": NETWORK.format(law=LAW, loss=loss, training="optimizer = 'adam'")
       for loss in ("half_squared_error", "(t - o)**4 / 4 + exp(-o)")},
    **{law: NETWORK.format(law=f'"{law}"', loss=loss, training="optimizer = 'adam'\nclip_value = 0.1")
       for law, loss in (("softmax", "cross_entropy"), ("log_softmax", "-t*o"), ("gelu", "huber"))},
}  # fmt: skip


def run_of(name: str) -> Run:
    return open_scenario(read_scenario_text(WRITTEN[name], "written")) if name in WRITTEN else shared(name)


def clean(text: str) -> bool:
    return not INTERNAL.search(text) and not SIGNED_ZERO.search(text)


def names(run: Run) -> Iterator[str]:
    """What every variable of every program of a run is called."""
    namer = Namer(run.scenario)
    for program in dict.fromkeys(run.program(n) for n in run.one_turn):
        for var in (*program.made_by, *program.parameters, *program.slots, *program.inputs):
            for element in {0, var.lane_size - 1}:
                yield from (namer.of(var, element), namer.tensor(var))
                if var.role in UNITS:
                    yield namer.unit(var, element)
                yield quantity_text(program, namer, var, element).replace(".t.next", "")
        for line in listing(program, run.timeline(program, True), namer):
            yield f"{line.left} = {line.right}"


@pytest.mark.parametrize("name", [*(name for name, _ in shipped()), *WRITTEN])
def test_no_variable_has_an_internal_name(name: str) -> None:
    run = run_of(name)
    for said in names(run):
        assert clean(said), said


@pytest.mark.parametrize("name", [*WRITTEN, "adam", "lstm_bit", "attention", "softmax_jacobian", "policy_gradient"])
def test_no_text_has_an_internal_name(name: str) -> None:
    run = run_of(name)
    run.waits = False
    times, explainer = run.times(0), Explainer(run, 0, 0, whole=True)
    for n in range(len(times.blocks)):
        chain = explainer.chain(times.span(n)[0])
        for line in [chain.title, *chain_lines(chain)]:
            assert not INTERNAL.search(line), line  # a formula may well have -t1 in it, where t1 is 0
    for digits in ("0", "1", "1.0", "2", "0.5", "3"):
        typed = read_number(digits)
        assert typed is not None
        found = [hit.what for hit in in_update(run, typed, 0, 0) if hit is not None]
        found += [each.hit.what for each in look(run, (), typed, "E", 0, 0) if each is not None]
        assert all(map(clean, found)), found
    for text in ("E", "step", "exp", "a"):
        for hit in by_name(run, text, 0, 0):
            assert hit is None or clean(hit.what)


@pytest.mark.parametrize("name", [*WRITTEN])
def test_check_and_compare_have_no_internal_name(name: str) -> None:
    run = run_of(name)
    report = check_run(run)
    for line in (*lines(report), json.dumps(show.speakable(record(report)))):
        assert clean(line), line
    text = WRITTEN[name].replace("0.7", "0.8").replace("0.1, -0.2", "0.15, -0.2")
    for line in compared(compare(run, open_scenario(read_scenario_text(text, "other")))):
        assert clean(line), line


def test_no_zero_has_a_sign_and_no_number_is_written_as_a_zero() -> None:
    for decimals in (None, 0, 1, 3, 9):
        assert notation.number(-0.0, True, True, decimals) == "0"
        assert notation.number(-0.0, False, False, decimals) == "0"
        for value in (-0.4, -1e-17, 4e-10, -2.5e-10):
            shown = notation.number(value, False, True, decimals)
            assert float(shown) != 0 and (value < 0) == shown.startswith("-"), shown
    assert notation.all_digits(-0.0) == "0.0" and notation.all_digits(-0.5) == "-0.5"
    assert json.dumps(show.speakable({"a": [-0.0, np.array([[-0.0, -1.5]])]})) == '{"a": [0.0, [[0.0, -1.5]]]}'
