"""The straight-line executor: the same run as with arrays, from text that no user can reach into.

When a statement raises (an overflow, a division by 0) the run goes on with inf and NaN: no exception leaves
an update, the bits before are those of the fast path, and no number is ever complex.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from bptui.engine import unroll
from bptui.engine.dialects import FLOATS
from bptui.engine.executor import Wanted
from bptui.engine.unroll import MOST_STATEMENTS, count_statements
from bptui.replay.open import open_run
from bptui.replay.run import Run
from bptui.scenario.shipped import shipped

Open = Callable[..., Run]
LARGE = ("wide_784", "digits_minibatches", "transfer_learning", "transfer_scratch", "attention", "convolution")
SMALL = [(name, path) for name, path in shipped() if name not in LARGE]
WORDS = {
    "def",
    "run",
    "trace",
    "query",
    "state",
    "feeds",
    "feed",
    "see",
    "for",
    "in",
    "return",
    "if",
    "else",
    "pass",
    "div",
    *vars(FLOATS),
}
SCALAR = re.compile(r"[twxq]\d+")
TOKEN = re.compile(r"[^\W\d]\w*|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|\S", re.ASCII)


def equations(lines: list[str], parameters: str, values: str = "", training: str = "") -> str:
    return (f"[equations]\nforward = {lines}\nloss = 'E'\n[parameters]\n{parameters}\n[values]\n{values}\n"
            f"[training]\n{training}\n")  # fmt: skip


def bits(x: float) -> bytes:
    return struct.pack("<d", math.nan if x != x else x)


def hex_of(values: dict[str, np.ndarray]) -> list[bytes]:
    return [bits(x) for v in values.values() for x in v.ravel().tolist()]


# The same run


@pytest.mark.parametrize("name", ["two_layer", "two_layer_in_place"])
def test_the_executors_agree_after_a_thousand_updates(name: str) -> None:
    straight, arrays = (open_run(dict(SMALL)[name], e) for e in ("straight", "arrays"))
    for update in (1, 10, 1000):
        for key, value in straight.parameters(update).items():
            assert np.abs(value - arrays.parameters(update)[key]).max() <= 1e-12
        pairs = zip(straight.program(update).blocks, arrays.program(update).blocks, strict=True)
        for a, b in pairs:
            off = straight.env(update).array(a.out) - arrays.env(update).array(b.out)
            assert np.abs(off).max() <= 1e-12, a.out


def test_the_displayed_sum_is_the_executed_sum(open_text: Open) -> None:
    """Left to right: another order of these three has other bits."""
    run = open_text(equations(["E = a + b + c"], "a = 1e16\nb = -1e16\nc = 1.0"), "straight")
    assert run.value("E") == 1.0  # c + b + a is 0
    run = open_text(equations(["E = a*x*b"], "a = 1e200\nb = 1e-200", "x = 1e200"), "straight")
    assert run.value("E") == math.inf


def linear_neuron(weights: list[float], inputs: list[float], layer: str) -> str:
    return (
        f"[network]\ninputs = {len(inputs)}\n[[network.layers]]\nkind = 'dense'\nname = 'a'\nunits = 1\n"
        f"{layer}\nweights = [{weights}]\n[loss]\nkind = 'half_squared_error'\n[data]\ninputs = [{inputs}]\n"
        "targets = [[1.0]]\n"
    )


def test_the_executor_is_chosen_by_exactly_two_thousand_statements(open_text: Open) -> None:
    """Each input of a linear neuron adds two statements: a gradient and an update."""

    def kinds(inputs: int) -> tuple[int, str]:
        run = open_text(linear_neuron([0.5] * inputs, [1.0] * inputs, "bias = false"))
        return count_statements(run.program(0)), run.schedule.kind

    base = kinds(1)[0] - 2
    inputs = (MOST_STATEMENTS - base) // 2
    found = [kinds(inputs), kinds(inputs + 1)]
    assert MOST_STATEMENTS == 2000 and found[0][0] in (1999, 2000)
    assert [kind for _, kind in found] == ["straight", "arrays"]


def test_a_sum_of_thousands_of_terms_compiles_and_is_added_from_the_left(open_text: Open) -> None:
    """Python's own compiler refuses expressions that are nested this deeply."""
    n, rows = 3500, [math.sin(k) for k in range(3500)]
    run = open_text(linear_neuron([0.1] * n, rows, "train = false\nbias = 0.25"))
    total = 0.0
    for x in rows:
        total = total + 0.1 * x
    assert run.schedule.kind == "straight"
    assert run.value("a.net[0]") == total + 0.25
    assert np.array_equal(run.value("d(E, inputs)"), np.full(n, (total + 0.25 - 1.0) * 0.1))


