"""Every layer, activation, loss, optimizer, penalty, clipping and schedule against the numbers that PyTorch made.

`fixtures.json` was written by `make_fixtures.py`; here no torch is needed. `live.py` compares fresh cases.
"""

from __future__ import annotations

import importlib
import json
import math
import re
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bptui.engine import chance, model
from bptui.engine.laws import ACTIVATIONS, PART_LOSSES, Elementwise
from bptui.engine.layers import normalised, recurrent, spatial
from bptui.replay.open import open_scenario
from bptui.scenario.errors import ScenarioError
from bptui.scenario.reader import read_scenario_text

HERE = Path(__file__).resolve().parent


def load(name: str) -> ModuleType:
    """A program's module, which imports those beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(HERE)
        return importlib.import_module(name)


cases, compare = load("cases"), load("compare")
KEPT = json.loads((HERE / "fixtures.json").read_text(encoding="utf-8"))
CASES: dict[str, dict[str, Any]] = {case["name"]: case for case in KEPT["cases"]}


def differs(name: str, toml: str | None = None) -> bool:
    """Whether a number of the case disagrees, with its scenario or with another one. A missing one does not count."""
    case = CASES[name]
    found = compare.disagreements(toml or case["toml"], case["quantities"], "straight")
    return any("PyTorch" in line for line in found)


@pytest.mark.parametrize("executor", compare.EXECUTORS)
@pytest.mark.parametrize("name", CASES)
def test_pytorch_agrees(name: str, executor: str) -> None:
    case = CASES[name]
    assert compare.disagreements(case["toml"], case["quantities"], executor) == []


def test_torch_was_not_imported() -> None:
    assert "torch" not in sys.modules


def test_the_fixtures_are_of_the_recipes_and_the_pinned_version() -> None:
    assert f"torch=={KEPT['torch']}" == (HERE / "requirements.txt").read_text(encoding="utf-8").strip()
    assert {cases.recipe_of(name) for name in CASES} == cases.RECIPES
    for name, case in CASES.items():
        made = cases.make(name, KEPT["seed"], case["attempt"], KEPT["digits"], small=True)
        assert (made.about, made.toml) == (case["about"], case["toml"])


@pytest.mark.parametrize("name", CASES)
def test_every_fixture_has_values_gradients_and_five_updates(name: str) -> None:
    quantities = CASES[name]["quantities"]
    assert [after for after, *_ in quantities["E"]] == list(range(cases.UPDATES + 1))
    layers = tomllib.loads(CASES[name]["toml"])["network"]["layers"]
    for layer in layers:
        assert f"{layer['name']}.out" in quantities and f"d(E, {layer['name']}.out)" in quantities
        for part in ("weights", "bias", "recurrent_weights", "gain", "query", "key", "value", "output"):
            if layer.get(part, False) is not False:
                what = f"{layer['name']}.{part}"
                after = {after for after, *_ in quantities[what]}
                assert {1, cases.UPDATES} <= after <= set(range(1, cases.UPDATES + 1)) and f"d(E, {what})" in quantities
    assert "d(E, inputs)" in quantities or layers[0]["kind"] == "embedding"


@pytest.mark.parametrize(("ours", "theirs", "expected"), [
    (1.0, 1.0, True), (1.0 + 0.9e-10, 1.0, True), (1.0 + 1.1e-10, 1.0, False), (0.9e-16, 0.0, True),
    (1.1e-16, 0.0, False), (math.nan, 0.0, False), (math.nan, math.nan, False), (math.inf, 1.0, False),
    ([1.0], 1.0, False), ([1.0, 2.0], [1.0, 2.0], True), ([1.0, 2.1], [1.0, 2.0], False),
])
def test_the_tolerance(ours: Any, theirs: Any, expected: bool) -> None:
    assert compare.agree(ours, theirs) is expected


@pytest.mark.parametrize("word", sorted({*ACTIVATIONS} & {*CASES}))
def test_a_changed_activation_is_noticed(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    law = ACTIVATIONS[word]
    partial: Any = law.partials[0]
    monkeypatch.setitem(ACTIVATIONS, word, replace(law, law=lambda f, x: law.law(f, x) * (1 + 1e-8)))
    assert differs(word)
    monkeypatch.setitem(ACTIVATIONS, word, replace(law, partials=(lambda f, y, x: partial(f, y, x) * (1 + 1e-8),)))
    assert differs(word)


@pytest.mark.parametrize("kind", sorted({*PART_LOSSES} & {*CASES}))
def test_a_changed_loss_is_noticed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    law = PART_LOSSES[kind]
    partial: Any = law.partials[0]
    monkeypatch.setitem(PART_LOSSES, kind, replace(law, law=lambda f, o, t: law.law(f, o, t) + 1e-8))
    assert differs(kind)
    monkeypatch.setitem(PART_LOSSES, kind, replace(law, partials=(
        lambda f, y, o, t: partial(f, y, o, t) * (1 + 1e-8), law.partials[1])))
    assert differs(kind)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith(("sgd", "ada", "rms", "sch", "mixed"))])
def test_another_learning_rate_is_noticed(name: str) -> None:
    toml, found = re.subn(r"^learning_rate = (.*)$", lambda m: f"learning_rate = {float(m[1]) * (1 + 1e-6)!r}",
                          CASES[name]["toml"], flags=re.M)
    assert found == 1 and differs(name, toml)


@pytest.mark.parametrize(("name", "line", "instead"), [
    ("sgd momentum", r"momentum = .*", ""),
    ("sgd momentum dampening", r"dampening = .*", ""),
    ("sgd nesterov", r"nesterov = true", "nesterov = false"),
    ("sgd weight_decay", r"weight_decay = .*", ""),
    ("adagrad weight_decay epsilon", r"epsilon = .*", ""),
    ("rmsprop", r'optimizer = "rmsprop"', 'optimizer = "rmsprop"\nalpha = 0.9900001'),
    ("rmsprop momentum", r"momentum = .*", ""),
    ("adam", r'optimizer = "adam"', 'optimizer = "adamw"'),
    ("adam", r'optimizer = "adam"', 'optimizer = "adam"\nepsilon = 1e-7'),
    ("adam all keys", r'optimizer = "adam"', 'optimizer = "adamw"'),
    ("adamw", r'optimizer = "adamw"', 'optimizer = "adam"'),
    ("adamw", r'optimizer = "adamw"', 'optimizer = "adamw"\nweight_decay = 0.010001'),
    ("clip_norm", r"clip_norm = .*", ""),
    ("clip_value", r"clip_value = .*", ""),
    ("schedule step", r"schedule = .*", ""),
    ("schedule exponential adamw", r"schedule = .*", ""),
    ("schedule cosine", r"schedule = .*", ""),
    ("schedule linear", r"schedule = .*", ""),
    ("l1", r"l1 = .*", ""),
    ("l2", r"l2 = .*", ""),
    ("frozen layer", r"train = false", ""),
    ("frozen bias", r"train_bias = false", ""),
    ("gelu", r'activation = "gelu"',
     'activation = "x/2*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))"'),
    ("hard_sigmoid", r'activation = "hard_sigmoid"', 'activation = "max(0, min(1, x*0.2 + 0.5))"'),
    ("half_squared_error", r'kind = "half_squared_error"', 'kind = "squared_error"'),
])
def test_another_scenario_is_noticed(name: str, line: str, instead: str) -> None:
    toml, found = re.subn(f"^{line}$", instead, CASES[name]["toml"], flags=re.M)
    assert found and differs(name, toml)


def swapped(move: Any, at: int) -> Any:
    """`windows` with rows and columns of one of its pairs exchanged."""
    def windows(site: Any, x: Any, *pairs: tuple[int, int]) -> Any:
        return move(site, x, *(p[::-1] if n == at else p for n, p in enumerate(pairs)))
    return windows


def permuted(rows_of: Any, order: tuple[int, ...]) -> Any:
    return lambda cell, net, number, *part: rows_of(cell, net, order[number], *part)


attention = importlib.import_module("bptui.engine.layers.attention")    # the package has a function of this name
BROKEN: dict[str, tuple[str, Any, str, Any]] = {      # a fixture, and what is put in the place of what
    "stride exchanged": ("max_pool gaps", spatial, "windows", swapped(spatial.windows, 1)),
    "padding exchanged": ("conv2d wide", spatial, "windows", swapped(spatial.windows, 2)),
    "kernel exchanged": ("max_pool overlapping", spatial, "windows", swapped(spatial.windows, 0)),
    "lstm's i and f": ("lstm", recurrent.Cell, "rows_of", permuted(recurrent.Cell.rows_of, (1, 0, 2, 3))),
    "lstm's g and o": ("lstm sequence", recurrent.Cell, "rows_of", permuted(recurrent.Cell.rows_of, (0, 1, 3, 2))),
    "gru's r and z": ("gru", recurrent.Cell, "rows_of", permuted(recurrent.Cell.rows_of, (1, 0, 2))),
    "no running mean": ("batch_norm", normalised, "KEPT", 1.0),
    "another momentum": ("batch_norm images", normalised, "KEPT", 0.9 + 1e-8),
    "biased running variance": ("batch_norm first", normalised, "UNBIASED",
                                Elementwise("biased", lambda f, v, n: v, ())),
    "another epsilon": ("layer_norm", normalised, "EPSILON", 1e-6),
    "no scale": ("attention", attention, "math", SimpleNamespace(sqrt=lambda x: 1.0)),
    "all is seen": ("attention causal", attention, "HIDDEN", 0.0),
    "a mask of another update": ("dropout", model, "mask", lambda rate, name, seed, update, shape: chance.mask(
        rate, name, seed, update + 1, shape)),
    "a mask that is not made larger": ("dropout on steps", model, "mask", lambda *a: np.minimum(chance.mask(*a), 1.0)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_layer_is_noticed(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, place, word, instead = BROKEN[what]
    monkeypatch.setattr(place, word, instead)
    try:
        assert differs(name)
    except ScenarioError as error:                  # other shapes come out
        assert what.endswith("exchanged") and "weights" in str(error)


@pytest.mark.parametrize(("name", "line", "instead"), [
    ("conv2d padding", r'activation = "(?!linear).*"', 'activation = "relu"'),
    ("conv2d shared bias", r"bias = 0\.3", "bias = 0.3000001"),
    ("average_pool", r'kind = "average_pool"', 'kind = "max_pool"'),
    ("max_pool odd", r'kind = "max_pool"', 'kind = "average_pool"'),
    ("rnn relu", r'activation = "relu"', ""),
    ("batch_norm adam", r"epsilon = 0\.001", ""),
    ("layer_norm on steps", r"epsilon = 0\.001", ""),
    ("dropout on images", r"seed = .*", "seed = 100"),
    ("attention heads", r"heads = 2", "heads = 1"),
    ("attention heads causal", r"causal = true", ""),
    ("activation alone", r'kind = "activation"\nname = ".*"\nactivation = ".*"',
     'kind = "activation"\nname = "activation_2"\nactivation = "relu"'),
])
def test_another_layer_is_noticed(name: str, line: str, instead: str) -> None:
    toml, found = re.subn(line, instead, CASES[name]["toml"])
    assert found and differs(name, toml)


@pytest.mark.parametrize("executor", compare.EXECUTORS)
@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("dropout")])
def test_nothing_flows_through_a_dropped_unit(name: str, executor: str) -> None:
    """Exactly nothing: 0, not a small number."""
    run = open_scenario(read_scenario_text(CASES[name]["toml"], "case"), executor)
    layers = [layer.name for layer in run.scenario.network.layers] if run.scenario.network else []
    at = next(n for n, word in enumerate(layers) if word.startswith("dropout"))
    before, dropped = f"{layers[at - 1]}.out" if at else "inputs", 0
    for after in range(cases.UPDATES + 1):
        mask, out, d = (np.asarray(run.value(what, after=after)) for what in (
            f"{layers[at]}.mask", f"{layers[at]}.out", f"d(E, {before})"))
        assert (out[mask == 0] == 0).all() and (d[mask == 0] == 0).all()
        dropped += int((mask == 0).sum())
    assert dropped
