"""What holds in every file of the house: no statement that is never reached, one thing by one name.

What was there before a rule stands in a list, which may only get shorter. The rules are shown to find what they forbid.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PLACES = ("bptui", "scripts", "tests")
ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
NOUNS = {"listing", "meaning", "spelling", "training", "wording"}       # in -ing, and no gerunds
GERUNDS: set[str] = set()                           # modules that are still called by what is done in them
COMPLEX = 10                                        # functions with more than twelve branches
TWICE = {                                           # names of public classes that still mean two things
    "Found", "Names", "Page", "Settings", "Stretch",
}


def trees(root: Path) -> Iterator[tuple[str, ast.Module]]:
    for place in PLACES:
        for path in sorted((root / place).rglob("*.py")):
            yield path.relative_to(root).as_posix(), parsed(path.read_text("utf-8"))


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


def never_reached(root: Path) -> list[str]:
    """Each statement that stands behind one that leaves its block."""
    found: list[str] = []
    for file, tree in trees(root):
        for node in ast.walk(tree):
            for block in (getattr(node, name, None) for name in ("body", "orelse", "finalbody")):
                if isinstance(block, list):
                    found += [f"{file}:{after.lineno}" for before, after in pairwise(block)
                              if isinstance(before, ENDS)]
    return found


def gerunds(root: Path) -> set[str]:
    return {file for file, _ in trees(root) if file.startswith("bptui/")
            and (name := Path(file).stem).endswith("ing") and name not in NOUNS}


def twice(root: Path) -> set[str]:
    """The names of public classes that stand in more than one module."""
    homes: dict[str, set[str]] = defaultdict(set)
    for file, tree in trees(root):
        if file.startswith("bptui/"):
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    homes[node.name].add(file)
    return {name for name, files in homes.items() if len(files) > 1}


def test_no_statement_is_never_reached() -> None:
    assert never_reached(ROOT) == []


def test_no_module_is_called_by_a_gerund() -> None:
    assert gerunds(ROOT) == GERUNDS


def test_no_function_has_become_complex() -> None:
    """Ruff refuses them; those that were there before say so, and may only get fewer."""
    marks = [file for file, _ in trees(ROOT) for line in (ROOT / file).read_text("utf-8").splitlines()
             if line.endswith("# noqa: C901")]
    assert len(marks) <= COMPLEX, marks


def test_no_class_name_means_two_things() -> None:
    assert twice(ROOT) == TWICE


BROKEN = {
    never_reached: "def f(x):\n    match x:\n        case 1:\n            return x\n            return 2\n",
    gerunds: "x = 1\n",
    twice: "class Stop:\n    pass\n",
}


@pytest.mark.parametrize("rule", BROKEN, ids=lambda rule: rule.__name__)
def test_each_rule_finds_what_it_forbids(rule: object, tmp_path: Path) -> None:
    (tmp_path / "bptui").mkdir()
    for name in ("asking.py", "stops.py"):
        (tmp_path / "bptui" / name).write_text(BROKEN[rule], "utf-8")     # type: ignore[index]
    assert rule(tmp_path)                           # type: ignore[operator]
