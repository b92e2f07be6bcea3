"""`compare`: what two files say differently, in their own words; where two runs part, and why, as far as it is so.

Every field of every record that a scenario is read into is changed, one at a time, and has to be named. The mistakes
that people make (a sign, an order, a transposition, a ½ on one side) are made on purpose, and have to be recognised.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bptui.engine.equations import EquationsForm
from bptui.engine.form import Form, Rows
from bptui.engine.names import unnamed
from bptui.engine.network import LayersForm
from bptui.explain.compare import Comparison, compare, lines, record
from bptui.explain.differences import DERIVED, WORDS, Difference, differences
from bptui.explain.pairs import Both
from bptui.explain.relation import relation
from bptui.explain.twins import both_sides, origin
from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.records import Scenario, Shape

EQUATIONS = """[equations]
forward = ["y = {y}", "E = {E}"]
loss = "E"
[parameters]
w = 0.7
b = {{ init = "uniform", low = 0, high = 1 }}
[values]
x = [0.5, 1.5]
t = [1.0, 0.25]
[noise]
eps = {{ init = "normal", mean = 0, std = 0.5 }}
[training]
{training}
updates = 3
"""
NETWORK = """[network]
inputs = ["x1", "x2"]
[[network.layers]]
kind = "dense"
name = "h"
units = ["h1", "h2"]
activation = {activation}
weights = {h}
bias = {bias}
[[network.layers]]
kind = "dense"
name = "o"
units = ["o1"]
weights = {o}
bias = false
[loss]
kind = "{loss}"
[data]
inputs = [[0.5, 2.0], [1.5, 1.0]]
targets = [[1.0], [1.0]]
[training]
learning_rate = 0.1
updates = 2
"""
RICH = """title = "Everything"
source = "a book"
about = "words"
beside = ["two_layer"]
start = "d(E, w1)"
[network]
inputs = ["x1", "x2"]
[[network.layers]]
kind = "dense"
name = "h"
units = ["h1", "h2"]
activation = { law = "x*sigmoid(beta*x)", beta = 1.5, train = ["beta"] }
weights = [[1, 2], [3, 4]]
weight_names = [["w1", "w2"], ["w3", "w4"]]
bias = 0.5
bias_names = "b1"
train_bias = false
[[network.layers]]
kind = "layer_norm"
name = "n"
epsilon = 1e-4
[[network.layers]]
kind = "dense"
name = "o"
units = ["o1"]
weights = { init = "uniform", low = -1, high = 1 }
[loss]
kind = "(t - o)**2"
reduction = "sum"
name = "C"
l1 = 0.01
l2 = 0.02
[data]
inputs = [[0.5, 2.0], [1.5, 1.0]]
targets = [[1.0], [1.0]]
target_names = ["t1"]
[data.validation]
inputs = [[0.5, 2.5]]
targets = [[0.5]]
[names]
net = "z"
out = "a"
delta = "δ"
[training]
optimizer = "adam"
betas = [0.9, 0.99]
epsilon = 1e-7
weight_decay = 0.1
learning_rate = 0.1
epochs = 5
batch = 1
shuffle = true
seed = 3
clip_norm = 2.0
schedule = { kind = "step", step_size = 2, gamma = 0.5 }
until = "E < 1e-4"
patience = 2
[[claims]]
what = "E"
value = "0.5"
"""
OBJECTIVES = EQUATIONS.replace("{{", "{").replace("}}", "}").replace("{y}", "w*x + b + eps").replace(
    "{E}", "(t - y)**2").replace("{training}", "").replace('"E =', '"D = y*y", "E =') + """
