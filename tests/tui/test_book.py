"""Formulas as a book sets them; what is set, read back from the page, is the formula."""

from __future__ import annotations

import importlib.util
import math
import random
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from bptui.engine.algebra import Applied, Constant, Formula, Leaf, Shortened, Summed, leaves, renamed
from bptui.explain.chain import Explainer
from bptui.explain.source import formula
from bptui.explain.symbol import Symbol, line, quotient, symbol_of
from bptui.replay.open import open_run
from bptui.scenario.expression import read_expression
from bptui.scenario.shipped import find
from bptui.tui.layout import screen
from bptui.tui.views import book


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / "explain" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


READBACK, PRINTED = loaded("readback"), loaded("test_printed")
SLOPE = quotient(Symbol("E"), Symbol("out_o1"))
W, X, Y = Symbol("W", "j,i"), Symbol("x", "i"), Symbol("y", "1")


def written(text: str, **symbols: Symbol) -> Formula:
    """A line of a scenario as a formula over symbols, some of them called otherwise."""
    return renamed(formula(read_expression(text)), lambda leaf: Leaf(symbols.get(str(leaf.of), Symbol(str(leaf.of)))))


def test_a_formula_of_the_page_is_read_from_a_line() -> None:
    assert line(written("W*x + b", W=W, x=X)) == "W[j,i] × x[i] + b"


SET = {
    "1 / (1 + exp(-net_h1))": (written("1 / (1 + exp(-net_h1))"), [
        "      1       ", "──────────────", "      -net_h1 ", " 1 + e        "]),
    "∂E/∂out_o1": (Leaf(SLOPE), ["   ∂E    ", "─────────", " ∂out_o1 "]),
    "(t1 - out_o1)² / 2": (written("(t1 - out_o1)**2 / 2"), [
        " (t1 - out_o1)² ", "────────────────", "       2        "]),
    "Σ_k E_o[k]": (Summed(("k",), Leaf(Symbol("E_o", "k"))), ["Σ E_o ", "k    k"]),
    "Σ_samples loss": (Summed(("samples",), Leaf(Symbol("loss"))), ["   Σ    loss", "samples     "]),
    "W[j,i] × x[i] + b": (written("W*x + b", W=W, x=X), ["W    × x  + b", " j,i    i    "]),
    "a / (b / (c + 1))": (written("a / (b / (c + 1))"), [
        "    a    ", "─────────", "    b    ", " ─────── ", "  c + 1  "]),
    "-(a - b) × 2": (written("-(a - b)*2"), ["-(a - b) × 2"]),
    "-a / b": (written("-(a / b)"), ["  a ", "-───", "  b "]),
    "max(0, net)": (Applied("max", (Constant(0.0), Leaf(Symbol("net")))), ["max(0, net)"]),
    "where(b ≠ 0: p / q; u < v: 3; else q²)": (written("where(b, p/q, where(u < v, 3, q**2))"), [
        "     ⎛        p                    ⎞", "where⎜b ≠ 0: ───; u < v: 3; else q²⎟",
        "     ⎝        q                    ⎠"]),
    "exp(-x)²": (written("exp(-x)**2"), ["⎛ -x⎞ ", "⎝e  ⎠²"]),
    "2 × π × x^0.5": (written("2*pi*x**0.5", pi=Symbol("π")), ["         0.5", "2 × π × x   "]),
    "(∂E/∂out_o1)²": (Applied("^", (Leaf(SLOPE), Constant(2.0))), [
        "⎛   ∂E    ⎞ ", "⎜─────────⎟²", "⎝ ∂out_o1 ⎠ "]),
    "x² × y[1]²": (written("x**2 * y**2", y=Y), ["x² × y ²", "      1 "]),
    "1 / 6": (Constant(1 / 6), [" 1 ", "───", " 6 "]),
    "w[1]⁺": (Leaf(Symbol("w", "1", new=True)), ["w⁺ ", "  1"]),
    "w[1].grad": (Leaf(Symbol("w", "1", behind=".grad")), ["w .grad", " 1     "]),
    "∂E/∂kernels.net[0,1]": (Leaf(quotient(Symbol("E"), Symbol("kernels.net", "0,1"))), [
        "       ∂E        ", "─────────────────", " ∂kernels.net    ", "             0,1 "]),
    "∂(step 2 of E)/∂w": (Leaf(quotient(Symbol("step 2 of E", holds=5), Symbol("w"))), [
        " ∂(step 2 of E) ", "────────────────", "       ∂w       "]),
    "log(a + b + … (12 terms))": (Applied("log", (Shortened(written("a + b/c"), 12),)), None),
}


