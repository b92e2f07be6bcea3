"""The penalties l1 and l2 against their closed forms: what they add to the cost, and to each gradient.

l1 × Σ|w| + l2 × Σ w² over the trained weights, once for a batch, whatever its reduction: sign(w) × l1 + 2 l2 w is
added to the gradient of a weight, nothing to that of a bias.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bptui.explain.check import check_run, lines
from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.scenario.errors import ScenarioError
from bptui.scenario.lines import line_of
from bptui.scenario.reader import read_scenario_text, render

Open = Callable[..., Run]
EXECUTORS = pytest.mark.parametrize("executor", ["straight", "arrays"])
PENALTIES = pytest.mark.parametrize("l1, l2", [(0.1, 0.0), (0.0, 0.2), (0.05, 0.3)])
SOME = np.sin(np.arange(1.0, 40.0))
X, T = SOME[:10].reshape(5, 2), SOME[10:20].reshape(5, 2) ** 2
W1, B1, W2, B2 = SOME[20:26].reshape(3, 2), SOME[26:29], SOME[29:35].reshape(2, 3), SOME[35:37]
W1 = np.where(np.arange(6).reshape(3, 2) == 3, 0.0, W1)    # a weight of 0, where |w| has a kink
NAMES = ("hidden.weights", "hidden.bias", "output.weights", "output.bias")
RATE = 0.2


def scenario(loss: str, batch: int | str = 2, hidden: str = "", output: str = "", training: str = "") -> str:
    return f"""
