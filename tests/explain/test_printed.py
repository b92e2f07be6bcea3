"""Printed formulas are the calculation: read back by the usual ranks, each gives the value that stands beside it."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from bptui.debugger.panes.register import lines
from bptui.debugger.scene import Scene
from bptui.debugger.state.session import Session
from bptui.engine.algebra import Applied, Cases, Formula, Shortened, Summed, leaves
from bptui.engine.executor import Env
from bptui.engine.program import SPARE, Var
from bptui.explain import notation
from bptui.explain.chain import Explainer, by_name
from bptui.explain.formula import simplified
from bptui.explain.links import Chain
from bptui.explain.listing import Writer, listing
from bptui.explain.namer import Namer
from bptui.explain.search import search
from bptui.explain.text import chain_lines, derivation
from bptui.replay.open import open_run, open_scenario
from bptui.replay.quantity import Place
from bptui.replay.run import Run
from bptui.replay.timeline import Position
from bptui.scenario.errors import ScenarioError
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.shipped import find, shipped
from tests.explain import readback as READBACK
from tests.support.runs import shared


def written(lines: list[str], start: dict[str, float]) -> Run:
    given = "\n".join(f"{name} = {value!r}" for name, value in start.items())
    return open_scenario(read_scenario_text(
        f"[equations]\nforward = {lines!r}\nloss = 'E'\n[parameters]\n{given}\n[training]\nupdates = 1\n", "here"))


def every_part(tree: Formula) -> Iterator[Formula]:
    yield tree
    inside = list(getattr(tree, "args", ()))
    match tree:
        case Cases(cases, last):
            inside = [part for case in cases for part in case] + [last]
        case Summed(body=body) | Shortened(begins=body):
            inside = [body]
    for part in inside:
        yield from every_part(part)


def agree(text: str, values: dict[str, float], value: float) -> None:
    """`text` comes to `value`, but for rounding; or both are no finite numbers.

    A law keeps a NaN that it only compares; the printed condition, like anybody's, is then false, or true for ≠.
    """
    found, largest, broken = READBACK.worth(text, values)
    if math.isfinite(value) and math.isfinite(found):
        assert abs(found - value) <= 1e-7 * abs(value) + 1e-11 * largest, (text, found, value)
    else:
        assert broken or largest > 1e150 or math.isfinite(value) == math.isfinite(found), (text, found, value)


def names_in(at: Explainer, tree: Formula) -> dict[str, float]:
    """What the names of a formula are worth. A name that would be two values is none: a sample stands behind it."""
    found: dict[str, float] = {}
    several: set[str] = set()
    for leaf in leaves(tree):
        cell: Any = leaf.of
        name, value = at.reader.name(cell), at.reader.value(cell)
        if cell[0].lanes:
            found[f"{name}({at.run.rows(at.update)[cell[1] // cell[0].lane_size] + 1})"] = value
        if found.setdefault(name, value) != value and value == value:
            several.add(name)
    return {name: value for name, value in found.items() if name not in several}


def check(at: Explainer, chain: Chain) -> int:
    """Every formula of a chain comes to the value of its row. How many there were."""
    steps = {row.name: row.value for row in chain.rows if row.kind == "term" and row.number and row.value is not None}
    read = 0
    if chain.expression is not None and not any(isinstance(part, Shortened) for part in every_part(chain.expression)):
        agree(chain.formula[1].text, names_in(at, chain.expression), at.reader.value(chain.target))
        read += 1
    for row in chain.rows:
        tree = row.expression
        if tree is None or row.value is None or any(isinstance(part, Shortened) for part in every_part(tree)):
            continue                                # words; a sum that says that it is only begun
        assert row.rule != row.name, f"{row.name} is printed as itself"
        values = {**steps, **names_in(at, tree)}
        names = row.rule if row.kind in ("factor", "head", "path") or row.number else row.name
        if row.kind in ("result", "running"):
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
            assert row.expression is None or " = ".join(t for t in dict.fromkeys((row.rule, row.lens)) if t) in shown
    return read


START = {"u": 1.3, "v": -0.7, "s": 0.6, "w": 2.1}


LINES = [
    "u / (2*v)", "1 / (u*v)**2", "(u*v)**3", "exp(-(u - v)**2 / (2*s**2))", "u / (v*s) * w", "u / (v*s)",
    "log(u*s)", "-(u*v) / (s*w)", "(u*v)**4", "((u*v)**2)**2", "u**2**2", "2**-2 * u", "-u**2", "(-u)**2", "u**-2",
    "(u/v)**2", "u / (v/s)", "u / v / s", "u - (v - s)", "u - v - s", "-(-u)", "u * -v", "u / -v", "sqrt(u*s)**3",
    "w**(u*s)", "u**(v/s)", "(u*s)**(v*w)", "(u - v)**0.5 / (s*w)**1.5", "exp(-u*u/2) / sqrt(2*pi)", "pi * u",
    "where(v, u/s, w)", "where(u > v, u/s, w*v)", "where(where(u > 0, 1, 0), u, v)", "where(u != 1.3, u, v*w)",
    "where(where(where(u > v, v, w), 1, 0) > 0, u*v, s)", "max(u*v, s)", "min(u, v) / max(v, s)", "max(u, v) ** 2",
    "abs(v) / (abs(v) + 1)", "relu(v)**2 + relu(u)", "(u > v) * s + (u < v)", "(u == u) / (v*s)", "stop(u*v) / (v*s)",
    "u/6 + 0.1*v", "0.123456789 * u", "softplus(u/v)", "log(u/s)**2 / log(u*s)", "where(u - 1.3, v, s*w)",
    "1 / (1 + exp(-(u*v)/(s*w)))", "w**2 * log(w**2 / s**2) / (2*s**2)",
]


@pytest.mark.parametrize("line", LINES)
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


@pytest.mark.slow
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


# networks

WORDS = ("moved", "greatest", "first greatest")     # what moves numbers, or chooses among those of an axis


def tensor(env: Env, var: Var, printed: str = "") -> Any:
    """A variable with its axes, as they are printed or else as they are; one sample is no axis."""
    index = printed.replace(",", "").replace("k′", next((c for c in var.letters if c >= SPARE), ""))
    letters = var.letters if var.jacobian or not printed else "s" * var.lanes + index
    array = env.array(var)
    if var.lanes and array.shape[0] == 1:
        array, letters = array[0], letters[1:]
    return READBACK.Tensor(array, letters)


def check_listing(run: Run) -> int:
    """Every line of the listing, read as tensors, comes to the values of its block. How many there were."""
    program, env = run.program(0), run.env(0)
    namer, times, read = Namer(run.scenario), run.times(0), 0
    writer = Writer(program, namer)
    for block, line in zip(times.blocks, listing(program, times, namer), strict=True):
        tree = line.expression
        if tree is None or any(isinstance(part, Applied) and part.sign in WORDS for part in every_part(tree)):
            continue
        values: dict[str, Any] = {}
        for leaf in leaves(tree):
            var: Any = program.variables.get(leaf.of, leaf.of)  # type: ignore[arg-type]  # written lines have names
            if isinstance(var, Var):
                known = values.setdefault(writer.spell(leaf).said, tensor(env, var, leaf.letters))
                assert np.array_equal(known.array, env.array(var).reshape(known.array.shape), equal_nan=True), line
        try:
            found = READBACK.tensor(line.right, values, program.extents)
        except AssertionError as wrong:
            raise AssertionError(f"{line.left} = {line.right}: {wrong}") from wrong
        out = tensor(env, block.out)
        assert set(found.letters) <= set(out.letters), f"{line.left} = {line.right}: {found.letters}"
        np.testing.assert_allclose(np.broadcast_to(found.along(out.letters), out.array.shape), out.array, rtol=1e-7,
                                   atol=1e-10, err_msg=f"{line.left} = {line.right}")
        read += 1
    return read


LARGE = ("wide_784", "digits_minibatches", "transfer_scratch")
NETWORKS = [name for name, _ in shipped() if name not in LARGE]


@pytest.mark.parametrize("name", NETWORKS)
def test_each_line_of_the_listing_is_the_calculation(name: str) -> None:
    assert check_listing(shared(name)) > 0


@pytest.mark.parametrize("name", NETWORKS)
@notation.written_as("all")
def test_each_formula_of_a_chain_is_the_calculation(name: str, share: Callable[[int], int]) -> None:
    at = Explainer(shared(name), 0, 0)
    chance = random.Random(f"chains of {name}")
    values = range(1, at.times.count + 1)
    assert sum(check(at, at.chain(value)) for value in chance.sample(values, min(len(values), share(400)))) > 0


@pytest.mark.slow
@pytest.mark.parametrize("line", [line for line in LINES])
def test_a_simplified_slope_is_the_slope(line: str) -> None:
    run = written([f"y = {line}", "E = y"], START)
    program, env = run.program(0), run.env(0)
    for x in program.parameters:
        text = simplified(program.forward[0], x)
        slope = run.value(f"d(E, {x.name})")
        if text is None:
            assert "==" in line or "!=" in line     # sympy knows nothing of a single point
            continue
        agree(text, {**START, "y": env.scalar((program.forward[0].out, 0))}, float(slope))
        assert not re.search(r"3\.14|\d{6}/\d{6}", text)


def test_constants_keep_their_names() -> None:
    run = written(["y = exp(-u*u/2) / sqrt(2*pi) + pi*v*v - erf(s)", "E = y + 2*pi*w"], START)
    at = Explainer(run, 0, 0)
    told = [line.right for line in listing(run.program(0), at.times, Namer(run.scenario))]
    for value in range(1, at.times.count + 1):
        for row in at.chain(value).rows:
            told += [row.name, row.rule, row.lens]
    told += [str(simplified(run.program(0).forward[0], x)) for x in run.program(0).parameters]
    assert sum("π" in text for text in told) > 15
    assert not [text for text in told if re.search(r"3\.14|pi|\d{6}/\d", text)]


WHERE = {
    "where(v, u/s, w)": "where(v ≠ 0: u / s; else w)",
    "where(u > v, u, w)": "where(u > v: u; else w)",
    "where(where(u > 0, 1, 0), u, v)": "where(u > 0: u; else v)",
    "where(where(where(u > v, v, w), 1, 0) > 0, u, s)": "where(where(u > v: v; else w) ≠ 0: u; else s)",
    "where(u != v, u, where(u > s, s, w))": "where(u ≠ v: u; u > s: s; else w)",
    "max(u*v, s)": "max(u × v, s)",
    "where(u < 1, exp(u), u)": "where(u < 1: exp(u); else u)",
    "min(u, v)": "min(u, v)",
    "relu(u)": "where(u ≤ 0: 0; else u)",
    "u > v": "where(u > v: 1; else 0)",
    "abs(u)": "abs(u)",
}


@pytest.mark.parametrize("line", WHERE)
def test_a_choice_is_printed_as_what_is_asked(line: str) -> None:
    """As a value's own formula, steps by their numbers, and the same inside another line's slope, written out."""
    run = written([f"y = u*({line}) + 0*u + 0*v + 0*s + 0*w", "E = y"], START)
    chain = Explainer(run, 0, 0).derivative(run.program(0).variables["u"], 0)
    assert chain is not None
    assert WHERE[line] in " ".join(row.rule for row in chain.rows)


def test_softmax_with_cross_entropy_over_a_batch_is_said_with_its_brackets() -> None:
    session = Session(open_run(str(find("softmax_iris"))))
    said = ""
    for value in range(1, session.times.count + 1):
        session.position = Position(0, value, session.times.stops(value))
        if "Softmax with cross-entropy" in (said := Scene(session).sentence):
            break
    found = re.search(r"this is (.+), with p = (.+) and t = (.+)\.$", said)
    assert found is not None
    n = float(session.run.value("n")) if "n" in session.run.program(0).variables else 20.0
    slope = Scene(session).explainer.reader.value(Scene(session).explainer.cell(session.position.value))
    p_minus_t = READBACK.worth(found[1], {"p": float(found[2]), "t": float(found[3]), "n": n})[0]
    assert p_minus_t == pytest.approx(slope, abs=1e-9)


def test_the_lists_without_a_screen_have_the_same_formulas() -> None:
    run = written(["y = u / (2*v)", "z = 1 / (u*v)**2", "E = y + z*where(s, pi, w)"], START)
    session = Session(run)
    session.position = Position(0, session.times.count, session.times.stops(session.times.count))
    shown = "\n".join(lines(Scene(session), "program", "", lambda _: True))
    for line in Scene(session).lines:
        assert f" {line.right}  " in shown
    for value in range(1, session.times.count + 1):
        session.position = Position(0, value, session.times.stops(value))
        chain = Scene(session).chain
        assert chain is not None
        shown = "\n".join(lines(Scene(session, whole=True), "chain", "", lambda _: True))
        for row in chain.rows:
            for text in (row.rule, row.lens):
                assert text in shown


# the factors of every number

TWO_USES = """[equations]
forward = ["h = w*x", "y = w*h", "E = (y-t)**2/2"]
loss = "E"
[parameters]
w = 0.5
[values]
x = [1.0, 2.0]
t = [1.0, 1.0]
[training]
updates = 1
"""


def test_each_use_of_a_weight_has_its_samples_wherever_it_is_printed() -> None:
    """By hand: y = w²x, so ∂E/∂w by y is (y - t) h / 2 a sample, and by h it is (y - t) w x / 2."""
    run = open_scenario(read_scenario_text(TWO_USES, "here"))
    shares = {"by y": (-0.1875, -0.25), "by h": (-0.1875, -0.25)}
    chain = Explainer(run, 0, 0, whole=True).derivative(run.program(0).variables["w"], 0)
    assert chain is not None
    rows = list(chain.rows)
    for name, samples in shares.items():
        at = next(n for n, row in enumerate(rows) if row.name == name)
        below = rows[at + 1:at + 3]
        assert [row.value for row in below] == pytest.approx(samples) and all(row.depth == 1 for row in below)
        assert [row.name[:8] for row in below] == ["sample 1", "sample 2"] and rows[at].rule == "a sum over 2 samples"
        assert all(row.lens in "\n".join(derivation(run, "d(E, w)", 0, 0)) for row in below)
    session = Session(run)
    session.follow(Place(run.program(0).variables["w"], 0))
    session.position = Position(0, session.times.count, session.times.stops(session.times.count))
    shown = lines(Scene(session, whole=True), "chain", "", lambda _: True)
    assert sum("sample 2" in line and "-0.250000000" in line for line in shown) == 2
    found = [hit.what for hit in search(run, session.marks, "-0.25", 0, 0) if hit is not None]
    assert [what for what in found if what.endswith("of sample 2 in ∂E/∂w by y")]
    assert [what for what in found if what.endswith("of sample 2 in ∂E/∂w by h")]


def test_on_the_screen_a_use_is_unfolded_to_its_samples() -> None:
    run = open_scenario(read_scenario_text(TWO_USES, "here"))
    var = run.program(0).variables["w"]
    folded = Explainer(run, 0, 0).derivative(var, 0)
    assert folded is not None
    share = next(row.cell for row in folded.rows if row.name == "by y")
    assert share is not None
    opened = Explainer(run, 0, 0, unfolded=frozenset([by_name(share)])).derivative(var, 0)
    assert opened is not None and len(opened.rows) == len(folded.rows) + 2


def test_a_slope_that_is_too_long_for_a_line_has_its_factors_below_it() -> None:
    line = "log(1 + exp(u*v/s)) / sqrt(1 + exp(-(u - w)**2 / (2*s**2))) * tanh(u*w/s) + sin(u)**3 / (1 + exp(-u*v))"
    run = written([f"y = {line}", "E = y*y/2"], {**START, "v": 0.7})
    chain = Explainer(run, 0, 0).derivative(run.program(0).variables["u"], 0)
    assert chain is not None and sum(row.depth > 0 for row in chain.rows) > 3
    assert check_run(run) > 20


def test_an_entry_of_a_jacobian_is_called_by_what_it_is_of() -> None:
    """d(p[k], z[j]) of attention's softmax, which runs along the last of three axes: in the same head, the same row."""
    run = shared("attention")
    namer, program = Namer(run.scenario), run.program(0)
    jacobian = next(eq.out for eq in program.equations if eq.out.jacobian and eq.out.of[1].name == "find.scores")
    y, x = jacobian.of
    chance = random.Random("entries")
    for _ in range(20):
        element = chance.randrange(jacobian.lane_size)
        row, column = re.findall(r"\[(.*?)\]", namer.of(jacobian, element))
        values = run.derivative(0, (y, row_number(row, y.lane_shape)), x).reshape(x.shape)[0]
        made = run.env(0).array(jacobian)[0].reshape(-1)[element]
        assert values[tuple(map(int, column.split(",")))] == pytest.approx(made)


def row_number(index: str, shape: tuple[int, ...]) -> int:
    return int(np.ravel_multi_index(tuple(map(int, index.split(","))), shape))
