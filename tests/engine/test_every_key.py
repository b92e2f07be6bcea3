"""Every key of a scenario acts or is refused: of two values that are both taken, each makes another run.

A run is compared by what it is: its equations and names, its parameters and E after some updates, what it validates
and when it ends. Keys whose subject is the reader (title, claims, …) are told apart in the record alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bptui.explain.namer import Namer
from bptui.replay.open import open_scenario
from bptui.scenario import schema
from bptui.scenario.errors import ScenarioError
from bptui.scenario.lines import line_of, scan_lines
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


def what_it_is(text: str, path: Path | None = None) -> str | None:
    """A run as text; None where the file is refused."""
    try:
        run = open_scenario(read_scenario_text(text, "here", path))
        while run.work(0.05):
            pass
        program = run.program(0)
        namer = Namer(run.scenario)
        shown = [(b.phase, b.group, b.out.name, b.out.letters, b.out.symbol, b.text, len(b.equations),
                  namer.tensor(b.out), namer.of(b.out, 0)) for b in program.blocks]
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


@pytest.mark.slow
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
        open_scenario(read_scenario_text(text, "here"))
    assert any(said in problem.message for problem in caught.value.problems), caught.value


# the keys of every other section: two files that differ in the key alone

LAYERED, TWO = network("dense", {"units": 2, "activation": "tanh"}), network("dense", {"units": ["a", "b"]})
WRITTEN = """[equations]
forward = ["net_p = w*x + b*z", "E = (net_p - t)**2", "F = (net_p + t)**2"]
loss = "E"
[parameters]
w = 0.5
b = { init = "normal" }
[values]
x = [1, 2, 3]
t = [0, 1, 0]
[noise]
z = { init = "normal" }
[training]
updates = 4
"""
TURNS = """[[training.objectives]]
minimize = "E"
parameters = ["w"]
updates = 2
[[training.objectives]]
minimize = "F"
parameters = ["b"]
"""
CLAIMED = '[[claims]]\nwhat = "E"\nafter = 1\nsample = 1\nvalue = "0.5"\nerratum = "0.25"\nwhy = "a slip"\n'
FILED = (LAYERED.partition("[data]")[0] + "[data]\nfile = 'a.csv'\ninputs = ['x1', 'x2']\ntargets = ['t1', 't2']\n"
         "[data.validation]\nfile = 'a.csv'\ninputs = ['x1', 'x2']\ntargets = ['t1', 't2']\n"
         "[training]\nupdates = 3\n")  # fmt: skip
UNHELD = FILED.partition("[data.validation]")[0] + "[training]\nupdates = 3\n"
COLUMNS = "x1,x2,t1,t2\n1,2,0,1\n0.5,1,1,0\n"
Change = tuple[str, str, str]                        # a file, what stands in it, and what it is in the other


def more(text: str, key: str) -> Change:
    """A key that the file does not have, and has at its top in the other."""
    return f"\n{text}", "\n", f"{key}\n"


def held_back(before: str, after: str) -> Change:
    """A change below [data.validation], where the same stands above it as well."""
    _, name, tail = FILED.partition("[data.validation]")
    return FILED, name + tail, name + tail.replace(before, after, 1)


FIRST_INPUT = LAYERED.partition("[data]\ninputs = [[")[2].partition(",")[0]
HELD = "[data.validation]\ninputs = [["
CHANGES: Mapping[str, Mapping[str, Change]] = {
    "TOP": {
        "title": more(WRITTEN, "title = 'A'"), "source": more(WRITTEN, "source = 'A book'"),
        "about": more(WRITTEN, "about = 'A lesson'"), "beside": more(WRITTEN, "beside = ['two_layer']"),
        "start": more(WRITTEN, "start = 'w'"), "network": (LAYERED, "inputs = 2", "inputs = ['p', 'q']"),
        "equations": (WRITTEN, "w*x", "w + x"), "parameters": (WRITTEN, "w = 0.5", "w = 0.75"),
        "values": (WRITTEN, "x = [1, 2, 3]", "x = [1, 2, 4]"), "noise": (WRITTEN, "normal\" }\n[t", "uniform\" }\n[t"),
        "loss": (WRITTEN, "[noise]", "[loss]\nreduction = 'sum'\n[noise]"), "data": (LAYERED, FIRST_INPUT, "7.0"),
        "training": (WRITTEN, "updates = 4", "updates = 5"), "names": (LAYERED, "[loss]", "[names]\nout = 'a'\n[loss]"),
        "claims": (WRITTEN + CLAIMED, CLAIMED, "")},
    "NETWORK": {
        "inputs": (LAYERED, "inputs = 2", "inputs = ['p', 'q']"), "layers": (LAYERED, '"tanh"', '"relu"')},
    "EQUATIONS": {
        "forward": (WRITTEN, "w*x", "w + x"), "loss": (WRITTEN, 'loss = "E"', 'loss = "F"')},
    "DATA": {
        "inputs": (LAYERED, FIRST_INPUT, "7.0"), "targets": (LAYERED, "targets = [[1,", "targets = [[3,"),
        "file": (FILED, "[data]\nfile = 'a.csv'", "[data]\nfile = 'b.csv'"),
        "target_names": (LAYERED, "[data.v", "target_names = ['p', 'q']\n[data.v"),
        "validation": (UNHELD, "[training]", "validation = 0.5\n[training]")},
    "DATA_IN_FILE": {
        "inputs": (FILED, "inputs = ['x1'", "inputs = ['t1'"), "targets": (FILED, "targets = ['t1'", "targets = ['x1'"),
        "file": (FILED, "[data]\nfile = 'a.csv'", "[data]\nfile = 'b.csv'"),
        "target_names": (FILED, "[data.v", "target_names = ['p', 'q']\n[data.v"),
        "validation": held_back("file = 'a.csv'", "file = 'b.csv'")},
    "SAMPLES": {
        "inputs": (LAYERED, HELD, f"{HELD}7"), "targets": (LAYERED, "targets = [[1, 0]]", "targets = [[3, 0]]"),
        "file": held_back("file = 'a.csv'", "file = 'b.csv'")},
    "SAMPLES_IN_FILE": {
        "inputs": held_back("['x1'", "['t1'"), "targets": held_back("['t1'", "['x1'"),
        "file": held_back("file = 'a.csv'", "file = 'b.csv'")},
    "OBJECTIVE": {
        "minimize": (WRITTEN + TURNS, 'minimize = "E"', 'minimize = "F"'),
        "parameters": (WRITTEN + TURNS, 'parameters = ["w"]', 'parameters = ["w", "b"]'),
        "updates": (WRITTEN + TURNS, "updates = 2", "updates = 1")},
    "LETTERS": {
        "net": (TWO, "[loss]", "[names]\nnet = 'z'\n[loss]"), "out": (TWO, "[loss]", "[names]\nout = 'a'\n[loss]"),
        "delta": (TWO, "[loss]", "[names]\ndelta = 'd'\n[loss]")},
    "CLAIM": {
        "what": (WRITTEN + CLAIMED, 'what = "E"', 'what = "F"'), "after": (WRITTEN + CLAIMED, "after = 1", "after = 2"),
        "sample": (WRITTEN + CLAIMED, "sample = 1", "sample = 2"), "value": (WRITTEN + CLAIMED, '"0.5"', '"0.6"'),
        "erratum": (WRITTEN + CLAIMED, '"0.25"', '"0.26"'), "why": (WRITTEN + CLAIMED, '"a slip"', '"a misprint"')},
}  # fmt: skip
READERS = {"TOP": ("title", "source", "about", "beside", "start", "claims"), "CLAIM": tuple(schema.CLAIM)}
WALKED = ("LAYER", "LOSS", "TRAINING")               # by the tests above
TABLES = {name: rules for name, rules in vars(schema).items()
          if isinstance(rules, Mapping) and all(isinstance(rule, schema.Rule) for rule in rules.values())}


def test_every_section_of_the_schema_is_walked_and_every_key_of_it() -> None:
    walked = {name: set(changes) for name, changes in CHANGES.items()}
    assert walked == {name: set(rules) for name, rules in TABLES.items() if name not in (*WALKED, "OF_DATA")}


@pytest.mark.parametrize("section, key", [(section, key) for section, of in CHANGES.items() for key in of])
def test_a_key_of_a_section(section: str, key: str, tmp_path: Path) -> None:
    text, before, after = CHANGES[section][key]
    (tmp_path / "a.csv").write_text(COLUMNS)
    (tmp_path / "b.csv").write_text(COLUMNS.replace("0.5", "0.75"))
    path = tmp_path / "here.toml"
    assert before in text
    texts = text, text.replace(before, after, 1)
    if key in READERS.get(section, ()):
        one, other = (replace(read_scenario_text(each, "here", path), digest="", lines={}) for each in texts)
        assert repr(one) != repr(other)
    else:
        one, other = (what_it_is(each, path) for each in texts)
        assert one is not None and other is not None and one != other, key


CHANCE = "seed changes nothing"


@pytest.mark.parametrize("text, said", [
    (LAYERED + "shuffle = true\n", None),
    (LAYERED.replace("batch = 2", "batch = 'all'\nshuffle = true"), "every batch has all rows"),
    (LAYERED.replace("batch = 2", "batch = 4\nshuffle = true"), "every batch has all rows"),
    (LAYERED.replace("batch = 2", "batch = 4"), None),
    (LAYERED.replace("batch = 2", "batch = 5"), "a batch of 5 rows is more than there are: give at most 4, or"),
    (WRITTEN + "batch = 3\n", None),
    (WRITTEN + "batch = 1000000\n", "a batch of 1,000,000 rows is more than there are: give at most 3, or"),
    (LAYERED + "seed = 1\n", None),                 # weights that the file leaves out are drawn
    (WRITTEN + "seed = 1\n", None),
    (WRITTEN.replace("z = {", "# {").replace("b*z", "b") + "seed = 1\n", None),
    (WRITTEN.replace('b = { init = "normal" }', "b = 1") + "seed = 1\n", None),
    (WRITTEN.replace("z = {", "# {").replace("b*z", "b").replace('"normal"', '"zeros"') + "seed = 1\n", CHANCE),
    (WRITTEN.replace("z = {", "# {").replace("b*z", "b").replace('{ init = "normal" }', "1") + "seed = 0\n", CHANCE),
    (WRITTEN + "[names]\nnet = 'z'\n", None),
    (WRITTEN + "[names]\nout = 'a'\n", "no name of the equations begins with out_"),
    (WRITTEN + "[names]\ndelta = 'd'\n", "[equations] has no layers"),
])  # fmt: skip
def test_chance_and_letters_that_nothing_reads_are_refused_at_their_line(text: str, said: str | None) -> None:
    if said is None:
        assert what_it_is(text) is not None
        return
    with pytest.raises(ScenarioError) as caught:
        open_scenario(read_scenario_text(text, "here"))
    (problem,) = caught.value.problems
    assert said in problem.message
    written = text.splitlines()[line_of(scan_lines(text), problem.key) - 1]
    assert written.startswith(str(problem.key[-1]))
