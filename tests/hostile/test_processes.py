"""Mutated scenarios as programs, five hundred with FULL=1: exit code, streams, the processor's time and memory of each.

What may rightly take longer, because a file asks for a thousand million updates, is ended by an interrupt, at once.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real

HERE = Path(__file__).parent
PARTS, EACH = 10, 50
SECONDS, MEGABYTES = 2.0, 500
RESUMES = re.compile(r"^bptui --plain m\.toml --at '#[0-9:.]+'\n$")  # what --plain says at its end
COMMANDS: tuple[tuple[tuple[str, ...], str], ...] = (  # and what is typed
    (("show", "m.toml", "E"), ""),
    (("show", "m.toml", "E", "loss", "--json"), ""),
    (("--plain", "m.toml"), "s\nn\nc\nN\n"),
    (("--plain", "m.toml", "--at", "#1:1"), "N\nw E\n"),
    (("--screenshot", "m.svg", "--keys", "s n N", "m.toml"), ""),
    (("check", "m.toml"), ""),
)
WEIGHTS = (5, 2, 3, 2, 1, 1)


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    errors: str
    seconds: float  # of the processor
    megabytes: float
    interrupted: bool


def run(folder: Path, arguments: Sequence[str], typed: str = "", patience: float = SECONDS) -> Ended:
    """Run bptui; after `patience` seconds of the processor's time it is interrupted."""
    home = {"HOME": str(folder / "home"), "PYTHONPATH": str(HERE.parents[1]), "PYTHONWARNINGS": "error"}
    out, errors = folder / "out", folder / "errors"
    bptui = (sys.executable, "-m", "bptui", *arguments)
    command = (sys.executable, "-IS", str(HERE / "program.py"), str(patience), str(out), str(errors), *bptui)
    done = subprocess.run(command, cwd=folder, env={**os.environ, **home}, input=typed, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    code, seconds, megabytes, interrupts = done.stdout.split()
    return Ended(int(code), out.read_text("utf-8"), errors.read_text("utf-8"), float(seconds), float(megabytes),
                 interrupts != "0")


def clear(errors: str) -> bool:
    """Lines that a person can read, each with what it is about."""
    return (
        all(
            re.match(r"(m\.toml(:\d+)?|bptui[^:]*): \S", line) and line.isprintable() and len(line) < 1200
            for line in errors.splitlines()
        )
        and "Traceback" not in errors
    )


@pytest.mark.parametrize("part", range(PARTS))
def test_five_hundred_as_programs(
    part: int, folder: Path, good: Sequence[str], hostile: Sequence[str], mutate: Any, share: Callable[[int], int]
) -> None:
    codes: list[int] = []
    first, each = 10**6 + part * EACH, share(EACH)
    for seed in range(first, first + each):
        (folder / "m.toml").write_bytes(mutate.mutant(seed, good, hostile))
        [(arguments, typed)] = random.Random(seed).choices(COMMANDS, WEIGHTS)
        ended = run(folder, arguments, typed)
        codes.append(ended.code)
        about = (seed, arguments, ended)
        assert ended.code in ((130,) if ended.interrupted else (0, 1, 2) if arguments[0] == "check" else (0, 2)), about
        assert ended.megabytes < MEGABYTES, about
        if ended.interrupted:  # a check may run to every claim; nothing else runs that far
            assert arguments[0] == "check", about
            assert ended.seconds < SECONDS + 1, about
        elif ended.code == 2:
            assert ended.errors and clear(ended.errors), about
        else:
            assert not RESUMES.sub("", ended.errors), about
    assert each < EACH or (codes.count(2) > EACH / 5 and codes.count(0) > EACH / 20), codes
    assert not (folder / "pwned").exists()


LONG = '[equations]\nforward = ["E = (W - 1)**2"]\nloss = "E"\n[parameters]\nW = 2\n[training]\nupdates = 1000000000\n'
CLAIM = LONG + '[[claims]]\nwhat = "W"\nafter = 1000000000\nvalue = "1"\n'
NETWORK = (
    '[network]\ninputs = 1\n[[network.layers]]\nkind = "dense"\nunits = 900\n[[network.layers]]\nkind = "dense"\n'
    'units = 900\n[loss]\nkind = "sum"\n[data]\ninputs = [[1]]\n[training]\nupdates = 1000000000\n'
)
FOR_EVER: dict[str, tuple[str, tuple[str, ...], str]] = {
    "show": (LONG, ("show", "m.toml", "W", "--at", "1000000000"), ""),
    "show of a pin": (LONG, ("show", "m.toml", "W@1000000000"), ""),
    "show of a large network": (NETWORK, ("show", "m.toml", "E", "--at", "1000000000"), ""),
    "show of an end that never comes": (LONG + 'until = "E < 0"\n', ("show", "m.toml", "W", "--at", "1000000000"), ""),
    "plain": (LONG, ("--plain", "m.toml", "--at", "#1000000000:1"), "s\n"),
    "plain, a verb": (LONG, ("--plain", "m.toml"), "g #1000000000:2\ns\n"),
    "check": (CLAIM, ("check", "m.toml"), ""),
    "screenshot": (LONG, ("--screenshot", "m.svg", "--at", "#1000000000:2", "m.toml"), ""),
}


@pytest.mark.parametrize("name", FOR_EVER)
def test_what_takes_for_ever_can_be_interrupted(name: str, tmp_path: Path) -> None:
    text, arguments, typed = FOR_EVER[name]
    (tmp_path / "m.toml").write_text(text)
    ended = run(tmp_path, arguments, typed, 3.0)
    assert ended.interrupted, ended
    if name == "plain, a verb":                     # the verb ends where it began, and the next one is done
        assert ended.code == 0 and "Search stopped" in ended.out and ended.errors.endswith("'#0:1.1'\n"), ended
    else:
        assert ended.code == 130 and clear(ended.errors), ended
    assert ended.seconds < 4.5, ended
    assert ended.megabytes < MEGABYTES, ended