[[training.objectives]]
minimize = "D"
parameters = ["w", "b"]
updates = 2
[[training.objectives]]
minimize = "E"
parameters = ["w"]
"""


def scenario(text: str) -> Scenario:
    return read_scenario_text(text, "n")


def equations(y: str = "w*x + b", E: str = "(t - y)**2/2", training: str = "") -> Run:
    return open_scenario(scenario(EQUATIONS.format(y=y, E=E, training=training)))


def network(activation: str = '"sigmoid"', h: str = "[[1, 2], [3, 4]]", bias: str = "[0.1, 0.2]",
            o: str = "[[0.5, 0.25]]", loss: str = "half_squared_error") -> Run:
    return open_scenario(scenario(NETWORK.format(activation=activation, h=h, bias=bias, o=o, loss=loss)))


def said(found: Comparison) -> str:
    return "\n".join(lines(found))


def reasons(a: Run, b: Run) -> tuple[str, ...]:
    found = compare(a, b).parting
    assert found is not None
    return found.detail.reasons


def apart(a: Scenario, b: Scenario) -> list[Difference]:
    return list(differences(told_of(a), told_of(b)))


def told_of(scenario: Scenario) -> Any:
    """What is asked of a run, of a scenario that need not run: its words, and what it is written as."""
    none = Rows(1, {}, frozenset())
    if scenario.network is not None:
        form: Form = LayersForm(scenario, scenario.network, (), none, None, (), 0, unnamed(scenario.network))
    else:
        assert scenario.equations is not None
        form = EquationsForm(scenario, scenario.equations, (), none, ())
    return SimpleNamespace(scenario=scenario, model=SimpleNamespace(form=form))


# every field

def changes(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every way to change one field of a value: the path of the field, and the whole value with it changed."""
    if is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            for where, other in changes(getattr(value, each.name), f"{path}.{each.name}".lstrip(".")):
                yield where, replace(value, **{each.name: other})
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            for where, other in changes(inner, f"{path}.{key}"):
                yield where, {**value, key: other}
        yield f"{path}.more", {**value, "more": 1.0}
    elif isinstance(value, tuple) and value and any(map(is_dataclass, value)):
        for n, inner in enumerate(value):
            for where, other in changes(inner, f"{path}[]"):
                yield where, (*value[:n], other, *value[n + 1:])
        yield path, value[:-1]
    else:
        yield path, another(value)


def another(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}2"
        case np.ndarray():
            moved = value.copy()
            moved.flat[-1] += 1
            return moved
        case Shape():
            return Shape((*value[:-1], value[-1] + 1))
        case tuple():
            return (*value, *(value[-1:] or ("more",)))
        case None:
            return "something"
    return None


def test_each_field_that_is_changed_is_named() -> None:
    """All but those that are listed by their whole paths."""
    left_out = {path.split(".")[0] if path in WORDS else path for path in (*DERIVED, *WORDS)}
    seen = set[str]()
    for text in (RICH, OBJECTIVES):
        read = replace(scenario(text), lines={})    # so that nothing counts as a default
        for path, other in changes(read):
            if path.endswith(".column") or ".tree" in path or ".law" in path:
                continue                            # of a tree, which is its text: see below
            if (path == "equations" and read.network) or (path == "network" and read.equations):
                continue                            # a file has one of the two
            if path == ("loss.kind" if read.loss.law else "loss.text"):
                continue                            # and a loss by its name or a law
            if any(path == out or path.startswith((f"{out}.", f"{out}[")) for out in left_out):
                continue
            found = apart(read, other)
            assert 1 <= len(found) <= 4, (path, found)          # a name is a layer gone, another come; a kind has keys
            if ".activation." not in path:          # parameters without a law stand in no file
                assert all(d.a != d.b for d in found), (path, found)
            seen.add(path)
    for path in ("equations.lines[].text", "network.layers[].extra.epsilon", "training.options.beta2", "letters.net",
                 "data.validation.inputs", "training.objectives[].minimize", "loss.l2", "network.layers[].train"):
        assert path in seen
    assert apart(scenario(RICH), scenario(RICH)) == []


@pytest.mark.parametrize(("old", "new", "what"), [
    ('betas = [0.9, 0.99]', 'betas = [0.9, 0.999]', "training.betas: [0.9, 0.99] in A, [0.9, 0.999] in B"),
    ('seed = 3\n', '', "training.seed: 3 in A, 0 (by default) in B"),
    ('shuffle = true\n', '', "training.shuffle: true in A, false (by default) in B"),
    ('beta = 1.5', 'beta = 2', 'activation of h: { law = "x*sigmoid(beta*x)", beta = 1.5, train = ["beta"] } in A, '
                               '{ law = "x*sigmoid(beta*x)", beta = 2, train = ["beta"] } in B'),
    ('low = -1', 'low = 0', 'weights of o: { init = "uniform", low = -1, high = 1 } in A, '
                            '{ init = "uniform", low = 0, high = 1 } in B'),
    ('bias = 0.5\nbias_names = "b1"\ntrain_bias = false', 'bias = [0.5, 1]\nbias_names = ["b1", "b2"]',
     'bias of h: 0.5 in A, [0.5, 1] in B|bias_names of h: ["b1"] in A, ["b1", "b2"] in B|'
     'train_bias of h: false in A, true (by default) in B'),
    ('kind = "(t - o)**2"', 'kind = "(t-o)**2"', ""),
    ('kind = "(t - o)**2"', 'kind = "squared_error"', "loss.kind: (t - o)**2 in A, squared_error in B"),
    ('epsilon = 1e-4\n', '', "epsilon of n: 0.0001 in A, nothing in B"),
    ('until = "E < 1e-4"', 'until = "E < 1e-5"', "training.until: E < 1e-4 in A, E < 1e-5 in B"),
    ('gamma = 0.5', 'gamma = 0.25', 'training.schedule: { kind = "step", step_size = 2, gamma = 0.5 } in A, '
                                    '{ kind = "step", step_size = 2, gamma = 0.25 } in B'),
    ('net = "z"\n', '', "names.net: z in A, nothing in B"),
])
def test_a_difference_is_in_words_of_the_file(old: str, new: str, what: str) -> None:
    assert RICH.count(old) == 1
    other = scenario(RICH.replace(old, new))
    assert "|".join(d.said() for d in apart(scenario(RICH), other)) == what


