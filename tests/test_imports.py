"""The house of the design, section 3: who may import whom, and what is never called anywhere.

Every file's syntax tree is walked; nothing of bptui is imported here but by the last tests, in a fresh
process. The rules are shown to find what they forbid in packages that are made up to break them.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "bptui"
ORDER = (
    "scenario",
    "engine",
    "replay",
    "explain",
    "export",
    "debugger",
    "tui",
    "streams",
    "showing",
    "cli",
)  # each imports only those before it
ONLY_IN = {"textual": "tui", "rich": "tui", "ast": "scenario", "tomllib": "scenario", "sympy": "explain"}
ONCE = "sympy"  # imported by one module only, and late
NEVER = {"eval", "exec", "compile", "sympify", "parse_expr", "lambdify", "__import__"}
ALLOWED = {("engine/unroll.py", "exec"), ("engine/unroll.py", "compile")}


def modules(package: Path) -> Iterator[tuple[str, ast.Module]]:
    """Every file by its path inside the package, as a syntax tree."""
    for path in sorted(package.rglob("*.py")):
        yield path.relative_to(package).as_posix(), parsed(path.read_text(encoding="utf-8"))


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


def imports(file: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, full module name) of everything imported, relative imports resolved; late imports too."""
    inside = ("bptui", *Path(file).parts[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield node.lineno, module
            for alias in node.names:  # `from . import engine` imports a package
                yield node.lineno, f"{module}.{alias.name}"


def room(name: str) -> str:
    """The package of bptui that a module belongs to: bptui.engine.laws is of the engine."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "bptui" else ""


def level(part: str) -> int | None:
    return ORDER.index(part) if part in ORDER else None


def import_faults(package: Path) -> list[str]:
    found: list[str] = []
    users: dict[str, set[str]] = {}
    for file, tree in modules(package):
        here = Path(file).parts[0].removesuffix(".py")
        for line, name in imports(file, tree):
            top = name.split(".")[0]
            mine, theirs = level(here), level(room(name))
            if mine is not None and theirs is not None and theirs > mine:
                found.append(f"{file}:{line}: {here} imports {room(name)}")
            if top in ONLY_IN and here != ONLY_IN[top]:
                found.append(f"{file}:{line}: {top} is imported outside {ONLY_IN[top]}")
            if top == ONCE:
                users.setdefault(top, set()).add(file)
    found += [f"{ONCE} is imported by {', '.join(sorted(files))}" for files in users.values() if len(files) > 1]
    return list(dict.fromkeys(found))


def call_faults(package: Path) -> list[str]:
    """Every mention of a function that runs text: called, passed on, or imported under another name."""
    found: list[str] = []
    for file, tree in modules(package):
        allowed = {name for where, name in ALLOWED if where == file}
        for node in ast.walk(tree):
            match node:
                case ast.Name(id=name) if name in NEVER:
                    pass
                case ast.Attribute(value=ast.Name(id="re"), attr="compile"):
                    continue
                case ast.Attribute(attr=name) if name in NEVER:
                    pass
                case ast.alias(name=name) if name in NEVER:
                    pass
                case _:
                    continue
            if name not in allowed:
                found.append(f"{file}: {name}")
    return found


def test_a_package_imports_only_those_before_it() -> None:
    assert import_faults(PACKAGE) == []


def test_nothing_runs_text_but_the_straight_line_executor_its_own() -> None:
    assert call_faults(PACKAGE) == []
    calls = [
        node
        for file, tree in modules(PACKAGE)
        if file == "engine/unroll.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NEVER
    ]
    assert sorted(c.func.id for c in calls if isinstance(c.func, ast.Name)) == ["compile", "exec"]


def test_every_package_is_known() -> None:
    """A new room needs a place in the house."""
    parts = {Path(file).parts[0].removesuffix(".py") for file, _ in modules(PACKAGE)}
    assert parts - {"__init__", "__main__"} <= set(ORDER)
    assert {"scenario", "engine", "replay"} <= parts


# The rules find what they forbid


@pytest.mark.parametrize(
    "file, text, fault",
    [
        ("engine/laws.py", "from ..replay import run", "engine/laws.py:1: engine imports replay"),
        ("engine/laws.py", "from .. import replay", "engine/laws.py:1: engine imports replay"),
        ("engine/laws.py", "import bptui.tui.app", "engine/laws.py:1: engine imports tui"),
        (
            "scenario/data.py",
            "def f():\n    from bptui.engine import laws",
            "scenario/data.py:2: scenario imports engine",
        ),
        ("replay/deep/er.py", "from ...explain.why import x", "replay/deep/er.py:1: replay imports explain"),
        ("export/markdown.py", "from ..cli import main", "export/markdown.py:1: export imports cli"),
        ("replay/run.py", "import sympy", "replay/run.py:1: sympy is imported outside explain"),
        ("export/svg.py", "from textual.app import App", "export/svg.py:1: textual is imported outside tui"),
        ("cli.py", "import textual", "cli.py:1: textual is imported outside tui"),
        ("engine/names.py", "import ast", "engine/names.py:1: ast is imported outside scenario"),
        (
            "replay/run.py",
            "if True:\n    import tomllib as t",
            "replay/run.py:2: tomllib is imported outside scenario",
        ),
    ],
)
def test_a_wrong_import_is_found(file: str, text: str, fault: str, tmp_path: Path) -> None:
    write(tmp_path, file, text)
    assert import_faults(tmp_path) == [fault]


def test_a_right_import_is_not_found(tmp_path: Path) -> None:
    write(tmp_path, "tui/app.py", "import textual\nfrom ..engine import laws\nfrom . import keys\nimport bptui")
    write(tmp_path, "explain/formulas.py", "def f():\n    import sympy\n    from sympy import Symbol")
    write(tmp_path, "scenario/expression.py", "import ast, tomllib\nfrom .errors import Problem")
    write(tmp_path, "cli.py", "from .tui.app import App")
    assert import_faults(tmp_path) == []


def test_a_second_module_with_sympy_is_found(tmp_path: Path) -> None:
    for name in ("formulas", "words"):
        write(tmp_path, f"explain/{name}.py", "import sympy")
    assert import_faults(tmp_path) == ["sympy is imported by explain/formulas.py, explain/words.py"]


@pytest.mark.parametrize(
    "text",
    [
        "eval('1')",
        "x = [exec]",
        "from sympy import sympify",
        "import sympy\nsympy.lambdify([], 0)",
        "sympy.parse_expr('x')",
        "from sympy.parsing.sympy_parser import parse_expr as p",
        "__import__('os')",
        "compile('1', '', 'eval')",
    ],
)
def test_running_text_is_found(text: str, tmp_path: Path) -> None:
    write(tmp_path, "explain/formulas.py", text)
    assert len(call_faults(tmp_path)) == 1
    write(tmp_path, "explain/formulas.py", "import re\nre.compile('x')\nnames = 'eval'")
    assert call_faults(tmp_path) == []


def test_exec_is_allowed_in_one_file_only(tmp_path: Path) -> None:
    write(tmp_path, "engine/unroll.py", "exec(compile('1', '', 'exec'), {})")
    assert call_faults(tmp_path) == []
    write(tmp_path, "engine/arrays.py", "exec('1')")
    write(tmp_path, "engine/unroll.py", "eval('1')")
    assert call_faults(tmp_path) == ["engine/arrays.py: exec", "engine/unroll.py: eval"]


def write(folder: Path, file: str, text: str) -> None:
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(text, encoding="utf-8")


# What is loaded


def loaded(statement: str) -> set[str]:
    """The top modules that a fresh Python has loaded after a statement."""
    script = f"{statement}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_a_run_loads_neither_sympy_nor_textual() -> None:
    assert {"bptui", "numpy"} <= loaded("import bptui.replay.run") and "sympy" in loaded("import sympy")
    statement = "from bptui.replay.run import open_run; open_run('scenarios/two_layer.toml').value('d(E, w5)', 3)"
    assert loaded(statement).isdisjoint({"sympy", "mpmath", "textual", "rich"})
