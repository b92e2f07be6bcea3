"""What grows without end is refused before it has grown, and says where the limit is; what is just inside it opens."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from bptui.debugger.opening import Broken, open_file

SPEC = importlib.util.spec_from_file_location("hostile_grown", Path(__file__).with_name("grown.py"))
assert SPEC and SPEC.loader
GROWN: Any = sys.modules.get("hostile_grown") or importlib.util.module_from_spec(SPEC)
if "hostile_grown" not in sys.modules:              # its tables name the cases
    sys.modules["hostile_grown"] = GROWN
    SPEC.loader.exec_module(GROWN)


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
    assert line.startswith("m.toml:11: an update has a sum of 40,000 terms"), line
