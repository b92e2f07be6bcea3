"""Every key that a scenario may have: what it holds, and what it is when left out.

The tables below are the scenario contract, one line a key. Which keys a kind of layer has stands in `KINDS`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .decimals import meant
from .errors import ExpressionError, did_you_mean, near_or_known, quoted
from .expression import COMPARISONS, read_expression, read_quantity
from .records import Activation, Array, Init, RateSchedule, WrittenCondition
from .tokens import NAME, name_fault
from .trees import Call, Operation, Tree, names_in
from .values import (
    LARGEST_SEED,
    MOST_UNITS,
    MOST_UPDATES,
    Reader,
    Wrong,
    above,
    batch,
    betas,
    between,
    choice,
    inputs,
    is_table,
    items,
    kind_of,
    letters,
    name,
    name_or_names,
    names,
    number,
    numbers,
    rows_of_names,
    scenario_names,
    shown,
    switch,
    table,
    tables,
    text,
    units,
    whole,
)

FIGURE = re.compile(r"~? *[+−-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+−-]?[0-9]{1,4})?")
LONGEST_FIGURE = 100
MOST_TURNS = 1000                                 # updates that an objective has in a row
CONDITIONS = (*COMPARISONS.values(), "and", "or", "not")
TESTS = ("isnan", "isfinite", "any", "all", "changed")


@dataclass(frozen=True)
class Stored:
    """Values that stand in a data file: `{ file = "base.npz", name = "W1" }`."""

    file: str
    name: str


@dataclass(frozen=True)
class Law:
    """A word of the library, or a law with its tree."""

    text: str
    tree: Tree | None


@dataclass(frozen=True)
class Rule:
    """What a key holds."""

    read: Reader
    default: object = None
    needed: bool = False


def need(read: Reader) -> Rule:
    return Rule(read, needed=True)


def may(read: Reader, default: object = None) -> Rule:
    return Rule(read, default)


def law_in(value: object, label: str, variables: tuple[str, ...]) -> Law:
    """A library word, or an expression in the `variables` only."""
    written = text(value, label).strip()
    if NAME.fullmatch(written) and written not in variables:
        return Law(written, None)
    return Law(written, expression_in(written, label, variables))


def expression_in(written: str, label: str, variables: tuple[str, ...]) -> Tree:
    try:
        tree = read_expression(written)
    except ExpressionError as error:
        raise Wrong(f"{label}: {error}") from None
    for used in names_in(tree):
        if used.id not in variables:
            raise Wrong(f"{label}: {quoted(used.id)} is never defined: the law is written in "
                        f"{' and '.join(variables)}{did_you_mean(used.id, variables)}")
    return tree


OF_A_LAYER = ("weights", "bias", "net", "out", "grad", "next", "change")


def activation(value: object, label: str) -> Activation:
    """`"sigmoid"`, a law in `x`, or `{ law = "…", beta = 1.0, train = ["beta"] }`."""
    if isinstance(value, str):
        law = law_in(value, label, ("x",))
        return Activation(None if law.tree else law.text, law.tree, law.text)
    if not is_table(value):
        raise Wrong(f"{label} must be a name, a law in x, or a table with a law, not {kind_of(value)}")
    options = dict(value)
    if "law" not in options:
        raise Wrong(f'{label} as a table holds a law, as in {{ law = "x*sigmoid(beta*x)", beta = 1.0 }}')
    written, train = text(options.pop("law"), "law"), options.pop("train", None)
    trained = () if train is None else below(names, train, "train", "train")
    parameters: dict[str, float] = {}
    for key, option in options.items():
        if fault := "'x' is what the law is applied to" if key == "x" else (
                f"{key!r} is a name that every layer has" if key in OF_A_LAYER else name_fault(key)):
            raise Wrong(f"{label}: {fault}", key)
        parameters[key] = below(number, option, key, key)
    for at, word in enumerate(trained):
        if word not in parameters:
            also = near_or_known(word, parameters)
            raise Wrong(f"train: {quoted(word)} is not a parameter of the law{also}", "train", at)
    tree = expression_in(written, "law", ("x", *parameters))
    return Activation(None, tree, written, parameters, trained)


def penalised(value: object, label: str) -> str | tuple[str, ...]:
    """What l1 and l2 count: `"weights"`, `"all"`, or a list of parameters."""
    if isinstance(value, str):
        return choice("weights", "all")(value, label)
    return tuple(below(text, item, label, at) for at, item in enumerate(items(value, label, "names of parameters")))


def loss_kind(value: object, label: str) -> Law:
    return law_in(value, label, ("t", "o"))


def weights(value: object, label: str) -> Array | Init | Stored:
    if is_table(value):
        return _made(value, label)
    items(value, label, "rows, one per unit")
    return numbers(value, label)


def bias(value: object, label: str) -> Array | Init | Stored | bool:
    if value is False:
        return False
    if value is True:
        raise Wrong(f"{label} must be a number, a list with one number per unit, a table, or false")
    return _made(value, label) if is_table(value) else numbers(value, label)


def gain(value: object, label: str) -> Array | Init | Stored:
    """The factors of a normalised layer: one for each unit."""
    return _made(value, label) if is_table(value) else numbers(value, label)


PADDED = {"same": ": for as many rows as before, half of kernel - 1", "valid": ": that is 0"}


def pair(least: int) -> Reader:
    """A number of rows and columns: `2` for both, or `[2, 3]`."""
    one = whole(least, MOST_UNITS)

    def read(value: object, label: str) -> tuple[int, int]:
        if not isinstance(value, list):
            if not isinstance(value, int) or isinstance(value, bool):
                given = quoted(value) if isinstance(value, str) else shown(value)
                also = PADDED.get(value, "") if label == "padding" and isinstance(value, str) else ""
                raise Wrong(f"{label} must be a whole number, or two of them, as in [2, 3]: rows and columns; not "
                            f"{given}{also}")
            size = one(value, label)
            return size, size
        if len(value) != 2:
            raise Wrong(f"{label} must be a whole number, or two of them: rows and columns")
        return below(one, value[0], label, 0), below(one, value[1], label, 1)
    return read


def below_one(value: object, label: str) -> float:
    result = between(0.0, 1.0)(value, label)
    if result == 1.0:
        raise Wrong(f"{label} must be less than 1: nothing would be left")
    return result


def parameter(value: object, label: str) -> Array | Init | Stored:
    """A parameter of written equations: one number, or drawn."""
    if is_table(value):
        return _made(value, label)
    number(value, label)
    return numbers(value, label)


def given(value: object, label: str) -> Array:
    """A value of written equations: a number for all samples, or a list with one for each."""
    array = numbers(value, label)
    if array.ndim > 1:
        raise Wrong(f"{label} must be a number, or a list with one number per sample")
    return array


def patterns(value: object, label: str) -> tuple[str, ...]:
    """Names of columns or arrays in a data file, where `*` stands for anything."""
    if isinstance(value, str):
        return (value,)
    return tuple(text(item, label) for item in items(value, label, "names of columns or arrays"))


def held(value: object, label: str) -> float | Mapping[str, object]:
    """`validation`: a share of the rows, or a table, which is read as its own section."""
    if is_table(value):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(f"{label} must be a share of the rows such as 0.2, or a table with inputs, not {kind_of(value)}")
    if not 0 < value < 1:
        raise Wrong(f"{label} must be a share of the rows, more than 0 and less than 1, such as 0.2")
    return value


def equation_lines(value: object, label: str) -> list[str]:
    return [below(text, line, label, at) for at, line in enumerate(items(value, label, "equations"))]


def quantity(value: object, label: str) -> str:
    quantity_tree(text(value, label), label)
    return str(value)


def quantity_tree(written: str, label: str) -> Tree:
    try:
        return read_quantity(written)
    except ExpressionError as error:
        raise Wrong(f"{label}: {error}") from None


def asked(value: object, label: str) -> tuple[str, Tree]:
    """A quantity, as written and as a tree."""
    written = text(value, label)
    return written, quantity_tree(written, label)


def condition(value: object, label: str) -> WrittenCondition:
    """A comparison, such as `E < 1e-4`."""
    written, tree = asked(value, label)
    if not is_condition(tree):
        raise Wrong(f"{label} must be a comparison, as in \"E < 1e-4\", not {quoted(written)}")
    return WrittenCondition(written, tree)


def is_condition(tree: Tree) -> bool:
    """Whether a quantity is true or false by its form."""
    if isinstance(tree, Call):
        return tree.function in TESTS
    return isinstance(tree, Operation) and tree.operator in CONDITIONS


def schedule(value: object, label: str) -> RateSchedule:
    """`{ kind = "step", step_size = 10, gamma = 0.5 }`."""
    options = dict(table(value, label))
    if "kind" not in options:
        raise Wrong(f'{label} needs a kind, as in {{ kind = "step", step_size = 10, gamma = 0.5 }}')
    kind = below(text, options.pop("kind"), "kind", "kind")
    return RateSchedule(kind, {key: below(number, option, key, key) for key, option in options.items()})


def noise(value: object, label: str) -> Init:
    """`{ init = "normal" }`: how one number is drawn for each sample and update."""
    options = dict(table(value, label))
    if "init" not in options:
        raise Wrong(f'{label} must be {{ init = "normal" }} or {{ init = "uniform", low = 0, high = 1 }}')
    kind = below(choice("normal", "uniform"), options.pop("init"), "init", "init")
    known = {"normal": ("mean", "std"), "uniform": ("low", "high")}[kind]
    for key in options:
        if key not in known:
            raise Wrong(f"{label}: noise that is {kind} has no {quoted(key)}; it takes {' and '.join(known)}", key)
    given = {key: below(number, option, key, key) for key, option in options.items()}
    if given.get("std", 1.0) < 0:
        raise Wrong(f"{label}: std must be 0 or more, not {given['std']:g}", "std")
    if kind == "uniform" and given.get("low", 0.0) >= given.get("high", 1.0):
        raise Wrong(f"{label}: low must be less than high ({given.get('low', 0.0):g} and {given.get('high', 1.0):g})")
    return Init(kind, given)


def figure(value: object, label: str) -> str:
    """A printed number, kept as its digits."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise Wrong(f'{label} must be in quotes, as the source printed it: {label} = "0.082167041"')
    written = text(value, label)
    if len(written) > LONGEST_FIGURE or not FIGURE.fullmatch(written):
        raise Wrong(f"{label} must be a printed number such as 0.082167041 or ~0.357, not {quoted(written)}"
                    f"{meant(written)}")
    return written


