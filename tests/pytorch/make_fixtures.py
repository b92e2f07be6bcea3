"""Makes `fixtures.json`: a case of every recipe and what PyTorch makes of it, a case a line. Needs torch.

    python tests/pytorch/make_fixtures.py [FILE]

The same versions make the same bytes. Expected numbers are kept to 12 significant digits, a hundredth of what the
comparison allows, so that last bits, which differ between processors, do not show.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import cases
from torch_layers import Unfit
from torch_run import VERSION, Quantities, expected, installed

SEED = 21
DIGITS = 3                                          # decimals of the numbers in a scenario
CASES = len(cases.RECIPES) - len(cases.BY_CHANCE) + 10
MOST_ATTEMPTS = 200
HERE = Path(__file__).resolve().parent
FILE = HERE / "fixtures.json"


def first_fit(name: str, seed: int, **shape: Any) -> tuple[int, cases.Case, Quantities]:
    """The first attempt at a recipe that is fit: its number, the case, and what PyTorch makes of it."""
    for attempt in range(MOST_ATTEMPTS):
        case = cases.make(name, seed, attempt, **shape)
        with suppress(Unfit):
            return attempt, case, expected(case.toml)
    raise RuntimeError(f"{name}: none of {MOST_ATTEMPTS} attempts is fit")


def short(value: Any) -> Any:
    """Numbers with 12 significant digits, nested as they are."""
    if isinstance(value, dict):
        return {key: short(item) for key, item in value.items()}
    if isinstance(value, list):
        return [short(item) for item in value]
    return float(f"{value:.12g}") if isinstance(value, float) else value


def fixture(name: str) -> dict[str, Any]:
    attempt, case, quantities = first_fit(name, SEED, digits=DIGITS, small=True)
    return {"name": name, "attempt": attempt, "about": case.about, "toml": case.toml, "quantities": short(quantities)}


def text() -> str:
    lines = [json.dumps(fixture(name), separators=(",", ":")) for name in cases.names(CASES)]
    head = json.dumps({"torch": VERSION, "seed": SEED, "digits": DIGITS})[1:-1]
    return f'{{{head}, "cases": [\n' + ",\n".join(lines) + "\n]}\n"


if __name__ == "__main__":
    if installed() != VERSION:
        sys.exit(f"this is torch {installed()}, and the fixtures are of {VERSION}")
    (Path(sys.argv[1]) if len(sys.argv) > 1 else FILE).write_text(text(), encoding="utf-8")