def test_written_equations_are_compared() -> None:
    found = compare(equations("tanh(w)*2", "y*1"), equations("tanh(w)*3", "y*1"))
    assert [d.said() for d in found.differences] == ["equations: y = tanh(w)*2 in A, y = tanh(w)*3 in B"]
    assert "A makes y with tanh(w)*2, B with tanh(w)*3." in said(found)


def test_a_law_is_its_text_and_never_its_inside() -> None:
    found = compare(network('"relu"'), network('"max(x, 0)"'))
    assert [d.said() for d in found.differences] == ["activation of h: relu in A, max(x, 0) in B"]
    assert "column" not in said(found) and "args" not in said(found) and ".law" not in said(found)


def test_a_network_against_equations_is_one_sentence() -> None:
    first = scenario(RICH)
    found = apart(first, replace(scenario(OBJECTIVES), loss=first.loss, training=first.training,
                                 letters=first.letters))
    assert [d.said() for d in found] == ["form: a network of 3 layers in A, 3 written equations in B"]


def test_a_default_is_no_difference_of_its_own() -> None:
    """Of an rnn and an lstm, whose activation no file says, only the kind is."""
    text = NETWORK.format(activation='"tanh"', h="[[1, 2], [3, 4]]", bias="false", o="[[0.5, 0.25]]", loss="sum")
    for old, new in (('inputs = ["x1", "x2"]', "inputs = [1, 2]"), ('activation = "tanh"\n', ""),
                     ("weights = [[1, 2], [3, 4]]\n", ""), ("[[0.5, 2.0], [1.5, 1.0]]", "[[[0.5, 2.0]], [[1.5, 1.0]]]"),
                     ("targets = [[1.0], [1.0]]\n", "")):
        assert old in text
        text = text.replace(old, new)
    a, b = (scenario(text.replace('"dense"\nname = "h"', f'"{kind}"\nname = "h"')) for kind in ("rnn", "lstm"))
    assert [d.said() for d in apart(a, b)] == ["kind of h: rnn in A, lstm in B"]


def test_nothing_that_runs_and_words_alone() -> None:
    text = EQUATIONS.format(y="w*x", E="y*y", training="")
    a, b = (open_scenario(scenario(f'title = "{title}"\n{text}')) for title in "ab")
    assert "nothing that runs" in said(compare(a, b)) and "words and figures alone: title" in said(compare(a, b))
    assert record(compare(a, b))["words"] == ["title"]
    assert "nothing that runs" not in said(compare(a, a)) and record(compare(a, a))["words"] == []


def test_two_runs_without_a_name_in_common_are_not_called_equal() -> None:
    a = open_scenario(scenario('[equations]\nforward = ["y = 2*w"]\nloss = "y"\n[parameters]\nw = 1.0\n'))
    b = open_scenario(scenario('[equations]\nforward = ["z = 2*v"]\nloss = "z"\n[parameters]\nv = 1.0\n'))
    assert "equal" not in said(compare(a, b)).split("what follows")[0].replace("update", "")


# where, and why

def test_the_first_step_is_what_is_made_of_equal_numbers_and_is_not_equal() -> None:
    """adam adds the decay to the gradient: 0.5375 + 0.1 × 0.7 by hand; adamw leaves the gradient alone."""
    text = NETWORK.format(activation='"linear"', h="[[1, 2], [3, 4]]", bias="false", o="[[0.5, 0.25]]",
                          loss="half_squared_error")
    a, b = (open_scenario(scenario(text.replace("[training]", f'[training]\noptimizer = "{kind}"\nweight_decay = 0.1')))
            for kind in ("adam", "adamw"))
    for one, other, adds, takes in ((a, b, "A", "B"), (b, a, "B", "A")):
        parting = compare(one, other).parting
        assert parting is not None
        assert {parting.quantity, parting.other} == {"w1.g", "w1.grad"}
        decayed, given = (parting.a, parting.b) if adds == "A" else (parting.b, parting.a)
        assert decayed == given + 0.1 * 1.0
        assert parting.detail.reasons[:2] == (f"{adds} puts the weight decay into g: g = ∂E/∂w1 + λ × w1.",
                                              f"{takes} takes it from the weight itself.")


