"""Edits as they are typed: every mistake in one sentence, and texts that can be typed again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bptui.replay.fork import Fork, fork
from bptui.replay.open import open_run
from bptui.replay.run import Run
from bptui.scenario.errors import QuantityError
from bptui.scenario.shipped import shipped

Open = Callable[..., Run]
Whole = Callable[[Run, int], bytes]
Begun = Callable[..., str]
SHIPPED = dict(shipped())
EXECUTORS = pytest.mark.parametrize("executor", ["straight", "arrays"])
START = [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55]


MADE = "is made by the run; edit what it is made from: weights, biases, inputs, targets, learning_rate"
MISTAKES = [
    ("w55 = 1", "there is no 'w55' to edit in two_layer, did you mean 'w5'?"),
    ("lerning_rate = 1", "there is no 'lerning_rate' to edit in two_layer, did you mean 'learning_rate'?"),
    ("hiden.activation = relu", "there is no layer 'hiden', did you mean 'hidden'?"),
    ("hidden.activation = rellu", "unknown activation 'rellu', did you mean 'relu'?"),
    ("hidden.activation = x*y", "hidden.activation: 'y' is never defined: the law is written in x"),
    ("hidden.activation = __import__('os')", "'__import__' is not a name"),
    ("optimizer = adm", "unknown optimizer 'adm', did you mean 'adam'?"),
    ("w5 = 1/0", "w5 takes a finite number, and '1/0' is inf"),
    ("w5 = 0/0", "w5 takes a finite number, and '0/0' is nan"),
    ("hidden.weights = hidden.weights / 0", "hidden.weights takes a finite number"),
    ("w5 = 1e999", "w5 takes a number: a number is too large to be a finite number"),
    ("w5 = E < 1", "w5 takes a number, and 'E < 1' is true or false"),
    ("w5 = hidden.weights", "w5 is one number, and 'hidden.weights' is 2 x 2 numbers"),
    ("hidden.weights = inputs", "hidden.weights is 2 x 2 numbers, and 'inputs' is 2 numbers"),
    ("learning_rate = inputs", "learning_rate is one number, and 'inputs' is 2"),
    ("w5 = w55", "'w55' is not a quantity of two_layer, did you mean 'w5'?"),
    ("w5 = w5 w6", "there is no operator between"),
    ("hidden.weights[0,2] = 1", "hidden.weights takes 0…1, 0…1; here: [0,2]"),
    ("net_h1 = 1", f"net_h1 {MADE}"),
    ("hidden.out[0] = 1", f"hidden.out[0] {MADE}"),
    ("E = 0", f"E {MADE}"),
    ("d(E, w5) = 0", f"d(E, w5) {MADE}"),
    ("w5.grad = 0", f"w5.grad {MADE}"),
    ("E.validation = 0", f"E.validation {MADE}"),
    ("w5@0 = 1", "the past is read-only: go to that update, and edit there"),
    ("w5", "an edit is a name, = and a value, as in w5 = 0.3, not 'w5'"),
    ("w5 == 1", "an edit is a name, = and a value, as in w5 = 0.3, not 'w5 == 1'"),
    ("w5 = ", "an edit is a name, = and a value"),
    ("3 = w5", "'3' is nothing to edit"),
    ("batch = 2", "batch is settled for the whole run: change it in the file"),
    ("betas = 1", "betas are two numbers: edit beta1 or beta2"),
    ("beta1 = 0.5", "sgd has no betas; it takes momentum"),
    ("momentum = -1", "momentum must be 0 or more, not -1"),
    ("nesterov = true", "nesterov needs a momentum above 0"),
    ("perturbation = 1e-3", "this edit changes nothing"),
    ("w5 = w5", "w5 is w5 after 3 updates already: this edit changes nothing"),
    ("i1 = 0.05", "i1 is 0.05 already: this edit changes nothing"),
    ("learning_rate = 0.5", "learning_rate is 0.5 already: this edit changes nothing"),
    ("momentum = 0", "momentum is 0 already: this edit changes nothing"),
    ("optimizer = sgd", "the optimizer is sgd already: this edit changes nothing"),
    ("hidden.activation = sigmoid", "hidden.activation is sigmoid already: this edit changes nothing"),
]


@pytest.mark.parametrize(("edit", "sentence"), MISTAKES)
def test_mistakes(edit: str, sentence: str) -> None:
    parent = open_run(SHIPPED["two_layer"])
    with pytest.raises(QuantityError) as error:
        fork(parent, 3, [edit])
    assert sentence in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(("edits", "name"), [
    (["w5 = 1", "w5 = 2"], "w5"), (["w5 = 1", "output.weights[0,0] = 2"], "output.weights[0,0]"),
    (["w5 = 1", "output.weights = 2"], "output.weights"), (["output.weights = 2", "w5 = 1"], "w5"),
    (["η = 1", "learning_rate = 2"], "learning_rate"), (["optimizer = adam", "optimizer = rmsprop"], "optimizer"),
    (["hidden.activation = relu", "hidden.activation = tanh"], "hidden.activation")])
def test_a_name_is_edited_once(edits: list[str], name: str) -> None:
    with pytest.raises(QuantityError) as error:
        fork(open_run(SHIPPED["two_layer"]), 0, edits)
    assert str(error.value) == f"{name} is edited twice"


def test_mistakes_of_place() -> None:
    parent = open_run(SHIPPED["two_layer"])
    for update, sentence in ((10_001, "the run ends after 10,000 updates"), (-1, "updates count from 0")):
        with pytest.raises(QuantityError, match=sentence):
            fork(parent, update, ["w5 = 1"])
    with pytest.raises(QuantityError, match="needs an edit"):
        fork(parent, 0, [])
    with pytest.raises(QuantityError, match="there is no data row 2: there are 1"):
        fork(parent, 0, ["i1 = 1"], 2)
    last = fork(parent, 10_000, ["w5 = 1"])
    assert not last.goes_on(10_000) and last.value("E", 10_000) != parent.value("E", 10_000)
    with pytest.raises(QuantityError, match="made from: parameters, values, learning_rate"):
        fork(open_run(SHIPPED["single_neuron"]), 0, ["s = 1"])
    with pytest.raises(QuantityError, match=r"eps\w* is drawn by chance"):
        noisy = open_run(SHIPPED["variational_autoencoder"])
        fork(noisy, 0, [f"{next(v.name for v in noisy.program(0).inputs if v.role == 'noise')} = 1"])


def test_a_row_outside_the_batch_can_be_edited_and_not_read() -> None:
    parent = open_run(SHIPPED["batch_random"])
    row = parent.rows(1)[0]
    assert row not in parent.rows(0)
    assert fork(parent, 0, ["x = 2"], row + 1).value("x", 1) == 2
    with pytest.raises(QuantityError, match="is of a sample that is not in the batch of update 0"):
        fork(parent, 0, ["x = x * 2"], row + 1)
    with pytest.raises(QuantityError, match="there is no data row 7: there are 6"):
        fork(parent, 0, ["x = 2"], 7)


def test_a_scheduled_rate_is_edited_where_the_schedule_starts(open_text: Open, begun: Begun) -> None:
    text = begun(START, schedule='{ kind = "step", step_size = 2, gamma = 0.5 }')
    parent = open_text(text)
    forked = fork(parent, 3, ["learning_rate = 0.8"])
    assert [forked.value("learning_rate", n) for n in range(6)] == [0.5, 0.5, 0.25, 0.4, 0.2, 0.2]
    with pytest.raises(QuantityError, match="give it as a number"):
        fork(parent, 3, ["learning_rate = learning_rate * 2"])


def test_texts_are_typed_again(whole: Whole) -> None:
    parent = open_run(SHIPPED["two_layer"])
    forked = fork(parent, 3, ["  hidden.weights[0,  1]=.5", "w5 =  w5 *  2", 'optimizer = "adam"'])
    assert forked.edits == ("hidden.weights[0,1] = 0.5", "w5 = w5 * 2", 'optimizer = "adam"')
    assert whole(fork(parent, 3, forked.edits), 9) == whole(forked, 9)
    assert isinstance(forked, Fork) and forked.since == 3 and forked.parent is parent and forked.sample == 1