def below(read: Reader, value: object, label: str, *path: str | int) -> Any:
    """Read a part of a value; what is wrong in it is wrong at `path`."""
    try:
        return read(value, label)
    except Wrong as wrong:
        raise Wrong(wrong.message, *path, *wrong.below) from None


def _made(value: Mapping[str, object], label: str) -> Init | Stored:
    """`{ init = "uniform", low = 0, high = 1 }` or `{ file = "base.npz", name = "W1" }`."""
    options = dict(value)
    if "file" in options and "init" not in options:
        for key in options:
            if key not in ("file", "name"):
                raise Wrong(f"unknown key {quoted(key)} in {label}{did_you_mean(key, ('file', 'name'))}", key)
        if "name" not in options:
            raise Wrong(f"{label}: name is missing, which says the array in the file")
        return Stored(*(below(text, options[key], key, key) for key in ("file", "name")))
    if "init" not in options or "file" in options:
        raise Wrong(f'{label} as a table must be {{ init = "…" }} or {{ file = "….npz", name = "…" }}')
    kind = below(text, options.pop("init"), "init", "init")
    return Init(kind, {key: below(number, option, key, key) for key, option in options.items()})


TOP: Mapping[str, Rule] = {
    "title": may(text, ""),
    "source": may(text, ""),
    "about": may(text, ""),
    "beside": may(scenario_names, ()),
    "start": may(quantity),
    "network": may(table),
    "equations": may(table),
    "parameters": may(table),
    "values": may(table),
    "loss": may(table),
    "data": may(table),
    "training": may(table),
    "names": may(table),
    "claims": may(tables),
    "noise": may(table),
}
NETWORK: Mapping[str, Rule] = {
    "inputs": need(inputs),
    "layers": need(tables),
}
LAYER: Mapping[str, Rule] = {
    "kind": need(text),
    "name": may(name, ""),
    "units": may(units),
    "activation": may(activation),
    "weights": may(weights),
    "weight_names": may(rows_of_names),
    "bias": may(bias),
    "bias_names": may(name_or_names),
    "train": may(switch, True),
    "train_bias": may(switch, True),
} | {key: may(read) for key, read in {
    "filters": units,
    "kernel": pair(1),
    "stride": pair(1),
    "padding": pair(0),
    "size": pair(1),
    "rate": below_one,
    "recurrent_weights": weights,
    "recurrent_weight_names": rows_of_names,
    "return_sequence": switch,
    "vocabulary": whole(2, MOST_UNITS),
    "gain": gain,
    "gain_names": names,
    "epsilon": above(0.0),
    "heads": whole(1, MOST_UNITS),
    "query": weights,
    "key": weights,
    "value": weights,
    "output": weights,
    "causal": switch,
    "from": name,
}.items()}
READ_AS: Mapping[tuple[str, str], Reader] = {     # of a kind of layer, where a key holds something else than elsewhere
    ("conv2d", "filters"): whole(1, MOST_UNITS),    # their images have no names
    ("embedding", "size"): whole(1, MOST_UNITS),
}
COMMON = ("kind", "name", "train")
_LINEAR = ("weights", "weight_names", "bias", "bias_names", "train_bias")
_RECURRENT = ("units!", *_LINEAR, "recurrent_weights", "recurrent_weight_names", "return_sequence")
KINDS: Mapping[str, tuple[str, ...]] = {          # the keys of each kind of layer; `!` marks those that it must have
    "dense": ("units!", "activation", *_LINEAR),
    "conv2d": ("filters!", "kernel!", "stride", "padding", "activation", "weights", "bias", "bias_names", "train_bias"),
    "max_pool": ("size!", "stride"),
    "average_pool": ("size!", "stride"),
    "flatten": (),
    "activation": ("activation!",),
    "dropout": ("rate!",),
    "rnn": (*_RECURRENT, "activation"),
    "lstm": _RECURRENT,
    "gru": _RECURRENT,
    "embedding": ("vocabulary!", "size!", "weights", "weight_names"),
    "batch_norm": ("gain", "gain_names", "bias", "bias_names", "epsilon"),
    "layer_norm": ("gain", "gain_names", "bias", "bias_names", "epsilon"),
    "attention": ("heads", "query", "key", "value", "output", "causal"),
    "add": ("from!",),
}