@pytest.mark.parametrize("said", SET)
def test_a_formula_is_set(said: str) -> None:
    tree, rows = SET[said]
    if rows is not None:
        assert line(tree) == said and list(book.box(tree, True).rows) == rows


def test_without_indices_a_name_is_as_on_the_line() -> None:
    assert book.box(Leaf(W), False).rows == ("W[j,i]",)


# read back from the page

LEFT, RIGHT = "(⎛⎜⎝", ")⎞⎟⎠"


class Picture:
    """Rows of characters, read as a person reads them: along the row on which the formula stands."""

    def __init__(self, rows: list[str]) -> None:
        while rows and not rows[0].strip():
            rows = rows[1:]
        while rows and not rows[-1].strip():
            rows = rows[:-1]
        margin = min((len(row) - len(row.lstrip()) for row in rows if row.strip()), default=0)
        self.rows = rows = [row[margin:] for row in rows]
        self.width = len(rows[0]) if rows else 0
        self.base = self._base()

    def _base(self) -> int:
        """The row of what stands first: a bar, a name, or what is in the first brackets."""
        for x in range(self.width):
            found = [y for y, row in enumerate(self.rows) if row[x] != " " and row[x] not in "⎛⎜⎝"]
            if found:
                return found[0]
        return 0

    def part(self, left: int, right: int, top: int, bottom: int) -> str:
        return Picture([row[left:right] for row in self.rows[top:bottom]]).line()

    def line(self) -> str:
        if not self.rows:
            return ""
        said, x, base = "", 0, self.base
        here = self.rows[base]
        while x < self.width:
            c = here[x]
            if c == "─":
                end = x + len(here[x:]) - len(here[x:].lstrip("─"))
                over, under = self.part(x, end, 0, base), self.part(x, end, base + 1, len(self.rows))
                slope = all(re.fullmatch(r"∂[^ /]+", each) for each in (over, under))
                said += f"{over}/{under}" if slope else f"(({over}) / ({under}))"
                x = end
            elif c in "⎛⎜⎝":
                end, depth = x, 0
                while True:
                    depth += (here[end] in LEFT) - (here[end] in RIGHT)
                    if not depth:
                        break
                    end += 1
                inside = [row[x + 1:end] for row in self.rows if row[x] in "⎛⎜⎝"]
                said += f"({Picture(inside).line()})"
                x = end + 1
            elif c == " " and (beside := self._beside(x)) > x:
                above, below = self.part(x, beside, 0, base), self.part(x, beside, base + 1, len(self.rows))
                if below:
                    said = f"{said[:-1]}[{below}]⁺" if said.endswith("⁺") else f"{said}[{below}]"
                if above and said.endswith("e") and not re.search(r"\we$", said):
                    said = f"{said[:-1]}exp({above})"
                elif above:
                    said += f"^({above})"
                x = beside
            else:
                said, x = said + c, x + 1
        return said.rstrip()

    def _beside(self, x: int) -> int:
        """Where what stands above or below the line, beside what was read last, ends; x where nothing does."""
        end = x
        while end < self.width and self.rows[self.base][end] == " ":
            end += 1
        other = [at for at in range(x, end) for y, row in enumerate(self.rows) if y != self.base and row[at] != " "]
        return max(other) + 1 if other and min(other) == x else x


def read_back(tree: Formula, values: dict[str, float], indices: bool) -> float:
    return READBACK.worth(Picture(list(book.box(tree, indices).rows)).line(), values)[0]