def test_clipping_is_named() -> None:
    a, b = equations(), equations(training="clip_norm = 0.01")
    assert reasons(a, b)[0] == "B clips the gradient at 0.01 before the optimizer has it; A does not."
    assert reasons(b, a)[0] == "A clips the gradient at 0.01 before the optimizer has it; B does not."


def test_when_a_run_ends_is_no_reason() -> None:
    def run(law: str, updates: int) -> Run:
        text = NETWORK.format(activation=f'"{law}"', h="[[1, 2], [3, 4]]", bias="0", o="[[0.5, 0.25]]", loss="huber")
        return open_scenario(scenario(text.replace("updates = 2", f"updates = {updates}")))

    a, b = run("tanh", 2), run("sigmoid", 3)
    assert reasons(a, b) == ("A makes out_h1 with tanh, B with sigmoid.", "activation of h: tanh in A, sigmoid in B.")


CHANGED = {
    "sgd": "", "momentum": "momentum = 0.9", "decay": "weight_decay = 0.1", "adam": 'optimizer = "adam"',
    "adamw": 'optimizer = "adamw"', "decayed adam": 'optimizer = "adam"\nweight_decay = 0.01',
    "rmsprop": 'optimizer = "rmsprop"', "adagrad": 'optimizer = "adagrad"\nweight_decay = 0.01',
    "clipped": "clip_norm = 0.01", "clipped at": "clip_value = 0.01", "in place": 'update_order = "in_place"',
    "perturbed": 'gradient = "perturbation"', "nesterov": "momentum = 0.9\nnesterov = true",
}


@pytest.mark.parametrize("kind", CHANGED)
@pytest.mark.parametrize("other", CHANGED)
def test_what_the_first_step_is_made_of_agrees(kind: str, other: str) -> None:
    """By the names under which it can be asked for; but for a weight that one run has changed before it reads it."""
    text = NETWORK.format(activation='"tanh"', h="[[1, 2], [3, 4]]", bias="0.5", o="[[0.5, 0.25]]", loss="huber")
    a, b = (open_scenario(scenario(text.replace("[training]", f"[training]\n{CHANGED[each]}")))
            for each in (kind, other))
    found, both = compare(a, b), Both(a, b)
    if found.parting is None:
        assert kind == other
        return
    update = found.parting.update
    if found.parting.values:
        pair = both.pair(update, int(both.apart(update).numbers[0]))
        assert pair is not None
        x, y = both_sides(both, origin(both, pair, update), update)
        assert (x.name(x.cell), y.name(y.cell)) == (found.parting.quantity, found.parting.other)
        assert x.value(x.cell) == found.parting.a != y.value(y.cell) == found.parting.b
        named = {y.name(d): d for d in y.reads()}
        for c in x.reads():
            d = named.get(x.name(c))
            assert d is None or x.value(c) == y.value(d), (x.name(c), found.parting.quantity)
    assert found.parting.detail.reasons


def test_at_a_kink_the_rules_are_named() -> None:
    a, b = (network(f'"{law}"', h="[[2.0, 0], [1.5, 0]]", bias="[-1.0, 0.25]", o="[[3.0, -0.5]]")
            for law in ("relu", "max(x, 0)"))
    assert reasons(a, b)[:2] == ("At net_h1 = 0, A's relu: at 0 the slope is taken as 0.",
                                 "At net_h1 = 0, B's max: of equals, the first takes everything.")
    a, b = (network(f'"{law}"') for law in ("sigmoid", "1/(1+exp(-x))"))
    assert not any(reason.startswith("At ") for reason in reasons(a, b))


def test_a_sign() -> None:
    assert "loss: B has −1 times what A has." in reasons(equations(), equations(E="-((t - y)**2/2)"))
    assert "out_h: B has −1 times what A has." in reasons(network(), network('"-1/(1+exp(-x))"'))
    found = compare(network(), network(h="[[-1, -2], [-3, -4]]"))
    assert found.differences[0].note == "B has −1 times what A has"


def test_a_permutation() -> None:
    """Two units that changed places, with all that comes from them and goes to them; and two columns."""
    notes = [d.note for d in compare(network(), network(h="[[3, 4], [1, 2]]", bias="[0.2, 0.1]",
                                                        o="[[0.25, 0.5]]")).differences]
    assert notes == ["the same rows in another order: B's are A's 2, 1",
                     "the same numbers in another order: B's are A's 2, 1",
                     "the same columns in another order: B's are A's 2, 1"]
    found = compare(network(), network(h="[[2, 1], [4, 3]]"))
    assert found.differences[0].note == "the same columns in another order: B's are A's 2, 1"


