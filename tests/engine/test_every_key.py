"""Every key of a scenario acts or is refused: of two values that are both taken, each makes another run.

A run is compared by what it is: its equations and names, its parameters and E after some updates, what it validates
and when it ends. Keys whose subject is the reader (title, claims, …) are told apart in the record alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from bptui.replay.run import Run
from bptui.scenario.errors import ScenarioError
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.schema import KINDS, LOSS, TRAINING

ODD: tuple[Any, ...] = (                            # tried at every key
    True, False, 0, 1, 2, 3, -1, 0.5, 1.5, "x", "x y", "", [], [1], [2, 3], [1, 2, 3], [[1], [2, 3]], [[1, 2], [3, 4]],
    ["a"], ["a", "b"], [["a", "b"], ["c", "d"]], [True], {}, {"init": "zeros"}, {"init": "ones"}, {"law": "x*x"}, [{}],
    {"kind": "step"}, {"a": 1})  # fmt: skip
GOOD: dict[str, tuple[Any, ...]] = {                # and what a key may well hold
    "activation": ("relu", "softmax", "x*x", {"law": "b*x", "b": 2}, {"law": "b*x", "b": 2, "train": ["b"]}),
    "kind": ("squared_error", "softmax_cross_entropy", "cross_entropy", "sum", "(t - o)**4"),
    "optimizer": ("adam", "adagrad", "rmsprop", "adamw"),
    "clip_norm": (0.01, 0.02), "clip_value": (0.01, 0.02), "patience": (1,),
    "batch": (1, 2, "all"), "update_order": ("in_place",), "gradient": ("perturbation",), "name": ("C",),
    "schedule": ({"kind": "step", "step_size": 1}, {"kind": "cosine", "t_max": 3}),
    "until": ("E < 0.01", "E < 100"), "betas": ([0.5, 0.9], [0.5, 0.5]), "penalised": ("all", ["last.bias"]),
    "reduction": ("sum",), "weights": ({"init": "normal"}, {"init": "normal", "std": 3}), "from": ("before",),
    "padding": ([0, 1], [1, 0]), "causal": (True,),
    "weight_names": ([["a", "b"], ["c", "d"]], [["a"], ["b"], ["c"]], [[f"a{n}", f"b{n}"] for n in range(8)],
                     [[f"a{n}", f"b{n}"] for n in range(6)], [["a", "b"], ["c", "d"], ["e", "f"]]),
    "bias_names": (["a", "b"], [f"a{n}" for n in range(8)], [f"a{n}" for n in range(6)]),
}  # fmt: skip
ACT_LATE = ("clip_norm", "clip_value", "until", "patience")    # some values are never reached: only GOOD is tried
FIRST: dict[str, str] = {                           # what stands before a layer of the kind, and what it is fed with
    "embedding": "inputs = 2", "conv2d": "inputs = [1, 5, 5]", "max_pool": "inputs = [1, 5, 5]",
    "average_pool": "inputs = [1, 5, 5]", "rnn": "inputs = [2, 2]", "lstm": "inputs = [2, 2]", "gru": "inputs = [2, 2]",
    "attention": "inputs = [2, 2]", "flatten": "inputs = [2, 2]",
}  # fmt: skip
NEEDED: dict[str, dict[str, Any]] = {
    "dense": {"units": 2}, "conv2d": {"filters": 2, "kernel": 2}, "max_pool": {"size": 2}, "average_pool": {"size": 2},
    "activation": {"activation": "tanh"}, "dropout": {"rate": 0.25}, "rnn": {"units": 2}, "lstm": {"units": 2},
    "gru": {"units": 2}, "embedding": {"vocabulary": 3, "size": 2}, "add": {"from": "before"},
}  # fmt: skip


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{k} = {toml(v)}' for k, v in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value)


def table(header: str, keys: dict[str, Any]) -> str:
    return f"{header}\n" + "".join(f"{key} = {toml(value)}\n" for key, value in keys.items())


def network(kind: str, layer: dict[str, Any], loss: dict[str, Any] | None = None,
            training: dict[str, Any] | None = None) -> str:  # fmt: skip
    fed = FIRST.get(kind, "inputs = 2")
    count = {"inputs = 2": 2, "inputs = [2, 2]": 4, "inputs = [1, 5, 5]": 25}[fed]
    rows = np.random.default_rng(1).normal(size=(4, count)).round(2)
    data = np.array([[0, 1], [2, 0], [1, 1], [2, 2]]) if kind == "embedding" else rows
    targets = "" if (loss or {}).get("kind") == "sum" else "targets = [{}]\n"
    length = {} if "epochs" in (training or {}) else {"updates": 6}
    before = "" if kind in FIRST else "[[network.layers]]\nkind = 'dense'\nname = 'before'\nunits = 2\n"
    return (f"[network]\n{fed}\n{before}{table('[[network.layers]]', {'kind': kind, **layer})}"
            f"[[network.layers]]\nkind = 'flatten'\n[[network.layers]]\nkind = 'dense'\nname = 'last'\nunits = 2\n"
            f"activation = 'sigmoid'\n"
            f"{table('[loss]', {'kind': 'half_squared_error', 'name': 'E', **(loss or {})})}"
            f"[data]\ninputs = {data.tolist()}\n{targets.format('[1, 0], [0, 1], [1, 1], [0.5, 0]')}"
            f"[data.validation]\ninputs = {data[:1].tolist()}\n{targets.format('[1, 0]')}"
            f"{table('[training]', {'learning_rate': 0.1, **length, 'batch': 2, **(training or {})})}")  # fmt: skip


def what_it_is(text: str) -> str | None:
    """A run as text; None where the file is refused."""
    try:
        run = Run(read_scenario_text(text, "here"))
        while run.work(0.05):
            pass
        program = run.program(0)
        shown = [(b.phase, b.group, b.out.name, b.out.letters, b.out.symbol, b.text, len(b.equations))
                 for b in program.blocks]
    except ScenarioError:
        return None
    values = [(name, np.asarray(value).tolist()) for n in (0, 1, 3, run.finish()) for name, value in
              run.parameters(n).items()]  # fmt: skip
    costs = [run.env(n).scalar((run.program(n).cost, 0)) for n in range(run.finish())]
    return repr((shown, sorted(program.names), values, costs, run.finish(), run.updates, run.validation,
                 run.scenario.loss.name))  # fmt: skip


def tried(kind: str, key: str, section: str, base: dict[str, Any]) -> Iterator[tuple[Any, Any, str]]:
    """Every value that is taken: itself, how it is kept, and what run it makes."""
    for value in (*GOOD.get(key.removeprefix("recurrent_"), ()), *(ODD if key not in ACT_LATE else ())):
        layer = {**NEEDED.get(kind, {}), **(base | {key: value} if section == "layer" else {})}
        parts = {"loss": {**base, key: value}} if section == "loss" else \
            {"training": {**base, key: value}} if section == "training" else {}
        text = network(kind, layer, **parts)
        made = what_it_is(text)
        if made is None:
            continue
        scenario = read_scenario_text(text, "here")
        assert scenario.network is not None
        place = next(n for n in scenario.network.layers if n.kind == kind)
        record = place if section == "layer" else scenario.loss if section == "loss" else scenario.training
        yield value, repr(record), made


def told_apart(kind: str, key: str, section: str, base: dict[str, Any]) -> None:
    left_out = what_it_is(network(kind, NEEDED.get(kind, {}) | (base if section == "layer" else {}),
                                  **({section: base} if section != "layer" else {})))  # fmt: skip
    seen: dict[str, tuple[Any, str]] = {}
    for value, record, made in tried(kind, key, section, base):
        if made in seen:
            other, kept = seen[made]
            drawn = any(isinstance(each, dict) and "init" in each for each in (value, other))
            assert record == kept or drawn, f"{key} = {value!r} and {key} = {other!r} make the same run"
        seen.setdefault(made, (value, record))
    assert seen, f"{key} takes nothing of what was tried"
    only = {**NEEDED.get(kind, {}), **base}.get(key)
    assert left_out is None or set(seen) != {left_out} or [value for value, _ in seen.values()] == [only], key


WITHOUT = ("max_pool", "average_pool", "flatten", "activation", "dropout", "add")     # they have nothing to train
LAYER_KEYS = [(kind, key.rstrip("!")) for kind, keys in KINDS.items() for key in (*keys, "train", "name")]


@pytest.mark.parametrize("kind, key", LAYER_KEYS)
def test_a_key_of_a_layer(kind: str, key: str) -> None:
    if key == "train" and kind in WITHOUT:
        assert not list(tried(kind, key, "layer", {}))
    else:
        told_apart(kind, key, "layer", {"name": "layer"} if key != "name" else {})


@pytest.mark.parametrize("key", LOSS)
def test_a_key_of_the_loss(key: str) -> None:
    told_apart("dense", key, "loss", {"l2": 0.1} if key == "penalised" else {})


@pytest.mark.parametrize("key", TRAINING)
def test_a_key_of_training(key: str) -> None:
    bases = {"objectives": None, "perturbation": {"gradient": "perturbation"}, "nesterov": {"momentum": 0.9},
             "dampening": {"momentum": 0.9}, "betas": {"optimizer": "adam"}, "epsilon": {"optimizer": "adam"},
             "alpha": {"optimizer": "rmsprop"}, "rho": {"optimizer": "rmsprop"}, "seed": {"shuffle": True},
             "patience": {"learning_rate": -5.0}}
    base = bases.get(key, {})
    if base is not None:
        told_apart("dense", key, "training", base)


@pytest.mark.parametrize("text, said", [
    (network("dense", {"units": 2}, training={"perturbation": 0.001}), "the gradient here is by backpropagation"),
    (network("dense", {"units": 2, "bias": False, "train_bias": False}), "bias is false, so train_bias changes"),
    (network("dense", {"units": 2, "train": False, "train_bias": True}), "train is false, so train_bias changes"),
    (network("flatten", {"train": False}), "has nothing to train: leave train out"),
    (network("embedding", {"vocabulary": 3, "size": [2, 3]}), "size must be a whole number"),
    (network("conv2d", {"filters": ["a", "b"], "kernel": 2}), "filters must be a whole number"),
    (network("dense", {"units": 2}, {"kind": "sum"}).replace("[data.val", "targets = [[1], [1], [1], [1]]\n[data.val"),
     "the loss 'sum' reads no targets: leave targets out"),
    (network("dense", {"units": 2}, {"penalised": "all"}), "neither is above 0"),
])  # fmt: skip
def test_a_key_that_would_do_nothing_is_refused(text: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        Run(read_scenario_text(text, "here"))
    assert any(said in problem.message for problem in caught.value.problems), caught.value
