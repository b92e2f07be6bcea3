"""Makes `scenarios/iris.csv` and `scenarios/digits.csv` from the copies that scikit-learn carries.

    python -m venv .venv-data && .venv-data/bin/pip install scikit-learn==1.9.1
    .venv-data/bin/python scripts/make_datasets.py [FOLDER]

For maintainers: bptui itself needs no scikit-learn, and the files lie in the repository. They are the same
byte for byte on every machine, because every number in them is a short decimal. `scenarios/DATA.md` says
where the data come from, and what is changed here:

- iris: the source has all flowers of one species, then all of the next. Here species 0, 1 and 2 take
  turns, each in the order of the source, so that the last rows hold as many of each as the first.
  Centimetres as they are.
- digits: the order of the source, and each of the 64 counts from 0 to 16 divided by 16. A sixteenth has at
  most four decimals, so nothing is rounded.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

SHIPPED = Path(__file__).resolve().parent.parent / "scenarios"
SPECIES = 3
DARKEST = 16


def iris(data: Any) -> Iterable[Sequence[str]]:
    yield "sepal_length", "sepal_width", "petal_length", "petal_width", "species"
    flowers = list(zip(data.data.tolist(), data.target.tolist(), strict=True))
    kinds = [[flower for flower in flowers if flower[1] == species] for species in range(SPECIES)]
    for turn in zip(*kinds, strict=True):
        for sizes, species in turn:
            yield [*(f"{size:.1f}" for size in sizes), str(species)]


def digits(data: Any) -> Iterable[Sequence[str]]:
    yield [*(f"p{at}" for at in range(64)), "digit"]
    for counts, digit in zip(data.data.tolist(), data.target.tolist(), strict=True):
        yield [*(f"{count / DARKEST:g}" for count in counts), str(digit)]


def write(file: Path, rows: Iterable[Sequence[str]]) -> None:
    file.write_bytes("".join(",".join(row) + "\n" for row in rows).encode("ascii"))


def main(folder: Path) -> None:
    from sklearn import datasets  # pyright: ignore[reportMissingImports]

    write(folder / "iris.csv", iris(datasets.load_iris()))
    write(folder / "digits.csv", digits(datasets.load_digits()))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED)
