"""The sections of a scenario, each from its TOML table to its record.

A section reads what it can and notes every mistake, so that one look at a broken file shows them all;
a record made beside a mistake is never seen, because the file is refused in the end. The checks here
concern several keys together: names, counts of rows, what may stand beside what.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

from .data import Archive, open_archive, read_array
from .errors import ExpressionError, KeyPath, Problem, near_or_known, one_of, quoted
from .expression import read_equation
from .lines import line_of
from .records import Activation, Array, Claim, Equations, Layer, Loss, Network, Objective, Training
from .schema import (
    CLAIM,
    COMMON,
    EQUATIONS,
    KINDS,
    LAYER,
    LETTERS,
    LOSS,
    NETWORK,
    OBJECTIVE,
    OF_OPTIMIZERS,
    READ_AS,
    REDUCTION,
    TRAINING,
    Law,
    Rule,
    Stored,
    given,
    is_condition,
    noise,
    parameter,
)
from .synonyms import nearest
from .tokens import name_fault
from .trees import WrittenEquation, names_in
from .values import MOST_ROWS, Reader, Wrong, is_table, kind_of

LINEAR, TANH = Activation("linear", text="linear"), Activation("tanh", text="tanh")
OF_LAYERS = {f.name for f in fields(Layer)} - {"key", "extra"}
MOST_SUGGESTED = 200      # problems after which no more near names are looked for: that is slow
Names: TypeAlias = str | int | tuple[str, ...] | tuple[tuple[str, ...], ...] | None
OF_PARAMETERS = ("weight_names", "bias_names", "recurrent_weight_names", "gain_names")
LEFT_SIDE = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=")


@dataclass
class ScenarioFile:
    """A file being read: where its keys are, its folder, and what was found so far."""

    lines: Mapping[KeyPath, int]
    folder: Path | None
    problems: list[Problem] = field(default_factory=list[Problem])
    archives: dict[str, Archive] = field(default_factory=dict[str, Archive])
    names: list[tuple[str, KeyPath]] = field(default_factory=list[tuple[str, KeyPath]])

    def wrong(self, key: KeyPath, message: str) -> None:
        self.problems.append(Problem(key, message, line_of(self.lines, key)))

    def near(self, word: str, known: Mapping[str, object] | Sequence[str]) -> str:
        """What was meant by `word`, or else what is known."""
        return "" if len(self.problems) >= MOST_SUGGESTED else near_or_known(word, known)

    def value(self, read: Reader, value: object, key: KeyPath, label: str) -> Any:
        """What `read` makes of the value, or None with the mistake noted."""
        try:
            return read(value, label)
        except Wrong as wrong:
            self.wrong((*key, *wrong.below), wrong.message)
            return None

    def named(self, names: Names, key: KeyPath) -> None:
        """Note names (nested as they are in the file), to be compared when all are known."""
        if isinstance(names, str) and names:
            self.names.append((names, key))
        elif isinstance(names, tuple):
            for at, name in enumerate(names):
                self.named(name, (*key, at))

    def archive(self, file: str) -> Archive:
        if file not in self.archives:
            self.archives[file] = open_archive(file, self.folder)
        return self.archives[file]

    def stored(self, value: object, key: KeyPath) -> Any:
        """The value itself, or what it says is in a data file."""
        if not isinstance(value, Stored):
            return value
        return self.value(lambda _, __: read_array(self.archive(value.file), value.name), value, key, "")


def read_table(
    reading: ScenarioFile, value: object, rules: Mapping[str, Rule], key: KeyPath, where: str, known: Sequence[str] = ()
) -> dict[str, Any]:
    """Every key of `rules`: read, or its default. Mistakes are noted, and leave the default.

    `known` are the keys that may stand here, where these are fewer.
    """
    got = {name: rule.default for name, rule in rules.items()}
    if not is_table(value):
        reading.wrong(key, f"{where} must be a table, not {kind_of(value)}")
        return got
    inside = f" in {where}" if where else ""
    for name, written in value.items():
        path = (*key, name)
        rule = rules.get(name)
        if rule is None:
            reading.wrong(path, f"unknown key {quoted(name)}{inside}{reading.near(name, known or tuple(rules))}")
        elif (result := reading.value(rule.read, written, path, name)) is not None:
            got[name] = result
    for name, rule in rules.items():
        if rule.needed and name not in value:
            reading.wrong(key, f"{name} is missing{inside}")
    return got


def check_names(reading: ScenarioFile) -> None:
    """One name, one thing: every second use in file order is a mistake."""
    first: dict[str, int] = {}
    for name, key in sorted(reading.names, key=lambda use: line_of(reading.lines, use[1])):
        line = line_of(reading.lines, key)
        if name in first:
            reading.wrong(key, f"the name {quoted(name)} is used twice (first at line {first[name]})")
        else:
            first[name] = line


def read_network(reading: ScenarioFile, table: object) -> Network:
    got = read_table(reading, table, NETWORK, ("network",), "[network]")
    reading.named(got["inputs"], ("network", "inputs"))
    layers = [_layer(reading, raw, at) for at, raw in enumerate(got["layers"] or ())]
    taken = {name for name, _ in reading.names}
    for at, layer in enumerate(layers):
        if not layer.name:
            name = next(free for n in count(at + 1) if (free := f"layer{n}") not in taken)
            taken.add(name)
            layers[at] = replace(layer, name=name)
    return Network(got["inputs"], tuple(layers))


def _layer(reading: ScenarioFile, raw: Any, at: int) -> Layer:
    key: KeyPath = ("network", "layers", at)
    kind = raw.get("kind") if is_table(raw) else None
    own = KINDS.get(nearest(kind, tuple(KINDS)) or "") if isinstance(kind, str) else None
    known = () if own is None else (*COMMON, *(name.rstrip("!") for name in own))
    rules = {name: replace(rule, read=READ_AS.get((str(kind), name), rule.read)) for name, rule in LAYER.items()}
    got = read_table(reading, raw, rules, key, "[[network.layers]]", known)
    kind = got["kind"] or ""
    _check_keys(reading, kind, raw, key)
    for names in ("name", "units", "filters", *OF_PARAMETERS):
        reading.named(got[names], (*key, names))
    if got["bias"] is False and got["bias_names"]:
        reading.wrong((*key, "bias_names"), "bias is false, so there is nothing to name")
    elif is_table(raw) and "train_bias" in raw and (got["bias"] is False or not got["train"]):
        why = "train" if not got["train"] else "bias"
        reading.wrong((*key, "train_bias"), f"{why} is false, so train_bias changes nothing")
    for values in ("weights", "bias", "recurrent_weights", "gain", "query", "key", "value", "output"):
        got[values] = reading.stored(got[values], (*key, values))
    got["units"] = got["units"] or got.pop("filters") or 0
    got["activation"] = got["activation"] or (TANH if kind == "rnn" else LINEAR)
    extra = {name: got.pop(name) for name in list(got) if name not in OF_LAYERS}
    return Layer(key, **got, extra={name: value for name, value in extra.items() if value is not None})


def _check_keys(reading: ScenarioFile, kind: str, raw: Any, key: KeyPath) -> None:
    """Each kind of layer has its own keys; what an unknown kind may have is not known."""
    if kind not in KINDS or not is_table(raw):
        return
    allowed = {name.rstrip("!") for name in KINDS[kind]}
    for name in raw:
        if name in LAYER and name not in allowed and name not in COMMON:
            takes = one_of(sorted(allowed)) if allowed else "no keys of its own"
            reading.wrong((*key, name), f"a layer of kind {quoted(kind)} has no {name}; it takes {takes}")
    for name in KINDS[kind]:
        if name.endswith("!") and name[:-1] not in raw:
            reading.wrong(key, f"{name[:-1]} is missing in a layer of kind {quoted(kind)}")


def read_equations(reading: ScenarioFile, top: Mapping[str, Any]) -> Equations:
    got = read_table(reading, top["equations"], EQUATIONS, ("equations",), "[equations]")
    parameters = _named_values(reading, top["parameters"] or {}, "parameters", parameter)
    values = _named_values(reading, top["values"] or {}, "values", given)
    drawn = _named_values(reading, top["noise"] or {}, "noise", noise)
    _check_samples(reading, values)
    known = dict.fromkeys([*(top["parameters"] or ()), *(top["values"] or ()), *(top["noise"] or ())])
    lines = _lines(reading, got["forward"] or [], known)
    made = tuple(line.name for line in lines)
    meant = {found[1] for found in map(LEFT_SIDE.match, got["forward"] or []) if found}     # also by a line at fault
    if lines and got["loss"] and got["loss"] not in meant:
        reading.wrong(("equations", "loss"), f"the loss {quoted(got['loss'])} is not one of the equations"
                      f"{reading.near(got['loss'], made)}")
    return Equations(lines, got["loss"], parameters, values, drawn)


def _named_values(
    reading: ScenarioFile, table: Mapping[str, object], section: str, read: Reader
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, written in table.items():
        key: KeyPath = (section, name)
        if fault := name_fault(name):
            reading.wrong(key, fault)
            continue
        reading.named(name, key)
        value = reading.stored(reading.value(read, written, key, name), key)
        if value is not None:
            result[name] = value
    return result


def _check_samples(reading: ScenarioFile, values: Mapping[str, Array]) -> None:
    first = next((name for name, value in values.items() if value.ndim), None)
    if first and len(values[first]) > MOST_ROWS:
        reading.wrong(("values", first), f"{first} has {len(values[first]):,} values; at most {MOST_ROWS:,} can be "
                      f"held")
    for name, value in values.items():
        if first and value.ndim and len(value) != len(values[first]):
            reading.wrong(("values", name), f"{name} has {len(value)} values where {first} has "
                          f"{len(values[first])}: a list has one value per sample")


def _lines(reading: ScenarioFile, written: list[str], known: dict[str, None]) -> tuple[WrittenEquation, ...]:
    """The equations. Each may use only parameters, values and earlier lines."""
    lines: list[WrittenEquation] = []
    sides = [(at, LEFT_SIDE.match(line)) for at, line in enumerate(written)]
    where = {found[1]: at for at, found in reversed(sides) if found}
    for at, line in enumerate(written):
        key: KeyPath = ("equations", "forward", at)
        try:
            equation = read_equation(line)
        except ExpressionError as error:
            reading.wrong(key, f"{quoted(line)}: {error}")
            known |= {name: None for name, place in where.items() if place == at}
            continue
        for name in dict.fromkeys(used.id for used in names_in(equation.tree)):
            if name not in known and name in where:
                other = line_of(reading.lines, ("equations", "forward", where[name]))
                reading.wrong(key, f"{quoted(name)} is used before it is defined (at line {other})")
            elif name not in known:
                also = reading.near(name, known)
                reading.wrong(key, f"{quoted(name)} is never defined{also}")
        known[equation.name] = None
        reading.named(equation.name, key)
        lines.append(equation)
    return tuple(lines)


def read_loss(reading: ScenarioFile, top: Mapping[str, Any], equations: Equations | None) -> Loss:
    if equations:
        rules = {"reduction": REDUCTION, **{key: LOSS[key] for key in OF_PENALTIES}}
        got = read_table(reading, top["loss"] or {}, rules, ("loss",), "[loss] beside [equations]")
        return Loss(reduction=got["reduction"], name=equations.loss, **_penalties(reading, got))
    got = read_table(reading, top["loss"], LOSS, ("loss",), "[loss]")
    reading.named(got["name"], ("loss", "name"))
    law: Law = got["kind"] or Law("", None)
    return Loss(None if law.tree else law.text, law.tree, law.text, got["reduction"], got["name"],
                **_penalties(reading, got))


OF_PENALTIES = ("l1", "l2", "penalised")


def _penalties(reading: ScenarioFile, got: Mapping[str, Any]) -> dict[str, Any]:
    if got["penalised"] is not None and not got["l1"] and not got["l2"]:
        reading.wrong(("loss", "penalised"), "penalised says what l1 and l2 count, and neither is above 0")
    return {key: got[key] for key in OF_PENALTIES if got[key] is not None}


def read_training(reading: ScenarioFile, table: object) -> Training:
    got = read_table(reading, table, TRAINING, ("training",), "[training]")
    if got["updates"] and got["epochs"]:
        reading.wrong(("training", "epochs"), "give updates or epochs, not both")
    if got["clip_norm"] and got["clip_value"]:
        reading.wrong(("training", "clip_value"), "give clip_norm or clip_value, not both")
    got["options"] = _optimizer_options(reading, {key: got.pop(key) for key in OF_OPTIMIZERS})
    listed = got["objectives"] or ()
    got["objectives"] = tuple(_objective(reading, raw, at) for at, raw in enumerate(listed))
    return Training(**got)


def _optimizer_options(reading: ScenarioFile, given: dict[str, Any]) -> dict[str, float]:
    """What the file says of the optimizer's own keys, as numbers."""
    options = {key: value for key, value in given.items() if value is not None}
    if "rho" in options and "alpha" in options:
        reading.wrong(("training", "rho"), "rho is another name of alpha: give one of them")
    if "rho" in options:
        options["alpha"] = options.pop("rho")
    if "betas" in options:
        options["beta1"], options["beta2"] = options.pop("betas")
    return {key: float(value) for key, value in options.items()}