# The text


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that is compiled from now on."""
    found: list[str] = []
    compile_text = unroll.compile_text

    def record(source: str, name: str, functions: Any) -> Callable[..., Any]:
        found.append(source)
        return compile_text(source, name, functions)

    monkeypatch.setattr(unroll, "compile_text", record)
    return found


def strange_words(source: str) -> set[str]:
    """What the text has beside t0, w0, x0, q0, numbers, signs and the functions of laws."""
    signs = set("()+-*/,:=<>")
    return {w for w in TOKEN.findall(source)
            if not (w in WORDS or w in signs or SCALAR.fullmatch(w) or w[0].isdigit())}  # fmt: skip


def ask_everything(run: Run) -> None:
    run.schedule.advance(run.schedule.start(), 0, 2)
    run.work(1e-4)
    program = run.program(0)
    for x in (*program.parameters, *(b.out for b in program.forward)):
        run.derivative(0, (program.cost, 0), x)


@pytest.mark.parametrize("name", [name for name, _ in SMALL])
def test_generated_text_of_the_shipped_scenarios(name: str, sources: list[str]) -> None:
    ask_everything(open_run(dict(SMALL)[name]))
    assert len(sources) >= 6
    for source in sources:
        assert strange_words(source) == set()


HOSTILE = [
    "exec",
    "eval",
    "open",
    "os",
    "t0",
    "w0",
    "x0",
    "q1",
    "state",
    "feeds",
    "see",
    "run",
    "print",
    "exit",
    "E1",
]


def test_nothing_that_a_user_wrote_reaches_the_text(open_text: Open, sources: list[str]) -> None:
    names = ", ".join(f'"{w}"' for w in HOSTILE)
    text = f"""
