"""Printed formulas are the calculation: read back by the usual ranks, each gives the value that stands beside it."""

from __future__ import annotations

import importlib.util
import math
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bptui.engine.algebra import Formula, Shortened, leaves
from bptui.explain import notation
from bptui.explain.chain import Explainer
from bptui.explain.rows import Chain
from bptui.explain.text import chain_lines
from bptui.replay.run import Run
from bptui.scenario.errors import ScenarioError
from bptui.scenario.reader import read_scenario_text


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


READBACK = loaded("readback")


def written(lines: list[str], start: dict[str, float]) -> Run:
    given = "\n".join(f"{name} = {value!r}" for name, value in start.items())
    return Run(read_scenario_text(
        f"[equations]\nforward = {lines!r}\nloss = 'E'\n[parameters]\n{given}\n[training]\nupdates = 1\n", "here"))


def parts(tree: Formula) -> Iterator[Formula]:
    yield tree
    for part in getattr(tree, "args", ()):
        yield from parts(part)


def agree(text: str, values: dict[str, float], value: float) -> None:
    """`text` comes to `value`, but for rounding; or both are no finite numbers.

    A law keeps a NaN that it only compares; the printed condition, like anybody's, is then false, or true for ≠.
    """
    found, largest, broken = READBACK.worth(text, values)
    if math.isfinite(value) and math.isfinite(found):
        assert abs(found - value) <= 1e-7 * abs(value) + 1e-11 * largest, (text, found, value)
    else:
        assert broken or largest > 1e150 or math.isfinite(value) == math.isfinite(found), (text, found, value)


def check(at: Explainer, chain: Chain) -> int:
    """Every formula of a chain comes to the value of its row. How many there were."""
    steps = {row.name: row.value for row in chain.rows if row.kind == "term" and row.number and row.value is not None}
    read = 0
    for row in chain.rows:
        tree = row.expression
        if tree is None or row.value is None or any(isinstance(part, Shortened) for part in parts(tree)):
            continue                                # words; a sum that says that it is only begun
        values = dict(steps)
        for leaf in leaves(tree):
            cell: Any = leaf.of
            name, value = at.reader.name(cell), at.reader.value(cell)
            assert values.setdefault(name, value) == value or value != value, f"{name} is two values in one formula"
            if cell[0].lanes:
                values[f"{name}({cell[1] // cell[0].lane_size + 1})"] = value
        names = row.rule if row.kind in ("factor", "head", "path") or row.number else row.name
        if row.kind == "result" and row.key[:1] != ("d",):
            names = chain.formula[1][0]
        elif row.kind in ("result", "running"):
            names = row.rule if row.rule and not row.rule.startswith("so far") else ""
        if names:
            agree(names, values, row.value)
            read += 1
        if row.lens:
            agree(row.lens, {}, row.value)
            read += 1
    return read


@notation.written_as("all")
def check_run(run: Run) -> int:
    """Every chain of an update, and that `show` prints each formula as it is."""
    at = Explainer(run, 0, 0)
    read = 0
    for value in range(1, at.times.count + 1):
        chain = at.chain(value)
        read += check(at, chain)
        shown = "\n".join(chain_lines(chain))
        for row in chain.rows:
            assert row.expression is None or " = ".join(t for t in (row.rule, row.lens) if t) in shown
    return read


START = {"u": 1.3, "v": -0.7, "s": 0.6, "w": 2.1}


@pytest.mark.parametrize("line", [
    "u / (2*v)", "1 / (u*v)**2", "(u*v)**3", "exp(-(u - v)**2 / (2*s**2))", "u / (v*s) * w", "u / (v*s)",
    "log(u*s)", "-(u*v) / (s*w)", "(u*v)**4", "((u*v)**2)**2", "u**2**2", "2**-2 * u", "-u**2", "(-u)**2", "u**-2",
    "(u/v)**2", "u / (v/s)", "u / v / s", "u - (v - s)", "u - v - s", "-(-u)", "u * -v", "u / -v", "sqrt(u*s)**3",
    "w**(u*s)", "u**(v/s)", "(u*s)**(v*w)", "(u - v)**0.5 / (s*w)**1.5", "exp(-u*u/2) / sqrt(2*pi)", "pi * u",
    "where(v, u/s, w)", "where(u > v, u/s, w*v)", "where(where(u > 0, 1, 0), u, v)", "where(u != 1.3, u, v*w)",
    "where(where(where(u > v, v, w), 1, 0) > 0, u*v, s)", "max(u*v, s)", "min(u, v) / max(v, s)", "max(u, v) ** 2",
    "abs(v) / (abs(v) + 1)", "relu(v)**2 + relu(u)", "(u > v) * s + (u < v)", "(u == u) / (v*s)", "stop(u*v) / (v*s)",
    "u/6 + 0.1*v", "0.123456789 * u", "softplus(u/v)", "log(u/s)**2 / log(u*s)", "where(u - 1.3, v, s*w)",
    "1 / (1 + exp(-(u*v)/(s*w)))", "w**2 * log(w**2 / s**2) / (2*s**2)",
])
def test_a_written_line_and_its_slopes_are_printed_as_they_are_worked_out(line: str) -> None:
    used = {name: value for name, value in START.items() if name in line.replace("sqrt", "").replace("where", "")}
    assert check_run(written([f"y = {line}", "E = y*y/2"], used)) > 5


FUNCTIONS = ("exp", "log", "sqrt", "tanh", "sigmoid", "relu", "softplus", "sin", "cos", "erf", "abs", "stop")


def expression(chance: random.Random, depth: int) -> str:
    """A random expression over u, v, s and w."""
    def below() -> str:
        return expression(chance, depth - 1)

    if depth == 0 or chance.random() < 0.1:
        return chance.choice(["u", "v", "s", "w", "u", "v", "s", "w", "2", "0.5", "pi", "3"])
    match chance.randrange(12):
        case 0 | 1:
            return f"({below()}) * ({below()})"
        case 2 | 3:
            return f"({below()}) / ({below()})"
        case 4:
            return f"({below()}) {chance.choice('+-')} ({below()})"
        case 5:
            return f"({below()})**{chance.choice(['2', '3', '4', '-1', '-2', '0.5', '1.5'])}"
        case 6:
            return f"(2 + sin({below()}))**({below()})"
        case 7:
            return f"-({below()})"
        case 8:
            return f"{chance.choice(['max', 'min'])}({below()}, {below()})"
        case 9:
            relation = chance.choice(["<", "<=", ">", ">=", "==", "!="])
            asked = chance.choice([below(), f"({below()}) {relation} ({below()})"])
            return f"where({asked}, {below()}, {below()})"
        case 10:
            return f"sqrt(abs({below()}))" if chance.random() < 0.5 else f"log(1 + abs({below()}))"
    return f"{chance.choice(FUNCTIONS)}({below()})"


def test_random_lines_are_printed_as_they_are_worked_out(share: Callable[[int], int]) -> None:
    whole, read = share(10_000), 0
    for n in range(whole):
        chance = random.Random(f"printed {n}")
        line = expression(chance, chance.randint(1, 4))
        start = {name: chance.choice([-1, 1]) * chance.uniform(0.3, 2) for name in "uvsw"}
        if len(line) > 480:
            continue
        try:
            run = written([f"y = {line}", "E = y*y/2 + 0*u + 0*v + 0*s + 0*w"], start)
        except ScenarioError:
            continue                                # too many parts
        try:
            read += check_run(run)
        except Exception as error:
            raise AssertionError(f"{n}: y = {line} with {start}") from error
    assert read > 20 * whole