def has_activation(kind: str) -> bool:
    """Whether a layer of this kind has an activation of its own."""
    return any(key.rstrip("!") == "activation" for key in KINDS[kind])


EQUATIONS: Mapping[str, Rule] = {
    "forward": need(equation_lines),
    "loss": need(name),
}
REDUCTION = may(choice("mean", "sum"), "mean")
LOSS: Mapping[str, Rule] = {
    "kind": need(loss_kind),
    "reduction": REDUCTION,
    "name": may(name, "E"),
    "l1": may(between(0.0, None), 0.0),
    "l2": may(between(0.0, None), 0.0),
    "penalised": may(penalised),
}
SAMPLES: Mapping[str, Rule] = {                   # [data.validation]
    "inputs": need(numbers),
    "targets": may(numbers),
    "file": may(text),
}
SAMPLES_IN_FILE: Mapping[str, Rule] = dict(SAMPLES) | {
    "inputs": need(patterns),
    "targets": may(patterns),
}
OF_DATA: Mapping[str, Rule] = {
    "target_names": may(names),
    "validation": may(held),
}
DATA: Mapping[str, Rule] = dict(SAMPLES) | OF_DATA
DATA_IN_FILE: Mapping[str, Rule] = dict(SAMPLES_IN_FILE) | OF_DATA
TRAINING: Mapping[str, Rule] = {
    "optimizer": may(text, "sgd"),
    "learning_rate": may(number, 0.01),
    "updates": may(whole(1, MOST_UPDATES)),
    "epochs": may(whole(1, MOST_UPDATES)),
    "batch": may(batch, "all"),
    "shuffle": may(switch, False),
    "seed": may(whole(0, LARGEST_SEED), 0),
    "update_order": may(choice("simultaneous", "in_place"), "simultaneous"),
    "gradient": may(choice("backpropagation", "perturbation"), "backpropagation"),
    "perturbation": may(above(0.0), 1e-4),
    "clip_norm": may(above(0.0)),
    "clip_value": may(above(0.0)),
    "schedule": may(schedule),
    "until": may(condition),
    "patience": may(whole(1, MOST_UPDATES)),
    "objectives": may(tables),
    "momentum": may(between(0.0, None)),
    "nesterov": may(switch),
    "dampening": may(number),
    "betas": may(betas),
    "epsilon": may(between(0.0, None)),
    "alpha": may(between(0.0, 1.0)),
    "rho": may(between(0.0, 1.0)),
    "weight_decay": may(between(0.0, None)),
}
OF_OPTIMIZERS = ("momentum", "nesterov", "dampening", "betas", "epsilon", "alpha", "rho", "weight_decay")
OBJECTIVE: Mapping[str, Rule] = {
    "minimize": need(name),
    "parameters": need(names),
    "updates": may(whole(1, MOST_TURNS), 1),
}
LETTERS: Mapping[str, Rule] = {
    "net": may(letters),
    "out": may(letters),
    "delta": may(letters),
}
CLAIM: Mapping[str, Rule] = {
    "what": need(asked),
    "after": may(whole(0, MOST_UPDATES), 0),
    "sample": may(whole(1, MOST_UPDATES)),
    "value": may(figure),
    "erratum": may(figure),
    "why": may(text),
}
