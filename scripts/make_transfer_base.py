"""Makes `scenarios/transfer_base.npz`: a layer that has learnt one task, and a few pictures for another.

    python scripts/make_transfer_base.py [FILE]

`weights` (24 x 64) and `bias` (24) are the first layer of a net, 64-24-10, that was trained here to read digits in
negative: every pixel of `scenarios/digits.csv` is taken as 1 less what it is, from row 501 on. `inputs` and `targets`
are the first two pictures of each digit as they are, `held_inputs` and `held_targets` the next twenty of each. They
all stand among the first 500 rows, so the layer has never seen them.

The initial weights come from `random.Random(SEED).random()`, and the trained ones are rounded to three decimals, far
above what machines differ by, so the file is the same on all of them. The archive is stored, not compressed, with a
fixed date, as in `make_wide_784.py`.
"""

from __future__ import annotations

import csv
import io
import sys
import zipfile
from pathlib import Path
from random import Random

import numpy as np

SEED = 5
HIDDEN = 24
UPDATES = 600
RATE = 0.5
FIRST = 500                                          # rows that the base does not see
FEW, HELD = 2, 20                                    # pictures of each digit
DATE = (1980, 1, 1, 0, 0, 0)                         # the earliest that a ZIP archive can say
SCENARIOS = Path(__file__).resolve().parent.parent / "scenarios"


def pictures() -> tuple[np.ndarray, np.ndarray]:
    with (SCENARIOS / "digits.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    table = np.array(rows, float)
    return table[:, :64], table[:, 64].astype(int)


def first_layer(inputs: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradient descent on all pictures at once: tanh, then softmax with cross-entropy."""
    random, outputs = Random(SEED), int(classes.max()) + 1

    def drawn(units: int, fed: int) -> np.ndarray:
        limit = (6 / (units + fed)) ** 0.5
        return np.array([[limit * (2 * random.random() - 1) for _ in range(fed)] for _ in range(units)])

    w, b = drawn(HIDDEN, inputs.shape[1]), np.zeros(HIDDEN)
    v, c = drawn(outputs, HIDDEN), np.zeros(outputs)
    targets = np.eye(outputs)[classes]
    for _ in range(UPDATES):
        hidden = np.tanh(inputs @ w.T + b)
        scores = np.exp(hidden @ v.T + c)
        delta = (scores / scores.sum(axis=1, keepdims=True) - targets) / len(inputs)
        below = delta @ v * (1 - hidden * hidden)
        v, c = v - RATE * delta.T @ hidden, c - RATE * delta.sum(axis=0)
        w, b = w - RATE * below.T @ inputs, b - RATE * below.sum(axis=0)
    return np.round(w, 3) + 0.0, np.round(b, 3) + 0.0


def write(file: Path) -> None:
    inputs, digits = pictures()
    weights, bias = first_layer(1 - inputs[FIRST:], digits[FIRST:])
    places = [np.flatnonzero(digits[:FIRST] == digit) for digit in range(10)]
    few = np.sort(np.concatenate([rows[:FEW] for rows in places]))
    held = np.sort(np.concatenate([rows[FEW:FEW + HELD] for rows in places]))
    arrays = {
        "weights": weights, "bias": bias,
        "inputs": inputs[few], "targets": digits[few],
        "held_inputs": inputs[held], "held_targets": digits[held],
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            data = io.BytesIO()
            np.lib.format.write_array(data, np.ascontiguousarray(array.astype("<f8")), (1, 0))
            entry = zipfile.ZipInfo(f"{name}.npy", DATE)
            entry.create_system = 3                  # else it tells which system it was made on
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data.getvalue())


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else SCENARIOS / "transfer_base.npz")
