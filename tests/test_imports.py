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
    "show",
    "cli",
)  # each imports only those before it
FLOORS = {  # inside a room: each imports only from its own floor and those before it; who is not listed comes last
    "debugger": (
        ("panes.ids",),
        ("state.*", "job", "axis", "ahead"),
        ("scene", "event"),
        ("subject",),
        ("panes.pane", "panes.table", "panes.view", "panes.lines", "panes.curve", "panes.nodes"),
        ("panes.*",),
        ("panes.register",),
        ("panes.cursor",),
        ("commands.*",),
        ("side_by_side.*",),
        ("saved.*",),
        ("home.*",),
        ("commands.reload",),
        ("commands.register",),
        ("plain.*",),
    ),
    "tui": (("views.*",), ("views.register",), ("views.below",), ("layout",)),
}
APART = {("debugger", "panes.*")}  # nobody there imports another: a pane knows no pane
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


def users(package: Path) -> dict[str, set[str]]:
    """By its path, the modules of the package that each imports: for its types and late, too.

    Where a name is taken from a package, its `__init__` is imported; where a module is, that module.
    """
    files = {file for file, _ in modules(package)}
    found: dict[str, set[str]] = {}
    for file, tree in modules(package):
        names = list(imports(file, tree))
        taken = {name for line, name in names
                 if not any(at == line and other.startswith(f"{name}.") for at, other in names)}
        found[file] = {theirs for name in taken if (theirs := home(name, files))} - {file}
    return found


def home(name: str, files: set[str]) -> str | None:
    """The file of a module, or of the module that a name is taken from."""
    parts = name.split(".")[1:] if name.startswith("bptui.") else []
    for path in ("/".join(parts), "/".join(parts[:-1])):
        for file in (f"{path}.py", f"{path}/__init__.py"):
            if path and file in files:
                return file
    return None


def circles(package: Path) -> list[list[str]]:
    """The modules that import each other, directly or by way of others: each circle once, by its files."""
    asked, found = users(package), list[list[str]]()

    def reached(start: str) -> set[str]:
        seen, todo = set[str](), [start]
        while todo:
            fresh = asked[todo.pop()] - seen
            seen |= fresh
            todo += fresh
        return seen

    beyond = {file: reached(file) for file in asked}
    for file in sorted(asked):
        circle = sorted(other for other in beyond[file] if file in beyond[other])
        if circle and circle not in found:
            found.append(circle)
    return found


def floor(part: str, module: str) -> tuple[int, str]:
    """The floor of a module in its room, and the word by which it is listed there."""
    inside = f"{module.rpartition('.')[0]}.*"
    for word in (module, inside):
        for number, words in enumerate(FLOORS[part]):
            if word in words:
                return number, word
    return len(FLOORS[part]), ""


def inside(package: Path, name: str) -> str:
    """The module that an imported name is, or is in: bptui.debugger.panes.view.View is of panes.view."""
    parts = name.split(".")[1:]
    for end in range(len(parts), 1, -1):
        if package.joinpath(*parts[:end]).with_suffix(".py").exists():
            return ".".join(parts[1:end])
    return ""


def floor_faults(package: Path) -> list[str]:
    """Every import of a module on a floor above, or apart; for types, and late ones, too."""
    found: list[str] = []
    for file, tree in modules(package):
        part, mine = Path(file).parts[0], ".".join(Path(file).with_suffix("").parts[1:])
        if part not in FLOORS or not mine:
            continue
        here, word = floor(part, mine)
        for _, name in imports(file, tree):
            other = inside(package, name) if room(name) == part else ""
            there = floor(part, other)[0] if other else -1
            if there > here or (there == here and (part, word) in APART and other != mine):
                found.append(f"{file}: {mine} imports {other}")
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


def test_a_module_imports_only_from_its_floor_and_those_before_it() -> None:
    assert floor_faults(PACKAGE) == []


def test_every_module_that_a_floor_lists_is_there() -> None:
    for part, floors in FLOORS.items():
        for word in (word for words in floors for word in words):
            name = PACKAGE.joinpath(part, *word.removesuffix(".*").split("."))
            assert name.is_dir() if word.endswith("*") else name.with_suffix(".py").exists(), word


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


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert circles(PACKAGE) == []


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


