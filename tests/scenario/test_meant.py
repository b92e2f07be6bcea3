"""What was meant by a word that is not known: its case, another library's name for it, a slip, or else the list.

A suggestion is read back: it must be known where it is made. Refusals that offer a law offer one that can be read.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.debugger.home.open import Broken, open_file
from bptui.engine.laws import ACTIVATIONS
from bptui.engine.layers import KINDS as LAYER_KINDS
from bptui.engine.losses import LOSSES
from bptui.engine.network import AS_LAWS, as_law
from bptui.engine.optimizers import OPTIMIZERS
from bptui.engine.vectors import VECTOR_LAWS
from bptui.engine.wording import wrong_words
from bptui.replay.open import open_scenario
from bptui.scenario.errors import ScenarioError, did_you_mean, sentence
from bptui.scenario.expression import FUNCTIONS
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.records import Scenario
from bptui.scenario.schema import DATA, KINDS, LAYER, LOSS, NETWORK, OBJECTIVE, TOP, TRAINING
from bptui.scenario.synonyms import MEANINGS, distance, nearest

HERE = Path(__file__).parent
ACTIVATION_NAMES = ("linear", *ACTIVATIONS, *VECTOR_LAWS)
NETWORK_TEXT = (HERE / "network.toml").read_text("utf-8")


@pytest.mark.parametrize(("word", "known", "meant"), [
    ("ReLU", ACTIVATION_NAMES, "relu"), ("Sigmoid", ACTIVATION_NAMES, "sigmoid"), ("LeakyReLU", ACTIVATION_NAMES,
                                                                                   "leaky_relu"),
    ("identity", ACTIVATION_NAMES, "linear"), ("swish", ACTIVATION_NAMES, "silu"),
    ("mse", LOSSES, "mean_squared_error"), ("MSELoss", LOSSES, "mean_squared_error"),
    ("bce", LOSSES, "binary_cross_entropy"), ("CrossEntropyLoss", LOSSES, "softmax_cross_entropy"),
    ("mae", LOSSES, "absolute_error"), ("Linear", tuple(LAYER_KINDS), "dense"),
    ("Conv2d", tuple(LAYER_KINDS), "conv2d"), ("LayerNorm", tuple(LAYER_KINDS), "layer_norm"),
    ("MaxPool2d", tuple(LAYER_KINDS), "max_pool"),
    ("BatchNorm1d", tuple(LAYER_KINDS), "batch_norm"), ("SGD", tuple(OPTIMIZERS), "sgd"),
    ("AdamW", tuple(OPTIMIZERS), "adamw"), ("RMSProp", tuple(OPTIMIZERS), "rmsprop"),
    ("momentum", tuple(OPTIMIZERS), "sgd"), ("lr", tuple(TRAINING), "learning_rate"),
    ("batch_size", tuple(TRAINING), "batch"), ("eps", tuple(TRAINING), "epsilon"), ("scale", tuple(LAYER), "gain"),
    ("ln", tuple(FUNCTIONS), "log"), ("detach", tuple(FUNCTIONS), "stop"), ("stop_gradient", tuple(FUNCTIONS), "stop"),
    ("learning_rat", tuple(TRAINING), "learning_rate"), ("sigmoyd", ACTIVATION_NAMES, "sigmoid"),
    ("tow_layer", ("two_layer", "gan"), "two_layer"), ("inplace", ("simultaneous", "in_place"), "in_place"),
    ("dilation", tuple(LAYER), None), ("precision", tuple(LAYER), None), ("precision", tuple(LOSS), None),
    ("mish", ACTIVATION_NAMES, None), ("momentum", ACTIVATION_NAMES, None), ("q", ("net", "out"), None),
    ("E5", ("w5", "E"), "E"),
    ("hidden.wieghts", ("hidden.bias", "hidden.weights"), "hidden.weights"), ("hidden.x", ("hidden.bias",), None),
    ("flowers.npz", ("digits.csv", "flowers.csv"), "flowers.csv"), ("GG", ("D", "G"), "G"), ("w9", ("w7", "w8"), None),
    ("detach", ACTIVATION_NAMES, None),
])
def test_what_was_meant(word: str, known: tuple[str, ...], meant: str | None) -> None:
    assert nearest(word, known) == meant
    assert did_you_mean(word, known).startswith(f", did you mean {meant!r}?" if meant else "")
    assert meant or "did you mean" not in did_you_mean(word, known)


def test_every_meaning_is_a_word_that_is_known_somewhere() -> None:
    known = {*ACTIVATION_NAMES, *LOSSES, *LAYER_KINDS, *OPTIMIZERS, *FUNCTIONS, *TOP, *NETWORK, *LAYER, *LOSS, *DATA,
             *TRAINING, *OBJECTIVE, "step", "exponential", "cosine", "glorot_uniform", "glorot_normal", "he_uniform",
             "he_normal", "normal", "uniform"}
    assert {word for meant in MEANINGS.values() for word in meant} <= known


def test_numbered_names_are_said() -> None:
    names = [f"w{n}" for n in range(1, 9)]
    assert did_you_mean("w99", names) == "; there are w1 to w8"
    assert did_you_mean("w9x", ["b1"]) == ""


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_slips_are_counted(a: str, b: str) -> None:
    """Against the plain recursion, with neighbours that changed places as one slip."""
    def slips(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        found = min(slips(i - 1, j) + 1, slips(i, j - 1) + 1, slips(i - 1, j - 1) + (a[i - 1] != b[j - 1]))
        if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
            found = min(found, slips(i - 2, j - 2) + 1)
        return found
    if len(a) + len(b) <= 9:
        assert distance(a, b, 99) == slips(len(a), len(b))
        assert distance(a, b, 1) == min(slips(len(a), len(b)), 2)


def test_a_sentence_has_one_stop() -> None:
    assert sentence("w9 is no name, did you mean 'E'?") == "w9 is no name, did you mean 'E'?"
    assert sentence("w9 is no name") == "w9 is no name."


# a whole file

BROKEN = """titel = "x"
[network]
inputs = ["a", "b"]
[[network.layers]]
kind = "Dens"
name = "h"
units = 2
activation = "mish"
weights = { init = "xavier_uniform" }
[[network.layers]]
kind = "conv2d"
filters = 2
kernel = 2
padding = "same"
dilation = 2
[loss]
kind = "mse"
[data]
inputs = [[0.5, 1.0]]
targets = [[1.0], [2.0]]
[training]
optimizer = "nadamm"
lr = 0.1
schedule = { kind = "cosin" }
[names]
nett = "z"
[[claims]]
what = "E"
value = 0.5
"""


def said(text: str, folder: Path) -> list[str]:
    file = folder / "f.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(Broken) as broken:
        open_file(file, "f")
    return [line.removeprefix("f:") for line in broken.value.lines]


def test_a_fault_in_every_section_is_told_in_one_pass_in_file_order(tmp_path: Path) -> None:
    lines = said(BROKEN, tmp_path)
    words = ["1: unknown key 'titel', did you mean 'title'?",
             "5: unknown layer kind 'Dens', did you mean 'dense'? Known:",
             "8: unknown activation 'mish'", "9: unknown init 'xavier_uniform', did you mean 'glorot_uniform'?",
             "14: padding must be a whole number, or two of them, as in [2, 3]: rows and columns; not 'same'",
             "15: unknown key 'dilation' in [[network.layers]]; known here: kind, name, train, filters, kernel, stride",
             "17: unknown loss 'mse', did you mean 'mean_squared_error'?", "20: targets has 2 rows",
             "22: unknown optimizer 'nadamm'", "23: unknown key 'lr' in [training], did you mean 'learning_rate'?",
             "24: unknown schedule 'cosin', did you mean 'cosine'?", "26: unknown key 'nett'", "29: value must be in"]
    assert [line[:len(word)] for line, word in zip(lines, words, strict=True)] == words


def test_the_keys_of_a_layer_are_those_of_its_kind(tmp_path: Path) -> None:
    for kind, keys in KINDS.items():
        text = f'[network]\ninputs = 2\n[[network.layers]]\nkind = "{kind}"\nqqqqqqqq = 1\n'
        line = next(line for line in said(text, tmp_path) if "qqqqqqqq" in line)
        listed = line.partition("known here: ")[2].split(", ")
        assert set(listed) == {"kind", "name", "train", *(key.rstrip("!") for key in keys)}


@pytest.mark.parametrize("word", [*AS_LAWS, "something"])
def test_a_law_that_is_offered_can_be_read_and_run(word: str, tmp_path: Path) -> None:
    offered = re.search(r'activation = "(.*)"$', as_law(word))
    assert offered
    text = NETWORK_TEXT.replace('activation = "sigmoid"', f'activation = "{offered[1]}"')
    file = tmp_path / "f.toml"
    file.write_text(text, "utf-8")
    assert open_file(file, "f").value("E", 0) is not None
    assert as_law(word) in said(NETWORK_TEXT.replace('"sigmoid"', f'"{word}"'), tmp_path)[0]


def test_weights_the_wrong_way_round(tmp_path: Path) -> None:
    text = re.sub(r"(?s)weights = .*?\]\]", "weights = [[0.15], [0.2]]", NETWORK_TEXT, count=1)
    text = re.sub(r"(?s)weight_names = .*?\]\]", "", text, count=1).replace('["h1", "h2"]', '["h1"]')
    [line] = said(text, tmp_path)
    assert line.endswith("here: 2 x 1 (2 numbers): write the transposed")


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 33), st.sampled_from(["= 1", "= 'x'", "= []", "= {}", "= true", "= [[1]]", "= nan", "= ['a']",
                                            "= { init = 'x' }", "= { law = 'q' }", "= { kind = 'z' }", "= ['']"]))
def test_the_words_of_any_broken_file_can_be_looked_over(at: int, value: str) -> None:
    for text in (NETWORK_TEXT, BROKEN, (HERE / "equations.toml").read_text("utf-8")):
        lines = text.splitlines()
        lines[at % len(lines)] = re.sub("=.*", lambda _: value, lines[at % len(lines)], count=1)
        try:
            read_scenario_text("\n".join(lines), "f")
        except ScenarioError as error:
            if isinstance(read := error.partial, Scenario):
                assert all(problem.message for problem in wrong_words(read, read.network, read.equations))


NOWHERE_NEAR = {                                     # a file with a word that is like no other, and what is told of it
    "layer kind": (("kind = \"dense\"", "kind = \"qqqq\""), "known: dense, conv2d, max_pool"),
    "activation": (("\"sigmoid\"", "\"qqqq\""), "known: linear, sigmoid, tanh"),
    "loss": (("\"half_squared_error\"", "\"qqqq\""), "known: half_squared_error"),
    "optimizer": (("learning_rate = 0.5", "optimizer = \"qqqq\""), "known: sgd"),
    "schedule": (("learning_rate = 0.5", "schedule = { kind = \"qqqq\" }"), "known: step"),
    "init": (("bias = 0.5", "bias = { init = \"qqqq\" }"), "known: zeros"),
    "key": (("units = 1", "units = 1\nqqqq = 1"), "known here: kind, name, train"),
    "penalised": (("[loss]", "[loss]\nl2 = 0.1\npenalised = [\"qqqq\"]"), "there are layer1.weights or layer1.bias"),
    "law": (("\"sigmoid\"", "{ law = \"b*x\", b = 1.0, train = [\"qqqq\"] }"), "known here: b"),
}


@pytest.mark.parametrize("what", NOWHERE_NEAR)
def test_a_word_that_is_near_nothing_is_told_what_there_is(what: str) -> None:
    (before, after), told = NOWHERE_NEAR[what]
    text = """
