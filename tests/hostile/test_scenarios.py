"""Twenty thousand scenarios that went wrong: each opens or is refused by clear lines, quickly, and touches nothing.

They are mutated from the shipped ones and from `corpus/`, a part of them in a process; a tenth is tried here, all with
`FULL=1`. The limits have their own cases, just inside and far beyond. What is measured is the processor's time, which
other programs do not change.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PARTS, EACH = 10, 2000
MEGABYTES = 500
HERE = Path(__file__).parent
CORPUS = sorted(p.name for p in (HERE / "corpus").glob("*.toml"))


@pytest.mark.parametrize("part", range(PARTS))
def test_twenty_thousand_scenarios(part: int, folder: Path, share: Callable[[int], int]) -> None:
    """Each part in a process of its own, whose memory is that of the scenarios alone."""
    count = share(EACH)
    command = [sys.executable, "-W", "error", str(HERE / "part.py"), str(folder), str(part * EACH), str(count)]
    path = f"{HERE.parents[1]}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 0, done.stderr[-3000:]
    opened, refused, memory = map(int, done.stdout.split())
    assert opened > count / 20 and refused > count / 4, (opened, refused)  # else the mutations are not worth much
    assert memory < MEGABYTES, memory
    assert not (folder / "pwned").exists() and not Path("pwned").exists()


@pytest.mark.parametrize("name", CORPUS)
def test_the_corpus(name: str, folder: Path, opening: Any) -> None:
    path = folder / "m.toml"
    path.write_bytes((HERE / "corpus" / name).read_bytes())
    assert path.read_text("utf-8").startswith("# ")
    assert opening.open_scenario(path).seconds < opening.SECONDS


def test_what_the_corpus_tries_is_refused_by_name(folder: Path, opening: Any) -> None:
    def said(name: str) -> str:
        (folder / "m.toml").write_bytes((HERE / "corpus" / f"{name}.toml").read_bytes())
        return "\n".join(opening.open_scenario(folder / "m.toml").lines)

    lines = said("paths_that_lead_out")
    for file in ("away.npz", "/dev/zero", "../away.npz", "link.csv", "device.csv"):
        assert f"'{file}' must be a file in the scenario's own folder" in lines, lines
    assert "'../m' is not the name of a scenario" in lines
    lines = said("code_in_expressions")
    assert "'__import__' is not a name" in lines and "'__class__'" in lines and "lambda" in lines, lines
    lines = said("data_that_lie")
    assert "the array 'x' in 'shape.npz' cannot be read" in lines and "'pickled.npz' does not hold numbers" in lines, (
        lines
    )
    assert "'bomb.npz' holds" in lines and "the array 'x' in 'liar.npz' cannot be read" in lines, lines