@pytest.mark.parametrize(
    "file, text, other",
    [
        ("debugger/panes/values.py", "from . import batch", "panes.batch"),
        ("debugger/panes/values.py", "from .batch import table", "panes.batch"),
        ("debugger/panes/values.py", "def f():\n    from bptui.debugger.panes.batch import table", "panes.batch"),
        ("debugger/panes/values.py", "from .register import view", "panes.register"),
        ("debugger/panes/register.py", "from .cursor import show", "panes.cursor"),
        ("debugger/panes/pane.py", "from .batch import table", "panes.batch"),
        ("debugger/subject.py", "if TYPE_CHECKING:\n    from .panes.pane import Pane", "panes.pane"),
        ("debugger/scene.py", "from .subject import Subject", "subject"),
        ("debugger/state/session.py", "from ..scene import Scene", "scene"),
        ("debugger/state/stops.py", "from ..commands import order", "commands.order"),
        ("tui/views/batch.py", "from .register import PAINTERS", "views.register"),
        ("tui/views/register.py", "from ..layout import arrange", "layout"),
    ],
)
def test_a_module_of_a_higher_floor_is_found(file: str, text: str, other: str, tmp_path: Path) -> None:
    part, *rest = Path(file).with_suffix("").parts
    write(tmp_path, f"{part}/{other.replace('.', '/')}.py", "")
    write(tmp_path, file, text)
    assert floor_faults(tmp_path) == [f"{file}: {'.'.join(rest)} imports {other}"]


def test_what_a_floor_may_import_is_not_found(tmp_path: Path) -> None:
    for name in ("ids", "pane", "view", "batch", "register"):
        write(tmp_path, f"debugger/panes/{name}.py", "")
    for name in ("scene", "subject"):
        write(tmp_path, f"debugger/{name}.py", "from .panes.ids import PANES")
    write(tmp_path, "debugger/state/session.py", "from ..panes.ids import PANES")
    write(tmp_path, "debugger/panes/values.py", "from ..scene import Scene\nfrom ..subject import Subject\n"
          "from .pane import Pane\nfrom .view import view\nfrom ...explain import notation")
    write(tmp_path, "debugger/panes/register.py", "from . import batch, values\nfrom .pane import Pane")
    write(tmp_path, "debugger/commands/copy.py",
          "from ..panes.register import view\nfrom ..state.session import Session")
    assert floor_faults(tmp_path) == []


def test_a_right_import_is_not_found(tmp_path: Path) -> None:
    write(tmp_path, "tui/app.py", "import textual\nfrom ..engine import laws\nfrom . import keys\nimport bptui")
    write(tmp_path, "explain/formulas.py", "def f():\n    import sympy\n    from sympy import Symbol")
    write(tmp_path, "scenario/expression.py", "import ast, tomllib\nfrom .errors import Problem")
    write(tmp_path, "cli.py", "from .tui.app import App")
    assert import_faults(tmp_path) == []


@pytest.mark.parametrize(
    "back",
    [
        "from .run import Run",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .run import Run",
        "def f(run: 'Run') -> None: ...\nif 0:\n    from bptui.replay.run import Run",
        "def f():\n    from . import run",
        "import bptui.replay.run",
    ],
    ids=["plain", "by a type alone", "by a string", "late", "whole"],
)
def test_a_circle_is_found(back: str, tmp_path: Path) -> None:
    write(tmp_path, "replay/run.py", "from .scan import look\nclass Run: ...")
    write(tmp_path, "replay/scan.py", "from . import end")
    write(tmp_path, "replay/end.py", back)
    assert [", ".join(circle) for circle in circles(tmp_path)] == ["replay/end.py, replay/run.py, replay/scan.py"]


def test_a_circle_by_way_of_a_package_is_found(tmp_path: Path) -> None:
    write(tmp_path, "engine/layers/__init__.py", "from .dense import dense")
    write(tmp_path, "engine/layers/dense.py", "from . import KINDS")
    assert [", ".join(circle) for circle in circles(tmp_path)] == ["engine/layers/__init__.py, engine/layers/dense.py"]


def test_what_is_no_circle_is_not_found(tmp_path: Path) -> None:
    write(tmp_path, "engine/layers/__init__.py", "from .dense import dense\nfrom . import site")
    write(tmp_path, "engine/layers/dense.py", "from . import site\nfrom ..laws import x")
    write(tmp_path, "engine/layers/site.py", "from .. import laws")
    write(tmp_path, "engine/laws.py", "import numpy")
    write(tmp_path, "engine/__init__.py", "")
    assert circles(tmp_path) == []


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
    assert {"bptui", "numpy"} <= loaded("import bptui.replay.open") and "sympy" in loaded("import sympy")
    statement = "from bptui.replay.open import open_run; open_run('scenarios/two_layer.toml').value('d(E, w5)', 3)"
    assert loaded(statement).isdisjoint({"sympy", "mpmath", "textual", "rich"})