[network]
inputs = 1
[[network.layers]]
kind = "dense"
units = 1
activation = "sigmoid"
weights = [[0.5]]
bias = 0.5
[loss]
kind = "half_squared_error"
[data]
inputs = [[1.0]]
targets = [[1.0]]
[training]
learning_rate = 0.5
"""
    assert before in text
    with pytest.raises(ScenarioError) as caught:
        open_scenario(read_scenario_text(text.replace(before, after), "here"))
    assert any("'qqqq'" in p.message and told in p.message for p in caught.value.problems), caught.value


LINES = """
[equations]
forward = ["y = w*x", "E = y*y"]
loss = "E"
[parameters]
w = 0.5
[values]
x = 1.0
[training]
updates = 2
[[training.objectives]]
minimize = "E"
parameters = ["w"]
"""


@pytest.mark.parametrize(("before", "after", "told"), [
    ("y = w*x", "y = w*qqqq", "known here: w, x"), ("loss = \"E\"", "loss = \"qqqq\"", "known here: y, E"),
    ("minimize = \"E\"", "minimize = \"qqqq\"", "known here: y, E"),
    ("parameters = [\"w\"]", "parameters = [\"qqqq\"]", "known here: w")])
def test_a_name_that_is_near_nothing_is_told_what_there_is(before: str, after: str, told: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        open_scenario(read_scenario_text(LINES.replace(before, after), "here"))
    assert any("'qqqq'" in p.message and told in p.message for p in caught.value.problems), caught.value
