"""The language of quantities: what each form means, and one clear sentence for what cannot be had.

Values are the tutorial's printed digits where it has them, else worked out here from other values of the run
by the formula that the form stands for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bptui.replay.open import open_run
from bptui.replay.run import Run
from bptui.scenario.errors import QuantityError
from bptui.scenario.shipped import find

Open = Callable[..., Run]
BATCH = """
[network]
inputs = ["i1", "i2"]
[[network.layers]]
kind = "dense"
name = "hidden"
units = ["h1", "h2", "h3"]
activation = "tanh"
weights = [[0.15, 0.20], [0.25, 0.30], [-0.1, 0.4]]
bias = [0.35, 0.1, -0.2]
[[network.layers]]
kind = "dense"
name = "output"
units = ["o1", "o2"]
activation = "sigmoid"
weights = [[0.40, 0.45, 0.1], [0.50, 0.55, -0.3]]
bias = 0.6
train_bias = false
[loss]
kind = "half_squared_error"
[data]
inputs = [[0.05, 0.10], [0.3, -0.2], [0.7, 0.9]]
targets = [[0.01, 0.99], [0.5, 0.5], [0.2, 0.1]]
[training]
learning_rate = 0.5
batch = 2
[names]
net = "z"
out = "a"
"""


@pytest.fixture(scope="module", params=["straight", "arrays"])
def run(request: pytest.FixtureRequest) -> Run:
    return open_run(find("two_layer"), request.param)


@pytest.fixture(scope="module", params=["straight", "arrays"])
def batch(request: pytest.FixtureRequest, open_text: Open) -> Run:
    return open_text(BATCH, request.param)


def value(run: Run, text: str, after: int = 0) -> Any:
    return run.value(text, after)


# What the forms mean


@pytest.mark.parametrize(
    "text, printed",
    [
        ("net_h1", 0.3775),
        ("out_o2", 0.772928465),
        ("E_o1", 0.274811083),
        ("E", 0.298371109),
        ("loss", 0.298371109),
        ("t2", 0.99),
        ("i1", 0.05),
        ("b1", 0.35),
        ("w5", 0.4),
        ("hidden.bias", 0.35),
        ("hidden.weights[1,0]", 0.25),
        ("hidden.out[1]", 0.596884378),
        ("inputs[1]", 0.1),
        ("targets[0]", 0.01),
        ("d(E, w5)", 0.082167041),
        ("∂E/∂w5", 0.082167041),
        ("d(E, output.weights)[0,0]", 0.082167041),
        ("d(E, output.weights[0,0])", 0.082167041),
        ("d(net_o1, w5)", 0.593269992),
        ("d(E_o1, net_o1)", 0.138498562),
        ("d(E, hidden.out)[0]", 0.036350306),
        ("d(E, out_h1)*d(out_h1, net_h1)*i1", 0.000438568),
        ("w5.grad", 0.082167041),
        ("w5.next", 0.35891648),
        ("w5 + w5.change", 0.35891648),
        ("output.weights.next[0,1]", 0.408666186),
        ("output.weights.grad[0,0]", 0.082167041),
        ("w5@1", 0.35891648),
        ("output.weights@1[0,0]", 0.35891648),
        ("d(E, w5)@0", 0.082167041),
        ("E@1", 0.291027774),
        ("-2*w5**2 + 1/4", -0.07),
        ("pi", 3.141592654),
    ],
)
def test_quantities_of_the_tutorial(run: Run, text: str, printed: float) -> None:
    got = value(run, text)
    assert type(got) is float
    assert abs(got - printed) <= 0.5000001e-8


def test_tensors_have_the_shape_of_one_sample(run: Run, batch: Run) -> None:
    assert np.array_equal(value(run, "hidden.weights"), [[0.15, 0.20], [0.25, 0.30]])
    assert value(batch, "inputs").shape == (2,) and value(batch, "hidden.out").shape == (3,)
    assert value(batch, "hidden.weights.grad").shape == (3, 2)
    assert value(batch, "d(E, hidden.weights)").shape == (3, 2)
    assert value(batch, "d(loss, hidden.net)").shape == (3,)
    assert value(batch, "hidden.bias").shape == (3,) and type(value(batch, "output.bias")) is float
    assert type(value(batch, "d(E, output.bias)")) is float


def test_the_derivative_of_a_tensor_is_its_jacobian(batch: Run) -> None:
    """(*y, *x), each row the derivative of one element."""
    for y, x, shape in (
        ("output.out", "hidden.weights", (2, 3, 2)),
        ("output.out", "hidden.out", (2, 3)),
        ("hidden.net", "inputs", (3, 2)),
        ("output.out", "output.bias", (2,)),
        ("hidden.out", "hidden.out", (3, 3)),
        ("hidden.out", "output.out", (3, 2)),
    ):
        whole = value(batch, f"d({y}, {x})")
        assert whole.shape == shape
        for index in np.ndindex(whole.shape[:1]):
            assert np.array_equal(value(batch, f"d({y}[{index[0]}], {x})"), whole[index])
    assert np.array_equal(value(batch, "d(hidden.out, hidden.out)"), np.eye(3))
    assert not value(batch, "d(hidden.out, output.out)").any()
    assert np.allclose(value(batch, "d(hidden.net, inputs)"), value(batch, "hidden.weights"), rtol=1e-15)


def test_a_sample_is_a_row_of_the_data(batch: Run) -> None:
    def of(text: str, sample: int | None, after: int = 0) -> Any:
        return batch.value(text, after, sample)

    assert [of("i1", row) for row in (None, 1, 2)] == [0.05, 0.05, 0.3]
    assert of("i1", 3, after=1) == of("i1", None, after=1) == 0.7
    assert of("E", 1) == of("E", 2) == pytest.approx((of("loss", 1) + of("loss", 2)) / 2, rel=1e-15)
    assert of("d(E, out_h1)", 2) == pytest.approx(of("d(loss, out_h1)", 2) / 2, rel=1e-15)
    for sample, after in ((3, 0), (1, 1), (4, 0), (0, 0), (-1, 1)):
        with pytest.raises(
            QuantityError, match=f"^sample {sample} is not in the batch of update {after}; its rows are "
        ):
            of("E", sample, after)


def test_the_sources_letters_may_be_typed(batch: Run) -> None:
    assert value(batch, "z_h1") == value(batch, "net_h1")
    assert value(batch, "d(E, a_o2)") == value(batch, "d(E, out_o2)")
    with pytest.raises(QuantityError, match="'z_h9' is not a quantity"):
        value(batch, "z_h9")


def test_change_next_and_pins(run: Run) -> None:
    for after in (0, 7):
        assert value(run, "w1.next", after) == value(run, "w1", after + 1) == value(run, f"w1@{after + 1}", 3)
        assert value(run, "w1.change", after) == value(run, f"w1@{after + 1} - w1@{after}")
        assert value(run, "w1.change", after) == pytest.approx(-0.5 * value(run, "w1.grad", after), rel=1e-9)
    assert value(run, "w1@prev", 7) == value(run, "w1", 6)
    assert value(run, "d(E, w1)@prev", 7) == value(run, "d(E, w1)", 6)
    assert value(run, "(w1 - w1@prev)", 7) == value(run, "w1.change", 6)
    assert np.array_equal(value(run, "hidden.weights@prev", 3), value(run, "hidden.weights", 2))
    assert value(run, "E", 10001) < value(run, "E@10000", 10001)  # beyond the end of the run, where that is asked for
    with pytest.raises(QuantityError, match="the run ends after 10,000 updates"):
        value(run, "E@10001")


@pytest.mark.parametrize(
    "text, expected",
    [
        ("w5 < w6", True),
        ("w5 > w6", False),
        ("w5 <= 0.4", True),
        ("w5 >= 0.4", True),
        ("w5 == 0.4", True),
        ("w5 != 0.4", False),
        ("w5 < w6 and w6 < w7", True),
        ("w5 > w6 or w7 > w6", True),
        ("not w5 > w6", True),
        ("not w5", False),
        ("0 or 0.0", False),
        ("any(hidden.weights > 0.29)", True),
        ("all(hidden.weights > 0.29)", False),
        ("isnan(w5)", False),
        ("isfinite(w5)", True),
        ("any(isnan(hidden.weights))", False),
        ("0/0 < 1", False),
        ("0/0 >= 1", False),
        ("0/0 == 0/0", False),
        ("0/0 != 0/0", False),
        ("1 != 0/0", False),
        ("isnan(0/0)", True),
        ("isfinite(1/0)", False),
        ("isfinite(0/0)", False),
        ("1/0 > 1e308", True),
        ("not 0/0 < 1", True),
        ("0/0 and 1", False),
        ("(w5 - w5)/(w5 - w5) or 0", False),
        ("all(hidden.weights*0/0 < 1)", False),
        ("any(hidden.weights*0/0 != 1)", False),
    ],
)
def test_conditions(run: Run, text: str, expected: bool) -> None:
    """Comparisons with NaN are false, != too."""
    assert value(run, text) is expected


def test_a_comparison_of_tensors_is_a_tensor(run: Run) -> None:
    assert np.array_equal(value(run, "hidden.weights > 0.22"), [[False, False], [True, True]])
    assert np.array_equal(value(run, "abs(d(E, hidden.weights) - hidden.weights.grad) < 1e-15"), np.full((2, 2), True))


def test_functions_of_tensors(run: Run) -> None:
    w = np.array([0.15, 0.20, 0.25, 0.30])
    v = np.array([0.40, 0.45, 0.50, 0.55])
    cosine = sum(w * v) / math.sqrt(sum(w * w) * sum(v * v))
    for text, expected in {
        "norm(hidden.weights)": math.sqrt(0.0225 + 0.04 + 0.0625 + 0.09),
        "mean(hidden.weights)": 0.225,
        "sum(hidden.weights)": 0.9,
        "max(hidden.weights)": 0.3,
        "min(hidden.weights)": 0.15,
        "max(w1, w8, w3)": 0.55,
        "min(w4, w2, w3)": 0.2,
        "dot(hidden.weights, output.weights)": sum(w * v),
        "sign(0 - w1)": -1.0,
        "sign(w1 - w1)": 0.0,
        "angle(hidden.weights, output.weights)": math.degrees(math.acos(cosine)),
        "angle(w1, 0 - w2)": 180.0,
        "angle(hidden.weights, hidden.weights)": 0.0,
        "abs(0 - w1)": 0.15,
        "sigmoid(net_h1)": 0.593269992,
        "norm(w1)": 0.15,
        "mean(E)": 0.298371109,
        "exp(0) + log(1) + sqrt(4) + where(w1 > 1, 5, 6)": 9.0,
    }.items():
        assert value(run, text) == pytest.approx(expected, rel=1e-8, abs=2e-6), text
    assert np.array_equal(value(run, "abs(hidden.weights - 0.2) < 0.051"), [[True, True], [True, False]])
    assert np.array_equal(value(run, "max(hidden.weights, 0.22)"), [[0.22, 0.22], [0.25, 0.3]])


@pytest.mark.parametrize(
    "text",
    [
        "angle(hidden.weights*0, hidden.weights)",
        "angle(0/0, w1)",
        "norm(0/0)",
        "max(0/0, 1)",
        "sign(0/0)",
        "dot(hidden.weights, hidden.weights)*0/0",
    ],
)
def test_nan_is_not_lost_on_the_way(run: Run, text: str) -> None:
    """A vector of length 0 has no direction, so it has no angle with anything."""
    assert math.isnan(value(run, text))


def test_changed_compares_bits(run: Run, open_text: Open) -> None:
    assert value(run, "changed(w1)", 1) is True
    assert value(run, "changed(w1)", 0) is False  # there is nothing before
    assert value(run, "changed(b1)", 1) is False  # not trained
    assert value(run, "changed(hidden.weights)", 5) is True
    nan = open_text("[equations]\nforward = ['E = log(w)']\nloss = 'E'\n[parameters]\nw = -1.0\n"
                    "[training]\nlearning_rate = 0.0\n")  # fmt: skip
    assert math.isnan(value(nan, "E", 1)) and value(nan, "changed(E)", 1) is False  # the same NaN
    zeros = open_text("[equations]\nforward = ['E = w*x']\nloss = 'E'\n[parameters]\nw = 1.0\n"
                      "[values]\nx = [0.0, -0.0]\n[training]\nbatch = 1\n")  # fmt: skip
    assert value(zeros, "x", 0) == value(zeros, "x", 1) and value(zeros, "changed(x)", 1) is True


def test_a_pinned_quantity_of_the_data_is_of_the_same_row(open_text: Open) -> None:
    """The place in the batch alone would be another sample: 0.5 stands second in update 0, first in update 1."""
    text = ("[equations]\nforward = ['E = (w*x)**2']\nloss = 'E'\n[parameters]\nw = 1.0\n"
            "[values]\nx = [0.25, 0.5, 0.75]\n[training]\nbatch = 2\n")  # fmt: skip
    run = open_text(text)
    assert run.value("x@0", 2, sample=2) == 0.5 and run.value("w@prev", 1) == 1.0
    with pytest.raises(QuantityError, match="x is of a sample that is not in the batch of update 0"):
        run.value("x@prev", 1, sample=3)


# What cannot be had


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("w55", "'w55' is not a quantity of two_layer, did you mean 'w5'?"),
        ("hidden.wieghts", "'hidden.wieghts' is not a quantity of two_layer, did you mean 'hidden.weights'?"),
        ("qqqqq", "'qqqqq' is not a quantity of two_layer"),
        ("d(E, w55)", "'w55' is not a quantity of two_layer, did you mean 'w5'?"),
        ("d(net_h11, w5)", "'net_h11' is not a quantity of two_layer, did you mean 'net_h1'?"),
        ("w55.grad", "'w55.grad' is not a quantity of two_layer"),
        ("d(E, w5.grad)", "not of an expression, an update or a pinned value"),
        ("d(w5.grad, w1)", "not of an expression, an update or a pinned value"),
        ("d(w5.next, w1)", "not of an expression, an update or a pinned value"),
        ("d(E, w5@0)", "not of an expression, an update or a pinned value"),
        ("d(E@1, w5)", "not of an expression, an update or a pinned value"),
        ("d(d(E, w5), w1)", "not of an expression, an update or a pinned value"),
        ("d(E*2, w5)", "not of an expression, an update or a pinned value"),
        ("d(E, 3)", "not of an expression, an update or a pinned value"),
        ("d(w5, w1)", "d(y, x) is of a forward or loss quantity; output.weights is a parameter"),
        ("d(i1, w1)", "d(y, x) is of a forward or loss quantity; inputs is data"),
        ("b1.grad", "b1 is not trained, so it has no .grad"),
        ("hidden.bias.next", "hidden.bias is not trained, so it has no .next"),
        ("E.grad", ".grad is of a parameter; E is none"),
        ("net_h1.change", ".change is of a parameter; net_h1 is none"),
        ("w5.m", "'w5.m' is not a quantity"),
        ("E.validation", "two_layer has no validation data"),
        ("hidden.weights[2,0]", "hidden.weights takes 0…1, 0…1; here: [2,0]"),
        ("hidden.weights[0]", "hidden.weights takes 0…1, 0…1; here: [0]"),
        ("hidden.bias[0]", "the index [0] does not fit one number"),
        ("w5[0]", "the index [0] does not fit one number"),
        ("d(E, w5[0])", "w5 is one number and takes no index"),
        ("d(E, hidden.weights)[0,2]", "the index [0,2] does not fit the shape [2, 2]; indices count from 0"),
        ("d(E, w5)[0]", "the index [0] does not fit one number"),
        ("dot(w1, hidden.weights)", "dot() does not fit what it was given"),
        ("hidden.weights > 0 and 1", "a tensor is neither true nor false; use any() or all()"),
        ("not hidden.weights", "a tensor is neither true nor false; use any() or all()"),
        ("w5@prev", "there is no update before the first: @prev needs one"),
        ("stop(w5)", "stop() cannot be used in a quantity"),
    ],
)  # fmt: skip
def test_one_clear_sentence(run: Run, text: str, sentence: str) -> None:
    with pytest.raises(QuantityError) as caught:
        value(run, text)
    message = str(caught.value)
    assert sentence in message
    assert "\n" not in message and len(message) < 200


def test_shapes_that_do_not_fit(batch: Run) -> None:
    with pytest.raises(QuantityError, match=r"^shapes \[3\] and \[2\] do not fit together at '\+'$"):
        value(batch, "hidden.out + output.out")
    with pytest.raises(QuantityError, match=r"^dot\(\) does not fit what it was given$"):
        value(batch, "dot(hidden.out, output.out)")
    with pytest.raises(QuantityError, match=r"^max\(\) does not fit what it was given$"):
        value(batch, "max(hidden.out, output.out)")


def test_what_cannot_be_read_is_one_sentence(run: Run) -> None:
    for text in (
        "",
        "w5 +",
        "d(E)",
        "w5 = 3",
        "__import__('os')",
        "w5; w6",
        "w5@-1",
        "E if E else E",
        "x" * 600,
    ):
        with pytest.raises(QuantityError) as caught:
            value(run, text)
        assert str(caught.value) and "\n" not in str(caught.value)


def test_a_jacobian_that_is_too_large() -> None:
    wide = open_run(find("wide_784"))
    with pytest.raises(QuantityError, match=r"^this Jacobian has 235200 numbers; at most 10000 are shown: index"):
        wide.value("d(output.out, hidden.weights)")
    whole = wide.value("d(E, hidden.weights)")  # of a scalar, in the shape of x
    assert isinstance(whole, np.ndarray) and whole.shape == (30, 784)
    assert wide.value("d(output.out, hidden.weights[0,406])") is not None
    assert np.shape(wide.value("d(output.out, inputs)")) == (10, 784)


def test_there_is_no_update_before_the_first(run: Run) -> None:
    with pytest.raises(QuantityError, match="updates count from 0"):
        run.value("E", -1)