[network]
inputs = [{names}]
[[network.layers]]
kind = "dense"
name = "system"
units = ["unlink", "log"]
activation = {{ law = "x*sigmoid(sin*x) + exp*0.5", sin = 1.25, exp = 3.5, train = ["sin", "exp"] }}
weights = {{ init = "uniform" }}
[loss]
kind = "t*exp(o) + 0.25*abs(o - t)**2.5"
[data]
inputs = [{list(range(len(HOSTILE)))}]
targets = [[0.5, 0.75]]
target_names = ["rm", "quit"]
"""
    run = open_text(text, "straight")
    ask_everything(run)
    lines = [f"{a} = {b}" for a, b in zip(HOSTILE[1:], ["w*5", *HOSTILE[1:]], strict=False)]
    ask_everything(open_text(equations([*lines, f"E = {HOSTILE[-1]}**2"], "w = 2.0\nexec = 1.0"), "straight"))
    assert len(sources) > 30
    for source in sources:
        assert strange_words(source) == set()


def test_the_inspection_finds_a_strange_word() -> None:
    assert strange_words("t0 = w1 * x2 + exp(1e-05) if t1 <= 0.5 else q3") == set()
    assert strange_words("t0 = w1.real") == {".", "real"}
    assert strange_words("t0 = hidden_1 + __import__('os')") == {"hidden_1", "__import__", "'", "os"}


def test_generated_code_has_no_builtins() -> None:
    made = unroll.compile_text("def run():\n    return len(())", "run", FLOATS)
    with pytest.raises(NameError, match="len"):
        made()


# Inf and NaN


EXPLODING = {
    "overflow of exp": equations(["E = exp(w*x)"], "w = 0.5", "x = 2.0", "learning_rate = -1.0\nbatch = 1"),
    "a product": equations(["E = (w*w - x)**4"], "w = 3.0", "x = 2.0", "learning_rate = 10.0"),
    "a fractional power": equations(["E = w**1.5 + exp(w)"], "w = 2.0", "", "learning_rate = 0.6"),
    "a variable power": equations(["E = w**v + x"], "w = 0.4\nv = 1.5", "x = 1.0", "learning_rate = 0.9"),
    "a logarithm": equations(["E = log(w)*x"], "w = 2.0", "x = 1.0", "learning_rate = 1.25"),
    "a division": equations(["E = x/(w - 1) + w"], "w = 3.0", "x = 0.0", "learning_rate = 1.0"),
    "a root": equations(["E = sqrt(w) + w"], "w = 2.0", "", "learning_rate = 0.9"),
    "sines of inf": equations(["E = sin(w)*exp(w*w)"], "w = 1.0", "", "learning_rate = 3.0"),
    "in a batch": equations(
        ["E = exp(w*x) + b"], "w = 0.5\nb = 1.0", "x = [2.0, -1.0, 3.0]", "learning_rate = -0.5\nbatch = 2"
    ),
}


@pytest.mark.parametrize("name", EXPLODING)
def test_a_run_that_raises_goes_on_with_inf_and_nan(name: str, open_text: Open) -> None:
    run = open_text(EXPLODING[name], "straight")
    schedule = run.schedule
    end, rows = schedule.watch(cache(lambda p: Wanted(((p.cost, 0),))), schedule.start(), 0, 60)
    seen = [row[0] for row in rows]
    assert all(type(x) is float for x in (*seen, *end))
    assert not all(math.isfinite(x) for x in (*seen, *end))
    one_by_one, state = list[float](), schedule.start()
    for update in range(60):
        one_by_one.append(schedule.at(update).trace(state, schedule.feed(update)).scalar((run.program(update).cost, 0)))
        state = schedule.advance(state, update, 1)
        assert all(type(x) is float for x in state)
    assert [bits(x) for x in one_by_one] == [bits(x) for x in seen]
    assert [bits(x) for x in state] == [bits(x) for x in end]
    assert [bits(x) for x in schedule.advance(schedule.start(), 0, 60)] == [bits(x) for x in end]


@pytest.mark.parametrize("name", [n for n in EXPLODING if n not in ("a product", "a logarithm")])
def test_the_updates_before_the_first_that_raises_have_the_bits_of_the_fast_path(name: str, open_text: Open) -> None:
    """The whole slice is run again: what came before inf or NaN must come out as it did.

    (A product overflows without raising, and no update needs the logarithm itself.)
    """
    run = open_text(EXPLODING[name], "straight")
    schedule, executor = run.schedule, run.schedule.at(0)
    assert isinstance(executor, unroll.Unrolled)
    fast, safe = executor._loop(unroll.NOTHING)
    state, before = schedule.start(), 0
    feeds = [schedule.feed(0)] * 60
    while before < 60:
        try:
            state = fast(state, feeds[:1], None)
        except (OverflowError, ZeroDivisionError, ValueError):
            break
        before += 1
    assert before < 60 and all(math.isfinite(x) for x in state)
    assert [bits(x) for x in safe(schedule.start(), feeds[:before], None)] == [bits(x) for x in state]


@pytest.mark.parametrize("name", EXPLODING)
def test_inf_and_nan_are_where_the_arrays_have_them(name: str, open_text: Open) -> None:
    straight, arrays = (open_text(EXPLODING[name], executor) for executor in ("straight", "arrays"))
    for update in range(25):
        pairs = zip(straight.parameters(update).values(), arrays.parameters(update).values(), strict=True)
        for a, b in pairs:
            assert np.array_equal(np.isnan(a), np.isnan(b)), update
            assert np.array_equal(a[~np.isfinite(a)], b[~np.isfinite(a)], equal_nan=True), update


def test_a_query_of_one_sample_is_not_spoilt_by_another_samples_inf(open_text: Open) -> None:
    """0 × inf would be NaN; no path of the first sample leads through the second."""
    run = open_text(equations(["p = sqrt(x*w)", "E = p*p"], "w = 1.0", "x = [4.0, 0.0]"), "straight")
    assert run.value("d(loss, w)", sample=1) == 4.0
    assert math.isnan(float(run.value("d(loss, w)", sample=2)))
