"""The `[data]` section: its rows from the scenario itself or from a data file, and those held back from training.

`[data]` and `[data.validation]` are read alike. What is checked here is what needs no network: as many
targets as inputs, and held rows like those that are trained on. Whether the network fits is the engine's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .data import Archive, read_columns
from .errors import KeyPath
from .records import Array, Data, Held
from .schema import DATA, DATA_IN_FILE, SAMPLES, SAMPLES_IN_FILE, Rule
from .sections import ScenarioFile, read_table
from .values import MOST_ROWS, is_table

DATA_KEY: KeyPath = ("data",)
HELD_KEY: KeyPath = ("data", "validation")
ROWS = "must be a list of rows, one per sample"


@dataclass(frozen=True)
class _Samples:
    """Inputs and targets as far as they could be read; `sound` if no mistake was found in them."""

    inputs: Array | None
    targets: Array | None
    sound: bool


def read_data(reading: ScenarioFile, table: Mapping[str, Any]) -> Data | None:
    in_file = "file" in table
    got = read_table(reading, table, DATA_IN_FILE if in_file else DATA, DATA_KEY, "[data]")
    reading.named(got["target_names"], (*DATA_KEY, "target_names"))
    samples = _samples(reading, table, got, DATA_KEY)
    validation: object = got["validation"]
    held: Held | None = None
    if is_table(validation):
        read = _held(reading, validation, got if in_file else {})
        held = _alike(reading, read, samples) if samples.sound else None
    if samples.inputs is None:
        return None
    data = Data(samples.inputs, samples.targets, got["target_names"], held)
    return _split(reading, data, validation) if isinstance(validation, float) and samples.sound else data


def _samples(reading: ScenarioFile, table: Mapping[str, Any], got: Mapping[str, Any], key: KeyPath) -> _Samples:
    """The rows of a table that was read to `got`, in which `inputs` are numbers, or patterns beside a file."""
    inputs, targets = got["inputs"], got["targets"]
    mistakes = len(reading.problems)
    if "file" in table:
        archive = _archive(reading, got["file"], (*key, "file"))
        inputs = _columns(reading, archive, inputs, key, "inputs" if "inputs" in table else "file")
        targets = _columns(reading, archive, targets, key, "targets" if "targets" in table else "file")
        if inputs is not None and inputs.ndim == 1:
            inputs = inputs.reshape(-1, 1)        # one number a sample is one column
    if inputs is not None and inputs.ndim < 2:
        reading.wrong((*key, "inputs"), f"inputs {ROWS}, as in [[0.05, 0.10]]")
    elif inputs is not None and len(inputs) > MOST_ROWS:
        reading.wrong((*key, "inputs"), f"inputs has {len(inputs):,} rows; at most {MOST_ROWS:,} can be held")
    elif targets is not None and targets.ndim == 0:
        reading.wrong((*key, "targets"), f"targets {ROWS}, as in [[0.01, 0.99]]")
    elif inputs is not None and targets is not None and len(inputs) != len(targets):
        reading.wrong((*key, "targets"), f"targets has {_rows(len(targets))} where inputs has {_rows(len(inputs))}: "
                      "each has one row per sample")
    complete = inputs is not None and (targets is not None or "targets" not in table)
    return _Samples(inputs, targets, complete and len(reading.problems) == mistakes)


def _archive(reading: ScenarioFile, file: str | None, key: KeyPath) -> Archive | None:
    return None if file is None else reading.value(lambda _, __: reading.archive(file), None, key, "")


def _columns(
    reading: ScenarioFile, archive: Archive | None, patterns: Sequence[str] | None, key: KeyPath, at: str
) -> Array | None:
    if archive is None or patterns is None:
        return None
    return reading.value(lambda _, __: read_columns(archive, patterns), None, (*key, at), "")


def _held(reading: ScenarioFile, table: Mapping[str, Any], of_data: Mapping[str, Any]) -> _Samples:
    """`[data.validation]`. A file alone has the columns that `of_data`, the keys of `[data]`, asks for."""
    rules: Mapping[str, Rule] = SAMPLES_IN_FILE if "file" in table else SAMPLES
    alone = bool(of_data) and "file" in table and "inputs" not in table and "targets" not in table
    if alone:
        rules = dict(rules) | {"inputs": replace(rules["inputs"], needed=False)}
    got = read_table(reading, table, rules, HELD_KEY, "[data.validation]")
    if alone:
        got |= {name: of_data[name] for name in ("inputs", "targets")}
    return _samples(reading, table, got, HELD_KEY)


def _alike(reading: ScenarioFile, held: _Samples, samples: _Samples) -> Held | None:
    """The held rows, if each is shaped like a row that is trained on."""
    inputs, targets = held.inputs, held.targets
    if not held.sound or inputs is None or samples.inputs is None:
        return None
    if targets is not None and samples.targets is None:
        reading.wrong((*HELD_KEY, "targets"), "targets is given here and missing in [data]")
        return None
    if targets is not None and samples.targets is not None and targets.ndim == 1 and samples.targets.shape[1:] == (1,):
        targets = targets.reshape(-1, 1)          # one column of a file, beside rows of one number
    for name, ours, theirs in (("inputs", inputs, samples.inputs), ("targets", targets, samples.targets)):
        if ours is not None and theirs is not None and ours.shape[1:] != theirs.shape[1:] and not (
                name == "inputs" and ours.size // len(ours) == theirs.size // len(theirs)):
            reading.wrong((*HELD_KEY, name), f"each row of {name} must have {_row(theirs)}, as in [data]; "
                                             f"here: {_row(ours)}")
            return None
    return Held(inputs, targets)


def _split(reading: ScenarioFile, data: Data, share: float) -> Data:
    """The data without its last rows, a `share` of all, which are held."""
    rows = len(data.inputs)
    held = max(1, round(rows * share))
    if held >= rows:
        reading.wrong(HELD_KEY, f"validation = {share} holds back {held} of {_rows(rows)}: none is left to train on")
        return data
    first = rows - held
    targets = data.targets
    return replace(
        data, inputs=data.inputs[:first], targets=None if targets is None else targets[:first],
        validation=Held(data.inputs[first:], None if targets is None else targets[first:]),
    )


def _row(array: Array) -> str:
    """What one row of an array is, in words."""
    sizes = array.shape[1:]
    return f"{' x '.join(map(str, sizes))} number{'s' * (sizes != (1,))}" if sizes else "a single number"


def _rows(number: int) -> str:
    return f"{number} row{'s' * (number != 1)}"
