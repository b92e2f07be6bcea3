"""The shipped tables hold what their sources say: Fisher's printed means, and UCI's counts of digits."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bptui.scenario.reader import read_scenario_text
from bptui.scenario.records import Data
from scripts import make_datasets

ROOT = Path(__file__).parents[2]
SCENARIO = """\
[network]
inputs = 1
layers = [{ kind = "dense", units = 1 }]
[loss]
kind = "sum"
[data]
file = FILE
inputs = INPUTS
targets = TARGETS
validation = 0.2
"""


def table(file: str, inputs: str, targets: str) -> Data:
    text = SCENARIO.replace("FILE", f'"{file}"').replace("INPUTS", inputs).replace("TARGETS", targets)
    data = read_scenario_text(text, "s", ROOT / "scenarios" / "s.toml").data
    assert data and data.targets is not None and data.validation and data.validation.targets is not None
    return data


def both(data: Data) -> tuple[Any, Any]:
    """All rows, those held back too."""
    held = data.validation
    assert held
    return np.vstack([data.inputs, held.inputs]), np.hstack([data.targets, held.targets])  # type: ignore[list-item]


def test_iris() -> None:
    data = table("iris.csv", '["sepal_*", "petal_*"]', '"species"')
    flowers, species = both(data)
    assert flowers.shape == (150, 4) and species.tolist() == [0, 1, 2] * 50
    # Fisher 1936, table I: the means of the three species; sepal length and width, petal length and width.
    means = [flowers[species == kind].mean(axis=0).round(3).tolist() for kind in range(3)]
    assert means == [[5.006, 3.428, 1.462, 0.246], [5.936, 2.770, 4.260, 1.326], [6.588, 2.974, 5.552, 2.026]]
    assert flowers[34 * 3].tolist() == [4.9, 3.1, 1.5, 0.2]  # where UCI's file has mistakes
    assert flowers[37 * 3].tolist() == [4.9, 3.6, 1.4, 0.1]
    assert data.validation and data.validation.targets is not None
    assert data.validation.targets.tolist() == [0, 1, 2] * 10


def test_digits() -> None:
    data = table("digits.csv", '["p*"]', '["digit"]')
    pictures, digits = both(data)
    assert pictures.shape == (1797, 64)
    assert np.array_equal(pictures * 16, (pictures * 16).round()) and pictures.min() == 0 and pictures.max() == 1
    # optdigits.names: how often each digit is in the test set.
    assert np.bincount(digits.astype(int)).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    # optdigits.tes begins 0,0,5,13,9,1,0,0,0,0,13,15,10,15,5,0 and is a 0.
    assert digits[0] == 0
    assert (pictures[0].reshape(8, 8)[:2] * 16).tolist() == [[0, 0, 5, 13, 9, 1, 0, 0], [0, 0, 13, 15, 10, 15, 5, 0]]
    assert data.validation and data.validation.targets is not None
    assert min(np.bincount(data.validation.targets.astype(int))) >= 30 and len(data.validation.targets) == 359


def test_the_script_writes_them(tmp_path: Path) -> None:
    """Given the sources as scikit-learn has them, which is not installed here, it makes the same bytes."""
    flowers, species = both(table("iris.csv", '["sepal_*", "petal_*"]', '"species"'))
    by_species = np.argsort(species, kind="stable")
    source = SimpleNamespace(data=flowers[by_species], target=species[by_species].astype(int))
    make_datasets.write(tmp_path / "iris.csv", make_datasets.iris(source))
    pictures, digits = both(table("digits.csv", '["p*"]', '["digit"]'))
    source = SimpleNamespace(data=pictures * 16, target=digits.astype(int))
    make_datasets.write(tmp_path / "digits.csv", make_datasets.digits(source))
    for name in ("iris.csv", "digits.csv"):
        assert (tmp_path / name).read_bytes() == (ROOT / "scenarios" / name).read_bytes()


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios").glob("*.[cn][sp][vz]")), ids=lambda path: path.name)
def test_every_data_file_has_its_source_written_down(path: Path) -> None:
    assert f"`{path.name}`" in (ROOT / "scenarios" / "DATA.md").read_text("utf-8")