[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "hidden"
units = 3
activation = "tanh"
weights = {W1.tolist()}
bias = {B1.tolist()}
{hidden}
[[network.layers]]
kind = "dense"
name = "output"
units = 2
activation = "sigmoid"
weights = {W2.tolist()}
bias = {B2.tolist()}
{output}
[loss]
kind = "half_squared_error"
{loss}
[data]
inputs = {X.tolist()}
targets = {T.tolist()}
[training]
learning_rate = {RATE}
batch = {batch!r}
{training}
"""


Weights = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def plain(p: Weights, rows: list[int], by: float, W2_now: np.ndarray | None = None) -> tuple[float, Weights]:
    """The cost without penalties, and its gradient by hand; `W2_now` is what the error goes back through."""
    W1, b1, W2, b2 = p
    h = np.tanh(X[rows] @ W1.T + b1)
    o = 1 / (1 + np.exp(-(h @ W2.T + b2)))
    out = (o - T[rows]) * o * (1 - o) / by
    inner = (out @ (W2 if W2_now is None else W2_now)) * (1 - h * h)
    return float(((T[rows] - o) ** 2 / 2).sum() / by), (
        inner.T @ X[rows], inner.sum(axis=0), out.T @ h, out.sum(axis=0))  # fmt: skip


def penalty(l1: float, l2: float, *weights: np.ndarray) -> float:
    return sum(l1 * float(np.abs(w).sum()) + l2 * float((w * w).sum()) for w in weights)


def push(l1: float, l2: float, w: np.ndarray) -> np.ndarray:
    return l1 * np.sign(w) + 2 * l2 * w


def rows_of(batch: int | str, update: int) -> list[int]:
    if batch == "all":
        return [0, 1, 2, 3, 4]
    first = update % -(-5 // int(batch)) * int(batch)
    return list(range(5))[first:first + int(batch)]


def close(a: object, b: object) -> bool:
    a, b = np.asarray(a, float), np.asarray(b, float)
    return a.shape == b.shape and bool((np.abs(a - b) <= 1e-10 * (np.abs(b) + 1e-6)).all())


@EXECUTORS
@PENALTIES
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("batch", [1, 2, "all"])
def test_a_penalised_run_is_its_closed_form(batch: int | str, reduction: str, l1: float, l2: float, executor: str,
                                            open_text: Open) -> None:  # fmt: skip
    run = open_text(scenario(f"l1 = {l1}\nl2 = {l2}\nreduction = '{reduction}'", batch), executor)
    p: Weights = (W1, B1, W2, B2)
    for update in range(20):
        rows = rows_of(batch, update)
        assert run.rows(update) == rows
        cost, (g1, gb1, g2, gb2) = plain(p, rows, len(rows) if reduction == "mean" else 1.0)
        assert close(run.value("E", update), cost + penalty(l1, l2, p[0], p[2]))
        assert close(run.value("penalty", update), penalty(l1, l2, p[0], p[2]))
        grads = (g1 + push(l1, l2, p[0]), gb1, g2 + push(l1, l2, p[2]), gb2)
        for name, value, grad in zip(NAMES, p, grads, strict=True):
            assert close(run.value(name, update), value), (name, update)
            assert close(run.value(f"{name}.grad", update), grad), (name, update)
            assert close(run.value(f"d(E, {name})", update), grad)
        p = tuple(w - RATE * g for w, g in zip(p, grads, strict=True))  # type: ignore[assignment]


@EXECUTORS
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_loss_of_a_sample_has_no_penalty(reduction: str, executor: str, open_text: Open) -> None:
    run = open_text(scenario(f"l1 = 0.1\nl2 = 0.2\nreduction = '{reduction}'", "all"), executor)
    bare = open_text(scenario(f"reduction = '{reduction}'", "all"), executor)
    for row in range(5):
        assert close(run.value("loss", 0, row + 1), plain((W1, B1, W2, B2), [row], 1.0)[0])
        assert close(run.value("d(loss, w1)", 0, row + 1), plain((W1, B1, W2, B2), [row], 1.0)[1][0][0, 0])
    assert close(run.value("E.training"), float(bare.value("E.training")) + penalty(0.1, 0.2, W1, W2))
    assert close(run.value("d(penalty, hidden.weights)"), push(0.1, 0.2, W1))
    assert np.asarray(run.value("d(penalty, hidden.bias)")).tolist() == [0.0] * 3


@EXECUTORS
def test_at_a_weight_of_zero_the_slope_is_taken_as_zero(executor: str, open_text: Open) -> None:
    one, none = open_text(scenario("l1 = 0.1"), executor), open_text(scenario(""), executor)
    assert W1[1, 1] == 0.0
    assert run_bits(one, "hidden.weights[1,1].grad") == run_bits(none, "hidden.weights[1,1].grad")
    assert run_bits(one, "hidden.weights[1,0].grad") != run_bits(none, "hidden.weights[1,0].grad")


def run_bits(run: Run, what: str) -> bytes:
    return np.asarray(run.value(what), float).tobytes()


# What is not trained


@EXECUTORS
@pytest.mark.parametrize("frozen", ["hidden", "output"])
def test_a_frozen_layer_is_not_counted(frozen: str, executor: str, open_text: Open) -> None:
    run = open_text(scenario("l1 = 0.1\nl2 = 0.2", **{frozen: "train = false"}), executor)
    cost, grads = plain((W1, B1, W2, B2), [0, 1], 2.0)
    own, other = (W1, W2) if frozen == "output" else (W2, W1)
    assert close(run.value("E"), cost + penalty(0.1, 0.2, own))
    assert close(run.value("penalty"), penalty(0.1, 0.2, own))
    at = 0 if frozen == "output" else 2
    assert close(run.value(f"{NAMES[at]}.grad"), grads[at] + push(0.1, 0.2, own))
    assert run.parameters(5)[NAMES[2 - at]].tobytes() == other.tobytes()
    assert close(run.value(f"d(E, {NAMES[2 - at]})"), grads[2 - at])    # not that of the penalty


def test_a_bias_that_is_not_trained_changes_nothing(open_text: Open) -> None:
    one = open_text(scenario("l2 = 0.2", hidden="train_bias = false"))
    two = open_text(scenario("l2 = 0.2"))
    assert one.value("E") == two.value("E")
    assert run_bits(one, "hidden.weights.grad") == run_bits(two, "hidden.weights.grad")


def test_a_trained_parameter_of_a_law_is_no_weight(open_text: Open) -> None:
    text = scenario("l1 = 0.3\nl2 = 0.2").replace(
        'activation = "tanh"', 'activation = { law = "tanh(beta*x)", beta = 1.5, train = ["beta"] }')  # fmt: skip
    with_, without = open_text(text), open_text(text.replace("l1 = 0.3\nl2 = 0.2", ""))
    assert run_bits(with_, "hidden.beta.grad") == run_bits(without, "hidden.beta.grad")
    assert close(with_.value("E"), float(without.value("E")) + penalty(0.3, 0.2, W1, W2))


def test_no_penalty_is_no_line(open_text: Open) -> None:
    zero, bare = open_text(scenario("l1 = 0.0\nl2 = 0")), open_text(scenario(""))
    assert [b.out.name for b in zero.program(0).blocks] == [b.out.name for b in bare.program(0).blocks]
    assert "penalty" not in zero.program(0).variables


# In place, and with other things


@EXECUTORS
@pytest.mark.parametrize("batch", [1, 2])
@PENALTIES
def test_in_place_penalises_the_weight_before_its_update(l1: float, l2: float, batch: int, executor: str,
                                                         open_text: Open) -> None:  # fmt: skip
    """The error goes back through the new output weights; each layer's own penalty is of its old ones."""
    run = open_text(scenario(f"l1 = {l1}\nl2 = {l2}", batch, training="update_order = 'in_place'"), executor)
    p: Weights = (W1, B1, W2, B2)
    for update in range(15):
        rows = rows_of(batch, update)
        for name, value in zip(NAMES, p, strict=True):
            assert close(run.value(name, update), value), (name, update)
        _, (t1, _, g2, gb2) = plain(p, rows, len(rows))
        assert close(run.value("d(E, hidden.weights)", update), t1 + push(l1, l2, p[0]))    # the true one
        W2_next = p[2] - RATE * (g2 + push(l1, l2, p[2]))
        _, (g1, gb1, _, _) = plain(p, rows, len(rows), W2_next)
        assert close(run.value("hidden.weights.grad", update), g1 + push(l1, l2, p[0]))
        p = (p[0] - RATE * (g1 + push(l1, l2, p[0])), p[1] - RATE * gb1, W2_next, p[3] - RATE * gb2)


@EXECUTORS
def test_l2_is_weight_decay_of_twice_its_size(executor: str, open_text: Open) -> None:
    """Without biases λ/2 × Σ w² as penalty is λ as decay, in plain descent."""
    def bare(loss: str, training: str = "") -> Run:
        text = scenario(loss, training=training)
        return open_text(text.replace(f"bias = {B1.tolist()}", "bias = false").replace(
            f"bias = {B2.tolist()}", "bias = false"), executor)  # fmt: skip
    one, two = bare("l2 = 0.15"), bare("", "weight_decay = 0.3")
    for update in (0, 1, 2, 30):
        assert close(one.value("hidden.weights", update), two.value("hidden.weights", update))
        assert close(one.value("output.weights", update), two.value("output.weights", update))


@EXECUTORS
@pytest.mark.parametrize("batch", [1, 2, "all"])
@pytest.mark.parametrize("order", ["simultaneous", "in_place"])
def test_check_holds(order: str, batch: int | str, executor: str, open_text: Open) -> None:
    text = scenario("l1 = 0.01\nl2 = 0.02", batch, training=f"update_order = '{order}'\nupdates = 12")
    report = check_run(open_text(text, executor))
    assert report.ok, lines(report)


# Written equations


@EXECUTORS
@PENALTIES
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("batch", [1, 2, "all"])
def test_written_equations(batch: int | str, reduction: str, l1: float, l2: float, executor: str,
                           open_text: Open) -> None:  # fmt: skip
    """All of its parameters are weights: E = (t - w x - b)², three samples."""
    x, t, w, b = [1.0, -2.0, 0.5], [0.5, 1.0, -1.0], 0.4, -0.3
    run = open_text(f"""
[equations]
forward = ["y = w*x + b", "E = (t - y)**2"]
loss = "E"
[parameters]
w = {w}
b = {b}
[values]
x = {x}
t = {t}
[loss]
l1 = {l1}
l2 = {l2}
reduction = "{reduction}"
[training]
learning_rate = 0.05
batch = {batch!r}
""", executor)
    for update in range(20):
        rows = [0, 1, 2] if batch == "all" else [update % 3] if batch == 1 else [[0, 1], [2]][update % 2]
        by = len(rows) if reduction == "mean" else 1
        errors = [t[r] - w * x[r] - b for r in rows]
        both = np.array([w, b])
        assert close(run.value("E", update), sum(e * e for e in errors) / by + penalty(l1, l2, both))
        assert close(run.value("loss", update), errors[0] ** 2)
        dw = sum(-2 * e * x[r] for e, r in zip(errors, rows, strict=True)) / by + float(push(l1, l2, both)[0])
        db = sum(-2 * e for e in errors) / by + float(push(l1, l2, both)[1])
        assert close(run.value("w.grad", update), dw) and close(run.value("d(E, b)", update), db)
        w, b = w - 0.05 * dw, b - 0.05 * db


@pytest.mark.parametrize("key", ["l1", "l2"])
@pytest.mark.parametrize("value", ["-0.1", "nan", "'much'", "true"])
def test_what_is_no_rate_is_refused_at_its_key(key: str, value: str) -> None:
    text = scenario(f"{key} = {value}")
    with pytest.raises(ScenarioError) as caught:
        open_scenario(read_scenario_text(text, "here"))
    (problem,) = caught.value.problems
    assert problem.key == ("loss", key)
    at = problem.line or line_of(read_scenario_text(text, "here").lines, problem.key)
    assert text.splitlines()[at - 1].startswith(key)

# What is counted

ATTENTION = """
[network]
inputs = [2, 2]
[[network.layers]]
kind = "attention"
name = "att"
query = [[0.6, 0.1], [-0.4, 0.2]]
key = [[0.3, -0.5], [0.7, 0.2]]
value = [[0.8, -0.1], [0.25, 0.5]]
output = [[0.4, 0.9], [-0.3, 0.2]]
[[network.layers]]
kind = "dense"
name = "o"
units = 1
weights = [[0.5, 0.7]]
bias = [0.2]
[loss]
kind = "squared_error"
name = "E"
l2 = 0.05
{more}
[data]
inputs = [[[0.4, -1.0], [1.5, 0.3]]]
targets = [[[0.5], [-0.5]]]
"""


@EXECUTORS
def test_the_matrices_of_attention_are_weights(executor: str, open_text: Open) -> None:
    """PyTorch 2.13, float64: l2 over all five matrices."""
    run = open_text(ATTENTION.format(more=""), executor)
    assert run.value("E") == pytest.approx(0.7310208880530039, rel=1e-14)
    expected = {
        "query": [0.01311700241771635, -0.019352371551793097, 0.1109046484679754, 0.114477945932334],
        "key": [0.13678606023438888, 0.07620170754973231, 0.025715633766217744, -0.03233606918537902],
    }
    for part, slopes in expected.items():
        assert np.ravel(run.value(f"d(E, att.{part})")) == pytest.approx(slopes, rel=1e-12)
    assert run.value("d(E, att.value)[0,0]") == pytest.approx(0.07514240861704816, rel=1e-12)
    assert run.value("d(E, att.output)[0,0]") == pytest.approx(0.2556325943064118, rel=1e-12)


LAYERS: dict[str, tuple[str, str, str, int, set[str]]] = {   # kind: inputs, keys, weights, outputs, what is no weight
    "dense": ("2", "units = 2", "weights", 2, {"bias"}),
    "conv2d": ("[1, 2, 2]", "filters = 1\nkernel = 1", "weights", 4, {"bias"}),
    "rnn": ("[2, 2]", "units = 2", "weights recurrent_weights", 2, {"bias"}),
    "lstm": ("[2, 2]", "units = 2", "weights recurrent_weights", 2, {"bias"}),
    "gru": ("[2, 2]", "units = 2", "weights recurrent_weights", 2, {"bias"}),
    "embedding": ("2", "vocabulary = 2\nsize = 2", "weights", 4, set()),
    "attention": ("[2, 2]", "heads = 2", "query key value output", 4, set()),
    "layer_norm": ("2", "", "", 2, {"gain", "bias"}),
    "batch_norm": ("2", "", "", 2, {"gain", "bias"}),
    "activation": ("2", "activation = { law = 'a*x', a = 0.5, train = ['a'] }", "", 2, {"a"}),
}


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("of", ["", "all"])
def test_each_layer_says_which_of_its_parameters_are_weights(kind: str, of: str, open_text: Open) -> None:
    """∂E/∂w has 2 × l2 × w more where w is counted, and not otherwise; a dense layer follows that always is."""
    inputs, keys, weights, _, others = LAYERS[kind]
    flat = "[[network.layers]]\nkind = 'flatten'\n"
    def text(penalty: str) -> str:
        data = "[[0, 1], [1, 0]]" if kind == "embedding" else "[[1, 0], [0, 1]]" if inputs == "2" else \
            "[[0.1, 0.2, 0.3, 0.4], [0.5, -0.1, 0.2, 0.7]]"
        return (f"[network]\ninputs = {inputs}\n[[network.layers]]\nkind = '{kind}'\nname = 'first'\n{keys}\n{flat}"
                f"[[network.layers]]\nkind = 'dense'\nname = 'last'\nunits = 1\n[loss]\nkind = 'squared_error'\n"
                f"name = 'E'\n{penalty}\n[data]\ninputs = {data}\ntargets = [[1.0], [0.0]]\n"
                f"[training]\nbatch = 2\n")  # fmt: skip
    plain_run = open_text(text(""))
    run = open_text(text("l2 = 0.25" + (f"\npenalised = '{of}'" if of else "")))
    counted = {f"first.{w}" for w in weights.split()} | {"last.weights"}
    if of == "all":
        counted = set(run.parameters(0))
    assert {f"first.{name}" for name in (*weights.split(), *others)} | {"last.weights", "last.bias"} == set(
        run.parameters(0))  # fmt: skip
    for name, value in run.parameters(0).items():
        more = np.asarray(run.value(f"d(E, {name})")) - np.asarray(plain_run.value(f"d(E, {name})"))
        assert close(more, 0.5 * value if name in counted else 0 * value), name


@EXECUTORS
def test_a_list_says_what_is_counted(executor: str, open_text: Open) -> None:
    run = open_text(scenario("l2 = 0.1\npenalised = ['output.bias', 'hidden.weights']"), executor)
    plain_run = open_text(scenario(""), executor)
    for name in NAMES:
        counted = name in ("output.bias", "hidden.weights")
        more = np.asarray(run.value(f"d(E, {name})")) - np.asarray(plain_run.value(f"d(E, {name})"))
        assert close(more, 0.2 * run.value(name) if counted else 0 * more), name
    assert check_run(run).ok


@pytest.mark.parametrize("keys, layer, said", [
    ("l2 = 0.1\npenalised = ['hidden.weight']", "", "'hidden.weight' is no parameter, did you mean 'hidden.weights'?"),
    ("l2 = 0.1\npenalised = ['hidden.bias', 'hidden.bias']", "", "'hidden.bias' stands here twice"),
    ("l2 = 0.1\npenalised = ['hidden.bias']", "train_bias = false", "hidden.bias is not trained"),
    ("l2 = 0.1\npenalised = []", "", "penalised is an empty list"),
    ("l2 = 0.1\npenalised = 'biases'", "", "penalised must be \"weights\" or \"all\""),
    ("l2 = 0.1\npenalised = true", "", "penalised must be a list"),
    ("penalised = 'all'", "", "neither is above 0"),
    ("l1 = 0.0\npenalised = 'all'", "", "neither is above 0"),
])  # fmt: skip
def test_a_set_of_parameters_that_cannot_be_is_refused_at_its_line(keys: str, layer: str, said: str) -> None:
    text = scenario(keys, hidden=layer)
    lines = None
    with pytest.raises(ScenarioError) as caught:
        read = read_scenario_text(text, "here")
        lines = read.lines
        open_scenario(read)
    [shown] = render(caught.value, "m.toml", lines)
    at = int(shown.split(":")[1])
    assert said in shown and "penalised" in text.splitlines()[at - 1]


def test_a_penalty_that_has_nothing_to_count_is_refused() -> None:
    """Of frozen layers nothing is penalised, so the key would do nothing."""
    text = scenario("l2 = 0.1", hidden="train = false", output="train = false\n")
    with pytest.raises(ScenarioError, match="no weights are trained that a penalty could count"):
        open_scenario(read_scenario_text(text, "here"))
