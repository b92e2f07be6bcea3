"""What is written for display is never taken apart again: who wants to know what a row is asks its record.

Every file of explain, debugger and tui is walked. As far as a syntax tree tells, a text is written for display where it
is an attribute that rows, factors and lines keep their words in, or what a writer of formulas or names has just made.
The rule is shown to find what it forbids.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "bptui"
ROOMS = ("explain", "debugger", "tui")
KEPT = {"rule", "lens", "symbol", "sentence"}       # where records keep what is written
KEPT_BY = {"right", "left", "title", "name"}        # the same, of what is called a row, a link, a chain
OWNERS = {"row", "link", "chain", "factor", "line", "part", "r", "result", "last"}
WRITERS = {"named", "numbered", "names_text", "numbers_text", "of", "tensor", "unit", "title", "symbol", "name",
           "made_on_the_way", "derivative"}
NAMERS = {"namer", "reader", "at", "explainer"}     # whose methods of these names write
TAKES = {"partition", "rpartition", "split", "rsplit", "removeprefix", "removesuffix", "startswith", "endswith", "find",
         "index", "replace", "strip"}
PATTERNS = {"match", "fullmatch", "search", "sub", "findall", "finditer"}
ALLOWED = {                                         # what the engine calls things and steps; a law's own words
    "explain/troubles.py: STEP.sub('', self.namer.unit(var, element))",
    "explain/namer.py: x.symbol.removeprefix('net_')", "explain/namer.py: ' ' in var.symbol",
    "explain/namer.py: INDEXED.fullmatch(line.name)", "explain/slopes.py: 'where' in kink.rule",
}


def displayed(node: ast.AST) -> bool:
    """Whether an expression is text that was written for display."""
    match node:
        case ast.Attribute(attr=attr) if attr in KEPT:
            return True
        case ast.Attribute(value=ast.Name(id=owner), attr=attr) if attr in KEPT_BY and owner in OWNERS:
            return True
        case ast.Call(func=ast.Name(id="write"), args=[_, ast.Lambda()]):
            return True
        case ast.Call(func=ast.Attribute(value=owner, attr=attr)) if attr in WRITERS:
            end = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
            return end in NAMERS
        case ast.Call(func=ast.Name(id="str"), args=[inner]):
            return displayed(inner)
    return False


def looks(package: Path) -> Iterator[str]:
    """Each place where such a text is taken apart, or looked into."""
    for room in ROOMS:
        for path in sorted((package / room).rglob("*.py")):
            file = path.relative_to(package).as_posix()
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                match node:
                    case ast.Call(func=ast.Attribute(value=text, attr=take)) if take in TAKES and displayed(text):
                        pass
                    case ast.Call(func=ast.Attribute(attr=take), args=args) if take in PATTERNS and any(
                            map(displayed, args)):
                        pass
                    case ast.Compare(left=ast.Constant(value=str()), ops=[ast.In() | ast.NotIn()],
                                     comparators=[text]) if displayed(text):
                        pass
                    case ast.Compare(left=ast.Attribute(attr="PENDING"), ops=[ast.In() | ast.NotIn()],
                                     comparators=[text]) if displayed(text):
                        pass
                    case ast.Subscript(value=text) if displayed(text):
                        pass
                    case _:
                        continue
                found = f"{file}: {ast.unparse(node)}"
                if found not in ALLOWED:
                    yield found


def test_nothing_that_is_displayed_is_taken_apart() -> None:
    assert list(looks(PACKAGE)) == []


@pytest.mark.parametrize("text", [
    "var.symbol.split('/')[0].removeprefix('∂')",
    "x = ' ' in row.lens",
    "x = '·' not in found.row.lens",
    "x = notation.PENDING in row.lens",
    "chain.title.removeprefix('Chain of ')",
    "row.name.startswith('through')",
    "at.through, at.namer.of(var, 0).partition('[')",
    "self.reader.named(tree).split(' × ')",
    "str(namer.symbol(var, 0)).removesuffix('⁺')",
    "re.fullmatch('(.+)', row.rule)",
    "first = row.rule[0]",
    "write(tree, lambda leaf: leaf.of).split()",
])
def test_a_look_into_what_is_displayed_is_found(text: str, tmp_path: Path) -> None:
    for room in ROOMS:
        (tmp_path / room).mkdir()
    (tmp_path / "debugger" / "looking.py").write_text(text, encoding="utf-8")
    assert len(list(looks(tmp_path))) == 1
    (tmp_path / "debugger" / "looking.py").write_text("x = row.compound\ny = text.split()\n", encoding="utf-8")
    assert not list(looks(tmp_path))