def same(tree: Formula, values: dict[str, float]) -> bool:
    """Whether what is set comes to what stands on one line, which is held against the calculation elsewhere."""
    wanted, largest, broken = READBACK.worth(line(tree), values)
    if broken or not math.isfinite(wanted):
        return False
    for indices in (True, False):
        found = read_back(tree, values, indices)
        assert abs(found - wanted) <= 1e-9 * abs(wanted) + 1e-12 * largest, "\n".join(book.box(tree, indices).rows)
    return True


def test_a_formula_that_is_set_is_read_back_as_itself() -> None:
    """Random lines with indices, slopes and powers: the page, read by the ranks of operators, gives their values."""
    called = {"u": Symbol("u", "2"), "v": quotient(Symbol("E"), Symbol("v", "0,1")), "s": Symbol("s", new=True),
              "w": Symbol("w")}
    read = 0
    for n in range(1500):
        chance = random.Random(f"page {n}")
        tree = written(PRINTED.expression(chance, chance.randint(1, 4)), pi=Symbol("π"), **called)
        read += same(tree, {str(symbol): chance.uniform(0.3, 2) for symbol in called.values()} | {"π": math.pi})
    assert read > 800


@pytest.mark.parametrize("name", ["two_layer", "attention", "softmax_iris", "lstm_bit", "adam", "convolution"])
def test_what_stands_above_a_chain_is_read_back(name: str) -> None:
    """Each factor of each chain, on the page and on a line, says the same."""
    at, chance, read = Explainer(open_run(str(find(name))), 0, 0), random.Random(name), 0
    for value in chance.sample(range(1, at.times.count + 1), min(150, at.times.count)):
        for part in at.chain(value).formula:
            tree = part.expression
            if tree is None or "…" in part.text or "greatest" in part.text:
                continue
            assert part.text == line(tree)
            values = {str(symbol_of(leaf)): chance.uniform(0.3, 2) for leaf in leaves(tree)}
            read += same(tree, values)
    assert read > 20


def test_the_page_that_is_read_back_can_be_wrong() -> None:
    """A bar over the wrong operand is noticed."""
    values = {"a": 2.0, "b": 3.0, "c": 5.0}
    right, wrong = written("(a + b) / c"), written("a + b/c")
    assert read_back(right, values, True) == 1.0 != read_back(wrong, values, True)


def test_a_box_is_a_rectangle_whatever_the_formula() -> None:
    for n in range(500):
        chance = random.Random(f"box {n}")
        box = book.box(written(PRINTED.expression(chance, 4), u=W, v=SLOPE), chance.random() < 0.5)
        assert len({len(row) for row in box.rows}) == 1 and 0 <= box.base < box.height


def test_the_factor_in_work_is_underlined_in_the_whole_and_numbers_stand_below(tui: ModuleType) -> None:
    session = tui.open_session("two_layer", "#0:14")
    tui.follow(session, "w5")
    lines = screen(session, 120, 40)
    top = next(n for n, line in enumerate(lines) if "∂E           ∂E" in line.text)
    under = [(text, style) for text, style in lines[top + 2].segments if "underline" in style]
    assert [text.strip() for text, _ in under] == ["∂net_o1"]        # ∂out_o1 stands above it, on the bar
    numbers = lines[top + 3].text
    assert re.search(r"=  0\.741365070  ×  0\.186815602  × +·", numbers)
    for name, number in (("∂out_o1 ", "0.741365070"), ("∂net_o1 ", "0.186815602")):
        middle = lines[top + 2].text.index(name, 52) + len(name.strip()) / 2
        assert abs(numbers.index(number) + len(number) / 2 - middle) <= 1


def test_nothing_moves_until_the_chain_is_done(tui: ModuleType) -> None:
    """The rows of a chain stand where they stand from its first step on."""
    for size in ((80, 24), (120, 40), (200, 60)):
        where: set[int] = set()
        for at in ("#0:12", "#0:14", "#0:16"):
            session = tui.open_session("two_layer", at)
            tui.follow(session, "w5")
            texts = [line.text for line in screen(session, *size)]
            where.add(next(n for n, text in enumerate(texts) if " 1  ∂E/∂out_o1 " in text))
        assert len(where) == 1, size
