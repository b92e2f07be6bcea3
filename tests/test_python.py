"""bptui from Python: what its docstring and the README show is run, and its errors can be caught by their names."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import bptui
from bptui.scenario.shipped import find, shipped

ROOT = Path(__file__).resolve().parents[1]
VARIABLES = bptui.THREADS


def test_the_docstring_is_true() -> None:
    found = doctest.testmod(bptui, optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    assert found.attempted >= 5 and found.failed == 0


def test_the_line_of_the_readme_is_run() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (line,) = re.findall(r'`bptui\.open_run\("(\w+)"\)\.value\("([^`]+)"\)`', readme)
    assert bptui.open_run(line[0]).value(line[1]) == 0.08216704056423078      # the tutorial prints 0.082167041


@pytest.mark.parametrize("name", [name for name, _ in shipped()][::6])
def test_a_shipped_scenario_opens_by_its_name_and_any_by_its_path(name: str, tmp_path: Path,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for given in (name, f"{name}.toml", find(name), str(find(name))):
        run = bptui.open_run(given)
        assert isinstance(run, bptui.Run) and run.scenario.name == name
        assert repr(run).startswith(f"<Run of {name}: ") and repr(run).isprintable()


def test_its_errors_have_names() -> None:
    with pytest.raises(bptui.ScenarioError, match="there is no such file, did you mean 'two_layer'"):
        bptui.open_run("two_layers")
    with pytest.raises(bptui.QuantityError):
        bptui.open_run("two_layer").value("w5 +")


def test_it_says_that_it_is_typed_and_has_what_it_names() -> None:
    assert files("bptui").joinpath("py.typed").is_file()
    assert all(getattr(bptui, name) for name in bptui.__all__)
    with pytest.raises(AttributeError):
        _ = bptui.nothing


SCRIPT = """
import os, sys
{before}
before = dict(os.environ)
import bptui
assert "numpy" in sys.modules or not {loads}
print(bptui.open_run("two_layer").fingerprint.rpartition(", ")[2])
assert dict(os.environ) == before
"""


@pytest.mark.parametrize("before, loads, said", [
    ("", False, "BLAS threads 1"), ("import numpy", True, "BLAS threads as it has them")])
def test_numpy_has_one_thread_where_bptui_loads_it(before: str, loads: bool, said: str) -> None:
    """And what is loaded after it has as many as it likes: the environment is what it was."""
    environment = {**{k: v for k, v in os.environ.items() if k not in VARIABLES}, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(before=before, loads=loads)], capture_output=True,
                          text=True, env=environment)
    assert (done.stdout.strip(), done.stderr) == (said, "")
