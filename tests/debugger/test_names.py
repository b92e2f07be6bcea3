"""What a pane prints can be typed: in every verb it is the same value and the same step, or the same refusal.

The names are those that panes and listings show: of every value, of every tensor as equations print it, of every row
of a chain. Numbers of the tutorial are the article's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest

from bptui.debugger.commands import find as find_commands
from bptui.debugger.commands import typed as typed_commands
from bptui.debugger.scene import Scene
from bptui.debugger.state import stops as set_stops
from bptui.debugger.state import watches
from bptui.debugger.state.session import Session
from bptui.explain import notation
from bptui.explain.chain import Explainer
from bptui.explain.got import places_of
from bptui.explain.listing import listing
from bptui.explain.marks import Marks
from bptui.explain.namer import Namer
from bptui.explain.search import by_name
from bptui.explain.text import derivation
from bptui.replay import places
from bptui.replay.meaning import meaning
from bptui.replay.open import open_run, open_scenario
from bptui.replay.run import Run
from bptui.replay.timeline import Position
from bptui.scenario.errors import QuantityError, quoted
from bptui.scenario.expression import read_quantity
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.shipped import find, shipped

NAME = re.compile(r"(?:∂[^\s×=+()]+/∂)?[A-Za-zδη][\w.]*(?:\[[\w,]+\])*⁺?")
GENERATED = """
[network]
inputs = {inputs}
[[network.layers]]
kind = "{kind}"
name = "first"
units = 2
weights = {{ init = "normal" }}
bias = {{ init = "normal" }}
{more}
[[network.layers]]
kind = "dense"
name = "last"
units = 2
activation = "{output}"
weights = {{ init = "normal" }}
[loss]
kind = "{loss}"
[data]
inputs = {rows}
targets = [[0, 1], [1, 0], [0.5, 0.5]]
[training]
batch = 2
optimizer = "adam"
[names]
net = "s"
out = "a"
delta = "δ"
"""
FLAT, STEPS = "[[0.1, -0.2], [1.1, 0.4], [-0.6, 0.9]]", "[[[0.1], [0.4]], [[1.1], [0.4]], [[-0.6], [0.2]]]"
WRITTEN = {
    "dense, softmax": GENERATED.format(inputs=2, kind="dense", more='activation = "tanh"', output="softmax",
                                       loss="cross_entropy", rows=FLAT),
    "a law": GENERATED.format(inputs=2, kind="dense", more='activation = "x / (1 + exp(-x)) + x*x"', output="sigmoid",
                              loss="(t - o)**4 / 4", rows=FLAT),
    **{kind: GENERATED.format(inputs="[2, 1]", kind=kind, more='recurrent_weights = { init = "normal" }',
                              output="linear", loss="half_squared_error", rows=STEPS)
       for kind in ("rnn", "lstm", "gru")},
}  # fmt: skip
MOST = 90                                           # names of a scenario that are typed, evenly taken


def opened(name: str) -> Run:
    return open_scenario(read_scenario_text(WRITTEN[name], name)) if name in WRITTEN else open_run(find(name))


def printed(run: Run) -> list[str]:
    """Names that panes print of the first update: of values, tensors, derivatives, factors; of rows of chains."""
    program, times, namer = run.program(0), run.times(0), Namer(run.scenario)
    found: dict[str, None] = {}
    for var in (*program.parameters, *program.inputs, *(b.out for b in times.blocks)):
        for element in {0, var.lane_size // 2, var.lane_size - 1}:
            found[namer.of(var, element)] = None
        found[namer.tensor(var)] = None
    for line in listing(program, times, namer):
        for name in NAME.findall(f"{line.left} {line.right}"):
            found[name] = None
    explainer = Explainer(run, 0, 0)
    for n, block in enumerate(times.blocks):
        if block.out.role in ("adjoint", "forward", "loss"):
            chain = explainer.chain(times.span(n)[1])
            for row in chain.rows:
                if row.kind in ("head", "factor", "running", "sum", "result", "operand"):
                    found[row.name] = None
    names = [name for name in found if name and not name[0].isdigit() and " " not in name]
    return names[::max(1, len(names) // MOST)]


def told(session: Session) -> str:
    return session.message.removesuffix(".")


def refusals(run: Run, name: str) -> Iterator[tuple[str, str]]:
    """Why each verb refuses a name; nothing where it does not."""
    try:
        run.value(name)
        yield "value", ""
    except QuantityError as error:
        yield "value", str(error)
    try:
        derivation(run, name, 0, 0)
        yield "show", ""
    except QuantityError as error:
        yield "show", str(error)
    try:
        places.read_position(run, name)
        yield "go", ""
    except QuantityError as error:
        yield "go", str(error).removeprefix(
            f"{quoted(name)} is no position: 120, #120:31, 50%, e12 or a quantity (")
    session = Session(run)
    try:
        typed_commands.asked(session, name)
        yield "follow", ""
    except QuantityError as error:
        yield "follow", str(error)
    watches.add(session, name)
    yield "watch", "" if session.watches else told(session)
    set_stops.set_stop(session, name)
    kept = "" if session.stops or "which is there from its start" in session.message else told(session)
    yield "stop", kept


@pytest.mark.slow
@pytest.mark.parametrize("name", [*(name for name, _ in shipped()), *WRITTEN])
def test_a_printed_name_leads_every_verb_to_one_value_and_one_step(name: str) -> None:
    run = opened(name)
    run.waits = False
    program, times, session = run.program(0), run.times(0), Session(run)
    end = Position(0, times.count, times.stops(times.count))
    for typed in printed(run):
        said = dict(refusals(run, typed))
        if said["value"]:
            assert any(said["value"] in each or each in said["value"] for each in said.values() if each)
            assert all(said.values()), (typed, said)
            continue
        assert not any(said.values()), (typed, said)
        value, at = run.value(typed), places.read_position(run, typed)
        found = meaning(run, program, read_quantity(typed))
        assert found is not None, typed
        session.stand(Position(0))
        session.go(typed)
        assert session.position == at, typed
        hit = next(by_name(run, typed, 0, 0))
        assert hit is not None and hit.at == at, typed
        session.stops.clear()
        set_stops.set_stop(session, typed)
        if at.value:
            [number] = session.stops
            hits = set_stops.hits(session, number)
            assert hits is not None
            while not hits.complete and not hits.count:
                hits.work(0.05)
            assert hits.nth(1) == at, typed
        session.stand(at if np.ndim(value) == 0 else end)
        watched = watches.here(session, typed)
        assert np.array_equal(watched.value, value, equal_nan=True), typed
        if np.ndim(value) == 0:                     # what its derivation comes to
            lines = derivation(run, typed, 0, 0)
            results = [line.split() for line in lines if re.match(r" {3}[=Σ] ", line)]
            assert not lines or any(text in results[-1] for text in _written(float(value))), (typed, lines, value)
            block, element = times.locate(at.value) if at.value else (0, 0)
            made = [p for p in places_of(run, typed, 0) if at.value and p.var is times.blocks[block].out]
            assert all((p.element or 0) == element for p in made), typed


def _written(value: float) -> set[str]:
    return {notation.number(value, signed, nine) for signed in (True, False) for nine in (True, False)}


SPELLINGS = {                                       # of one number, by the article's digits
    0.000497713: ("d(E, w3)", "d(E, hidden.weights)[1,0]", "d(E, hidden.weights[1,0])", "∂E/∂w3", "dE/dw3", "w3.grad",
                  "hidden.weights.grad[1,0]", "hidden.weights[1,0].grad", "∂E/∂W_h[1,0]", "d(E, W_h)[1,0]",
                  "dE/dhidden.weights[1,0]", "∂E/∂hidden.weights[1,0]"),
    0.25: ("w3", "hidden.weights[1,0]", "W_h[1,0]"),
    0.45: ("w6", "output.weights[0,1]", "W_o[0,1]"),
    0.751365070: ("out_o1", "output.out[0]", "out_o[0]"),
    0.358916480: ("w5.next", "w5⁺", "output.weights.next[0,0]", "W_o⁺[0,0]", "output.weights[0,0].next"),
    0.593269992: ("d(net_o1, w5)", "d(output.net, output.weights)[0,0,0]", "d(net_o, W_o)[0,0,0]", "dnet_o1/dw5",
                  "∂net_o1/∂w5", "d(output.net[0], w5)"),
}  # fmt: skip


@pytest.mark.parametrize("expected", SPELLINGS)
def test_every_spelling_is_one_value_one_derivation_one_step(expected: float) -> None:
    run = open_run(find("two_layer"))
    texts = SPELLINGS[expected]
    values = {float(run.value(text)) for text in texts}
    assert len(values) == 1 and values.pop() == pytest.approx(expected, abs=1e-9)
    assert len({"\n".join(derivation(run, text, 0, 0)) for text in texts}) == 1
    assert len({places.read_position(run, text) for text in texts}) == 1
    session = Session(run)
    assert len({session.follow_name() for text in texts if typed_commands.follow(session, text) is None}) == 1


def test_every_spelling_of_a_printed_figure_stands_beside_the_same_value() -> None:
    for expected, texts in SPELLINGS.items():
        claims = "".join(f"[[claims]]\nwhat = '{text}'\nvalue = '{expected:.9f}'\n" for text in texts)
        run = open_scenario(read_scenario_text(find("two_layer").read_text() + claims, "two_layer"))
        marks = Marks(run)
        placed = marks.printed[-len(texts):]
        assert len({(p.key, p.made) for p in placed}) == 1, texts
        assert {marks.result(p).verdict for p in placed} == {"agrees"}


WHOLE = {                                           # and its first element
    "W_o": "w5", "output.weights": "w5", "W_o[k,j]": "w5", "hidden.net": "net_h1", "net_h[j]": "net_h1",
    "W_o⁺": "w5.next", "d(E, output.weights)": "w5.grad", "∂E/∂W_o": "w5.grad", "∂E/∂W_o[k,j]": "w5.grad",
    "output.weights.grad": "w5.grad",
}  # fmt: skip


@pytest.mark.parametrize("text", WHOLE)
def test_a_tensor_is_whole_as_a_value_and_its_first_element_as_a_step(text: str) -> None:
    run = open_run(find("two_layer"))
    first, value = WHOLE[text], run.value(text)
    assert np.ravel(value)[0] == run.value(first) and np.size(value) > 1
    assert places.read_position(run, text) == places.read_position(run, first)


THERE_ARE = ("the values net_h1, net_h2, out_h1, out_h2 and 4 more; the parameters w1, w2, w3, w4 and 6 more; "
             "the losses E_o1, E_o2, E")            # 4 nets, 4 outs; 8 weights, 2 biases
REFUSED = {
    "w99": "'w99' is not a quantity of two_layer", "weights": "write hidden.weights or output.weights",
    "W_o[k]": "W_o has 2 axes, and the index 1 letters", "W_o[0,j]": "of numbers, or of one letter for each axis",
    "d(E, hidden.wieghts)": "did you mean 'hidden.weights'", "dE/dw99": "'w99' is not a quantity",
    "w5.grad[0]": "index [0] does not fit one number", "d(E, hidden.weights)[2,0]": "does not fit the shape [2, 2]",
    "d(w5, E)": "output.weights is a parameter", "b1⁺": "b1 is not trained", "W_p": "'W_p' is not a quantity",
    "zzz": f"'zzz' is not a quantity of two_layer; there are {THERE_ARE}",
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_every_verb_refuses_with_the_same_sentence(text: str) -> None:
    said = dict(refusals(open_run(find("two_layer")), text))
    assert all(REFUSED[text] in each for each in said.values()), said


def test_going_to_a_weight_puts_the_cursor_on_it() -> None:
    session = Session(open_run(find("two_layer")))
    for text, row in (("w7", 6), ("hidden.weights[1,1]", 3), ("W_o[1,1]", 7)):
        session.go(text)
        assert session.position == Position(0) and session.cursor["parameters"] == row


@pytest.mark.parametrize("how", ["go", "find", "follow"])
def test_a_derivative_that_the_run_does_not_make_is_shown_where_all_are_there(how: str) -> None:
    session = Session(open_run(find("two_layer")))
    if how == "go":
        session.go("d(net_o1, w5)")
    elif how == "find":
        find_commands.find(session, "d(net_o1, w5)")
    else:
        session.go("∂E/∂w4")                        # the last derivative of the update
        typed_commands.follow(session, "d(net_o1, w5)")
    chain = Scene(session).chain
    assert session.follow_name() == "∂net_o1/∂w5" and chain is not None
    assert chain.rows[-1].value == pytest.approx(0.593269992, abs=1e-9)
    assert chain.rows[-1].made <= session.here
