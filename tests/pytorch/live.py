"""Compares bptui with PyTorch live, on fresh random cases. A program: pytest does not collect it.

    python tests/pytorch/live.py [--seed N] [--cases N] [--only NAME] [--any-version]

Every recipe once, then as many mixed cases as asked for, each with both executors; and the fixtures once more, so
that they are what PyTorch says. The seed is the clock's unless given, and is printed: the same seed makes the same
cases. Exit code 1 if anything disagrees, or if PyTorch is missing, or of another version than the fixtures unless any
is asked for.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

try:
    import torch_run
except ModuleNotFoundError as error:
    sys.exit(f"live: {error}; pip install -r tests/pytorch/requirements.txt")
import cases
import compare
import make_fixtures

from bptui.scenario.errors import ScenarioError
from bptui.scenario.reader import render

MOST_SHOWN = 5
MOST_NAMED = 40


def differences(toml: str, quantities: torch_run.Quantities, executor: str) -> list[str]:
    """What disagrees, or why bptui does not open the case."""
    try:
        return compare.disagreements(toml, quantities, executor)
    except ScenarioError as error:
        return render(error, "case.toml")


def fresh(name: str, seed: int, whole: bool) -> tuple[int, bool]:
    """Compare one case with both executors: the attempts that were unfit, and whether all agrees.

    What disagrees is printed, with the scenario if `whole`.
    """
    attempt, case, quantities = make_fixtures.first_fit(name, seed)
    agrees = True
    for executor in compare.EXECUTORS:
        found = differences(case.toml, quantities, executor)
        if found:
            print(f"\nDISAGREES: {name} ({executor}): {case.about}", *found[:MOST_SHOWN], sep="\n  ")
            if len(found) > MOST_SHOWN:
                print(f"  and {len(found) - MOST_SHOWN} more")
            agrees = False
    if not agrees:
        print(f'  again: python tests/pytorch/live.py --seed {seed} --only="{name}"')
        print(case.toml if whole else "", end="")
    return attempt, agrees


def stale() -> list[str]:
    """The fixtures that are not what PyTorch says."""
    kept = json.loads(make_fixtures.FILE.read_text(encoding="utf-8"))
    found: list[str] = []
    for case in kept["cases"]:
        theirs, ours = torch_run.expected(case["toml"]), case["quantities"]
        if theirs.keys() != ours.keys() or any(
                [a[:2] for a in theirs[what]] != [b[:2] for b in ours[what]]
                or not all(compare.agree(a[2], b[2]) for a, b in zip(theirs[what], ours[what], strict=True))
                for what in theirs):
            found.append(case["name"])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="bptui against PyTorch, on fresh random cases")
    parser.add_argument("--seed", type=int, default=None, help="of the cases; by default the clock's")
    parser.add_argument("--cases", type=int, default=250, help="how many, at least one of each recipe")
    parser.add_argument("--only", default=None, help="only the case of this name")
    parser.add_argument("--any-version", action="store_true", help="whatever PyTorch is installed")
    asked = parser.parse_args()
    if not asked.any_version and torch_run.installed() != torch_run.VERSION:
        print(f"live: this is torch {torch_run.installed()}, and {torch_run.VERSION} is compared with")
        return 1
    seed: int = time.time_ns() // 1000 if asked.seed is None else asked.seed
    print(f"torch {torch_run.installed()}, seed {seed}", flush=True)
    start, unfit, bad = time.monotonic(), 0, list[str]()
    chosen: list[str] = [asked.only] if asked.only else cases.names(asked.cases)
    for name in chosen:
        attempts, agrees = fresh(name, seed, len(bad) < MOST_SHOWN)
        unfit += attempts
        bad += [] if agrees else [name]
    old = [] if asked.only else stale()
    for name in old:
        print(f"STALE: the fixture {name!r} is not what PyTorch says; run tests/pytorch/make_fixtures.py")
    print(f"{len(chosen)} cases by {' and '.join(compare.EXECUTORS)} in {time.monotonic() - start:.0f} s; "
          f"{unfit} unfit ones were drawn again")
    if bad:
        more = f" and {len(bad) - MOST_NAMED} more" if len(bad) > MOST_NAMED else ""
        print(f"disagree: {'; '.join(bad[:MOST_NAMED])}{more}")
    print(f"{len(chosen) - len(bad)} passed, {len(bad) + len(old)} failed")
    return 1 if bad or old else 0


if __name__ == "__main__":
    sys.exit(main())
