"""What grows without end is refused before it has grown, and says where the limit is; what is just inside it opens."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from bptui.debugger.home.open import Broken, open_file
from bptui.replay.quantity import evaluate_text
from bptui.scenario.errors import ExpressionError, QuantityError
from bptui.scenario.expression import read_quantity
from tests.hostile import grown as GROWN

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", GROWN.SCENARIOS)
def test_what_is_too_much_is_refused(name: str, tmp_path: Path, opening: Any) -> None:
    text, said = GROWN.SCENARIOS[name]
    path = tmp_path / "m.toml"
    path.write_text(text(), "utf-8")
    found = opening.open_scenario(path)
    assert any(said in line for line in found.lines), found.lines[:3]
    assert found.seconds < opening.SECONDS, found.seconds


@pytest.mark.parametrize("name", GROWN.OPENED)
def test_what_is_just_inside_the_limits_opens(name: str, tmp_path: Path, opening: Any) -> None:
    path = tmp_path / "m.toml"
    path.write_text(GROWN.OPENED[name](), "utf-8")
    found = opening.open_scenario(path)
    assert not found.lines, found.lines[:3]
    assert found.seconds < opening.SECONDS, found.seconds


@pytest.mark.parametrize("name", GROWN.DATA)
def test_a_data_file_that_is_none(name: str, folder: Path, opening: Any) -> None:
    content, said = GROWN.DATA[name]
    (folder / name).write_bytes(content())
    path = folder / "m.toml"
    inputs = '"*"' if name in ("overlapping.npz", "many.npz", "values.csv", "rows.csv") else '"x*"'
    path.write_text(GROWN.network(1, GROWN.dense(1), data=f'"x"\nfile = "{name}"').replace(
        'inputs = "x"', f"inputs = {inputs}"), "utf-8")
    found = opening.open_scenario(path)
    assert any(said in line for line in found.lines), found.lines[:3]
    assert found.seconds < opening.SECONDS, found.seconds
    assert not (folder / "pwned").exists() and not Path("pwned").exists()


def test_what_a_run_cannot_hold_has_its_place_in_the_file(tmp_path: Path) -> None:
    """A program is measured long after the file was read; its line is known all the same."""
    path = tmp_path / "m.toml"
    path.write_text(GROWN.SCENARIOS["a sum over the samples"][0](), "utf-8")
    with pytest.raises(Broken) as broken:
        open_file(path, "m.toml")
    [line] = broken.value.lines
    assert line.startswith("m.toml:12: an update of 40 rows has a sum of 262,440 terms"), line


def test_many_names_with_stars_for_many_columns(folder: Path, opening: Any) -> None:
    names = [f"c{n}" for n in range(50_000)]
    (folder / "wide.csv").write_text(f"{','.join(names)}\n{','.join('0' * len(names))}\n")
    path = folder / "m.toml"
    columns = ", ".join(f'"c{n}*"' for n in range(21))
    path.write_text(GROWN.network(1, GROWN.dense(1), data='"x"\nfile = "wide.csv"').replace(
        'inputs = "x"', f"inputs = [{columns}]"), "utf-8")
    found = opening.open_scenario(path)
    assert any("for each name with * are 1,050,000; at most 1,000,000 can be looked" in line for line in found.lines)
    assert found.seconds < opening.SECONDS, found.seconds


@pytest.mark.parametrize("text", ["hidden.weights + hidden.bias", "sum(hidden.weights * hidden.bias)",
                                  "max(hidden.weights, hidden.bias)", "where(hidden.weights > 0, 1, hidden.bias)"])
def test_tensors_that_are_spread_out(text: str, tmp_path: Path) -> None:
    """Each is small; each number of one with each of the other is not."""
    path = tmp_path / "m.toml"
    layer = '"dense"\nname = "{}"\nunits = {}'
    path.write_text(GROWN.network(1, layer.format("hidden", 5000), layer.format("out", 1)), "utf-8")
    run = open_file(path, "m.toml")
    assert evaluate_text(run, "hidden.weights + 1", 0).shape == (5000, 1)  # type: ignore[union-attr]
    with pytest.raises(QuantityError, match="spread out to 25,000,000 numbers; at most 1,000,000 can be held"):
        evaluate_text(run, text, 0)


def test_keys_below_keys_take_no_memory(tmp_path: Path, opening: Any) -> None:
    """A path of thirty thousand parts, of which the first say where it is."""
    key = ".".join(["a"] * 99)
    path = tmp_path / "m.toml"
    path.write_text(f"{key} = {{" * 310 + "x = 1" + "}" * 310, "utf-8")
    found = opening.open_scenario(path)             # counting its memory would double its time
    tracemalloc.start()
    opening.open_scenario(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.lines and found.seconds < opening.SECONDS and most < 100 * 2**20, (found, most)


def test_changed_of_changed_has_an_end() -> None:
    """Each looks at two updates: thirty would look at a thousand million."""
    with pytest.raises(ExpressionError, match=r"changed\(\) inside changed\(\) can be at most 3 deep"):
        read_quantity("changed(w5 + changed(changed(w6 + changed(w7))))")
    assert read_quantity("changed(changed(changed(w5)) + changed(w6))")