def test_a_transposition() -> None:
    found = compare(network(), network(h="[[1, 3], [2, 4]]"))
    assert [d.said() for d in found.differences] == [
        "weights of h: [[1, 2], [3, 4]] in A, [[1, 3], [2, 4]] in B: the same numbers, transposed"]
    assert any("the same numbers, transposed" in reason for reason in reasons(network(), network(h="[[1, 3], [2, 4]]")))


def test_a_half_on_one_side() -> None:
    assert reasons(equations(), equations(E="(t - y)**2"))[:2] == (
        "A makes loss with (t - y)**2/2, B with (t - y)**2.", "loss: A has exactly half of what B has.")
    assert reasons(network(loss="squared_error"), network())[:2] == (
        "A makes E_o1 with squared_error, B with half_squared_error.", "E_o: B has exactly half of what A has.")


def test_json_has_the_reasons_too() -> None:
    found = record(compare(equations(), equations(E="(t - y)**2")))
    assert json.loads(json.dumps(found)) == found
    assert found["differs"] == [{"what": "equations", "path": "equations.forward[1]", "a": "E = (t - y)**2/2",
                                 "b": "E = (t - y)**2", "note": ""}]
    assert "loss: A has exactly half of what B has." in found["first"]["why"]


def test_a_large_tensor_is_named_where_it_differs() -> None:
    """Its text alone would leave the middle out."""
    rows = [[0.25] * 30 for _ in range(30)]
    texts: list[str] = []
    for value in (0.25, 0.5):
        rows[17][3] = value
        texts.append(NETWORK.replace("{h}", str([[0.5, 0.5]] * 30)).replace("{o}", str(rows)).replace("{loss}", "sum")
                     .replace('["h1", "h2"]', "30").replace('["o1"]', "30").replace("{bias}", "0")
                     .replace("{activation}", '"tanh"').replace("targets = [[1.0], [1.0]]\n", ""))
    assert [d.said() for d in apart(*map(scenario, texts))] == [
        "weights of o: 0.25 at [17, 3] in A, 0.5 at [17, 3] in B: 1 of 900 numbers differ"]


# how numbers are related

def test_a_relation_is_said_only_where_it_holds() -> None:
    """Made on purpose, and read back; and of numbers by chance none."""
    chance = np.random.default_rng(1)
    letters = ("A", "B")
    for _ in range(50):
        x = chance.normal(size=(3, 4))
        assert relation(x, x.copy(), letters) == ""
        assert relation(x, chance.normal(size=(3, 4)), letters) == ""
        assert relation(x, x.T, letters) == "the same numbers, transposed"
        assert relation(x, -x, letters) == "B has −1 times what A has"
        y = x.copy()
        y[1, 2] = -y[1, 2]
        assert relation(x, y, letters) == "the same numbers, but 1 of 12 with the other sign"
        assert relation(x, x / 2, letters) == "B has exactly half of what A has"
        assert relation(x, x * 2, letters) == "A has exactly half of what B has"
        assert relation(x, x * 7, letters) == "B has 7 times what A has"
        assert relation(x, x / 7, letters).startswith("A has 7 times what B has")
        order = chance.permutation(3)
        if list(order) != [0, 1, 2]:
            assert relation(x, x[order], letters) == (
                f"the same rows in another order: B's are A's {', '.join(str(n + 1) for n in order)}")
        assert relation(x, x * 2 + 1e-9, letters) == "" and relation(x, np.where(x == x[1, 1], 9, x), letters) == ""
    sevenths = np.array([1.0, 2.0, 3.0])
    assert relation(sevenths, sevenths / 7 * 1.0000000000000002, letters).endswith("but for rounding")
    assert relation(np.zeros(3), np.zeros(3), letters) == "" and relation(np.ones((2, 2)), np.full((2, 2), 2.5),
                                                                         letters) == ""
    nan = np.array([np.nan, 1.0])
    assert relation(nan, -nan, letters) == "" and relation(np.array([np.inf]), np.array([-np.inf]), letters) == ""


@pytest.mark.parametrize("name", ["two_layer", "adam", "attention", "gan", "batch_all"])
def test_a_scenario_has_no_difference_from_itself(name: str) -> None:
    text = (Path(__file__).parents[2] / "scenarios" / f"{name}.toml").read_text("utf-8")
    one, other = scenario(text), scenario(text)
    assert apart(one, other) == []