def _objective(reading: ScenarioFile, raw: object, at: int) -> Objective:
    key: KeyPath = ("training", "objectives", at)
    got = read_table(reading, raw, OBJECTIVE, key, "[[training.objectives]]")
    return Objective(key, got["minimize"] or "", got["parameters"] or (), got["updates"])


def read_letters(reading: ScenarioFile, table: object, equations: Equations | None) -> dict[str, str]:
    """The source's letters; beside [equations] they are for names that begin as a network's do."""
    got = read_table(reading, table, LETTERS, ("names",), "[names]")
    letters = {name: written for name, written in got.items() if written}
    _check_letters(reading, letters, equations)
    if equations is not None and not reading.problems:
        named = [*(line.name for line in equations.lines), *equations.parameters, *equations.values, *equations.noise]
        for part in letters:
            if part == "delta":
                reading.wrong(("names", part), "delta is for what a layer's units read: [equations] has no layers")
            elif not any(name.startswith(f"{part}_") for name in named):
                reading.wrong(("names", part), f"no name of the equations begins with {part}_: {part} changes nothing")
    return letters


def _check_letters(reading: ScenarioFile, letters: Mapping[str, str], equations: Equations | None) -> None:
    """One name, one thing: a letter is no other part's, and not the loss's or a parameter's name."""
    called = {"net": "net", "out": "out", **letters}
    taken = {name for name, key in reading.names if {*key} & {"loss", "parameters", *OF_PARAMETERS}}
    taken |= {equations.loss} if equations is not None else set()
    for part, letter in letters.items():
        other = next((p for p in called if p != part and letter in (called[p], p)), "")
        if other:
            reading.wrong(("names", part), f"{part} cannot be called {quoted(letter)}: that is what {other} is called")
        elif letter in taken:
            reading.wrong(("names", part), f"{part} cannot be called {quoted(letter)}: that is another name here")


def read_claim_list(reading: ScenarioFile, tables: list[object]) -> tuple[Claim, ...]:
    claims = [_claim(reading, raw, ("claims", at)) for at, raw in enumerate(tables)]
    return tuple(claim for claim in claims if claim)


def _claim(reading: ScenarioFile, raw: Any, key: KeyPath) -> Claim | None:
    got = read_table(reading, raw, CLAIM, key, "[[claims]]")
    if got["what"] is None:
        return None
    got["what"], tree = got["what"]
    if "value" in raw and is_condition(tree):
        reading.wrong((*key, "value"), "a comparison is true or false and has no value: leave value out")
    elif "value" not in raw and not is_condition(tree):
        reading.wrong((*key, "what"), "without value, what must be a comparison such as E < 1e-12")
    if "erratum" in raw and "value" not in raw:
        reading.wrong((*key, "erratum"), "erratum says what is true in place of value, and value is missing")
    if "value" in raw and got["value"] is None:     # seen only where it is told what else is wrong
        got["value"] = "0"
    return Claim(tree=tree, **got, key=key)
