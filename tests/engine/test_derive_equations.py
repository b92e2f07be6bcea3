"""Gradients and d(y, x) of written equations against differences at 50 digits.

The lines of a scenario are evaluated a second time by Python itself over mpmath's numbers. A central
difference with a step of 1e-20 is then exact to more digits than a float has, so the tolerance is that of the
engine's own rounding. `stop(x)` gives, while differences are taken, what x was without them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import mpmath
import pytest

from bptui.engine.program import Equation, Var
from bptui.replay.run import Run

Open = Callable[..., Run]
STEP = mpmath.mpf(10) ** -20
WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Lines:
    """An `[equations]` scenario and its oracle. A list in `values` has one number for each sample."""

    lines: tuple[str, ...]
    parameters: dict[str, float]
    values: dict[str, float | list[float]] = field(default_factory=dict)
    loss: str = "E"
    reduction: str = "mean"

    @property
    def samples(self) -> int:
        return max((len(v) for v in self.values.values() if isinstance(v, list)), default=1)

    @property
    def made(self) -> dict[str, str]:
        """Each line's name and what stands right of its first =."""
        return {line.split("=", 1)[0].strip(): line.split("=", 1)[1] for line in self.lines}

    @property
    def varying(self) -> set[str]:
        """The names that differ from sample to sample."""
        found = {name for name, value in self.values.items() if isinstance(value, list)}
        for name, right in self.made.items():
            if found.intersection(WORD.findall(right)):
                found.add(name)
        return found

    def text(self) -> str:
        table = "\n".join(f"{n} = {v}" for n, v in self.parameters.items())
        values = "\n".join(f"{n} = {v}" for n, v in self.values.items())
        return (f"[equations]\nforward = {list(self.lines)}\nloss = '{self.loss}'\n[parameters]\n{table}\n"
                f"[values]\n{values}\n[loss]\nreduction = '{self.reduction}'\n")  # fmt: skip

    def numbers(self, functions: dict[str, Any], move: tuple[str, int, Any], stops: list[Any]) -> dict[str, list[Any]]:
        """Every name's number for each sample, and the cost as `cost`; `move` is (name, sample, by how much).

        `stops` holds what stop() answered at the first evaluation, and is filled by it.
        """
        moved, lane, by = move
        keep, at = not stops, iter(list(stops))

        def stop(x: Any) -> Any:
            if keep:
                stops.append(x)
            return x if keep else next(at)

        names: dict[str, list[Any]] = {name: [] for name in (*self.parameters, *self.values, *self.made)}
        for sample in range(self.samples):
            here: dict[str, Any] = {}

            def put(name: str, number: Any, here: dict[str, Any] = here, sample: int = sample) -> None:
                mine = name == moved and (sample == lane or name not in self.varying)
                here[name] = mpmath.mpf(number) + (by if mine else 0)
                names[name].append(here[name])

            for name, value in (*self.parameters.items(), *self.values.items()):
                put(name, value[sample] if isinstance(value, list) else value)
            for name, right in self.made.items():
                put(name, eval(right.strip(), {"__builtins__": {}, **functions, "stop": stop}, here))
        total = sum(names[self.loss])
        return {**names, "cost": [total / self.samples if self.reduction == "mean" else total]}


@pytest.fixture(scope="module")
def functions(definitions: dict[str, Callable[..., Any]]) -> dict[str, Any]:
    """What an expression may call."""
    words = [
        "abs",
        "exp",
        "log",
        "sqrt",
        "tanh",
        "sigmoid",
        "relu",
        "softplus",
        "sin",
        "cos",
        "erf",
        "max",
        "min",
        "where",
    ]
    return {"pi": mpmath.mpf("3.14159265358979311599796346854"), **{w: definitions[w] for w in words}}


def check(open_text: Open, functions: dict[str, Any], case: Lines, executor: str, lane: int) -> int:
    """Compare values, gradients and every d(y, x); the number of derivatives that are not 0."""
    run = open_text(case.text(), executor)
    names = list(dict.fromkeys((*case.parameters, *case.values, *case.made)))
    batched, live = case.samples > 1, 0
    with mpmath.workdps(50):
        stops: list[Any] = []
        here = case.numbers(functions, ("", 0, 0), stops)

        def exact(ends: dict[str, list[Any]], y: str) -> Any:
            if y == case.loss:
                return ends["cost"][0]
            return ends[y if y in names else case.loss][lane]

        asked = [*case.made, *(["loss"] if "loss" not in names else [])]
        for y in asked:
            close(run.value(y, sample=lane + 1), exact(here, y), (case.lines, y))
        for x in names:
            if batched and x == case.loss:
                continue
            up, down = (case.numbers(functions, (x, lane, by), stops) for by in (STEP, -STEP))
            for y in asked:
                got = run.value(f"d({y}, {x})", sample=lane + 1)
                slope = (exact(up, y) - exact(down, y)) / (2 * STEP)
                close(got, slope, (case.lines, y, x))
                live += got != 0
                if y == case.loss and x in case.parameters:
                    close(run.value(f"{x}.grad"), slope, (case.lines, f"{x}.grad"))
    return live


def close(got: Any, exact: Any, what: object) -> None:
    assert abs(got - exact) <= 1e-10 * (abs(exact) + 1e-3), (what, got, mpmath.nstr(exact, 20))


X3, T3 = [0.7, -1.2, 2.1], [0.3, 1.0, -0.4]
CASES = {
    "one neuron": Lines(
        ("s = X*W + b", "p = sigmoid(s)", "E = (T - p)**2/2"), {"W": 0.5, "b": 0.1}, {"X": X3, "T": T3}
    ),
    "repeated names": Lines(("q = W*W*W - W*c*W", "E = q*q + W/(1 + W*W) + q"), {"W": 0.7, "c": 1.3}),
    "the same twice in a product": Lines(("E = W*X*W*X",), {"W": 0.7}, {"X": X3}),
    "over itself": Lines(("E = (W*X)/(W*X + W) + W/W",), {"W": 0.7}, {"X": X3}),
    "a bare name": Lines(("p = W", "q = p", "E = q"), {"W": 0.7, "b": 0.2}),
    "no parameter": Lines(("p = W*X", "E = 2"), {"W": 0.7}, {"X": X3}),
    "a constant only": Lines(("p = W*3 + 1 - pi", "E = p*0.5"), {"W": 0.7}),
    "not fed to the loss": Lines(
        ("p = W*X", "aside = p*c + c*c", "E = (p - T)**2", "after = E*c*W"),
        {"W": 0.7, "c": 2.0},
        {"X": 0.5, "T": 0.25},
    ),
    "not fed, in a batch": Lines(
        ("p = W*X", "aside = p*c + c*c", "E = (p - T)**2"), {"W": 0.7, "c": 2.0}, {"X": X3, "T": T3}
    ),
    "sums over samples": Lines(("p = W*X", "E = (p - T)**2"), {"W": 0.7}, {"X": X3, "T": T3}, reduction="sum"),
    "a part without samples": Lines(
        ("r = W*W + c", "E = (X*W - T)**2 + r*sin(r)"), {"W": 0.7, "c": -0.3}, {"X": X3, "T": T3}
    ),
    "a loss without samples": Lines(("p = W*X", "E = W*c - c**3"), {"W": 0.7, "c": -0.3}, {"X": X3}),
    "one quotient for all": Lines(("p = X*W/c", "E = (p - T)**2/c"), {"W": 0.7, "c": 1.5}, {"X": X3, "T": T3}),
    "max and min": Lines(
        ("p = max(X*W, b)", "q = min(p, 0.3) + max(b, 0.2)", "E = p*q + min(T, q)"),
        {"W": 0.7, "b": 0.1},
        {"X": X3, "T": T3},
    ),
    "where": Lines(
        ("p = where(X > 0, W*X, b)", "q = where(W < b, p, p*p)", "E = q + where(0, W, b)"),
        {"W": 0.7, "b": 0.1},
        {"X": X3},
    ),
    "comparisons are 0 or 1": Lines(
        ("E = (X > 0)*W + (X <= 0)*b + (W == W)*W + (W != b)*b",), {"W": 0.7, "b": 0.1}, {"X": X3}
    ),
    "abs": Lines(("E = abs(X*W - T)*abs(b)",), {"W": 0.7, "b": -0.1}, {"X": X3, "T": T3}),
    "stop": Lines(("p = X*W", "q = stop(p)*W + stop(b)", "E = q*p + stop(q*q)*b"), {"W": 0.7, "b": 0.1}, {"X": X3}),
    "stop alone": Lines(("p = stop(W)", "E = p*b"), {"W": 0.7, "b": 0.1}),
    "constant powers": Lines(
        ("p = X**2*W + W**3 - b**4", "E = (p**2 + 1)**0.5 + (b + 2)**-1 + (b + 2)**-2.5 + b**0 + b**1"),
        {"W": 0.7, "b": 0.1},
        {"X": X3},
    ),
    "a power of a power": Lines(("E = (W**2)**3 + W**(2**2) + 2**W + (W*W)**b",), {"W": 0.7, "b": 1.6}),
    "a negative base": Lines(("E = (W - 3)**3 + (W - 3)**-2 + (-W)**2 - W**2",), {"W": 0.7}),
    "minus signs": Lines(("E = -W - -b - (X - (W - b)) + -X*-W - -(b*b) - 2 - -3",), {"W": 0.7, "b": 0.1}, {"X": X3}),
    "every function": Lines(
        (
            "p = exp(W)*log(b + 3)*sqrt(b + 2) + tanh(X)*sigmoid(W*X)*softplus(b*X)",
            "E = relu(p)*sin(p)*cos(b) + erf(p/9)",
        ),
        {"W": 0.7, "b": 0.1},
        {"X": X3},
    ),
    "our own names": Lines(("n = X*W", "loss = n*n", "E = loss + n*b"), {"W": 0.7, "b": 0.1}, {"X": X3}),
    "a list of one": Lines(("p = X*W + c", "E = (p - T)**2/X"), {"W": 0.7}, {"X": [1.5], "T": [0.25], "c": 2.0}),
    "data called n": Lines(("p = n*W", "E = (p - T)**2"), {"W": 0.7}, {"n": X3, "T": T3}),
}


@pytest.mark.parametrize("executor", ["straight", "arrays"])
@pytest.mark.parametrize("name", CASES)
def test_written_equations(name: str, executor: str, open_text: Open, functions: dict[str, Any]) -> None:
    case = CASES[name]
    for lane in range(case.samples):
        check(open_text, functions, case, executor, lane)


def expression(random: Random, names: list[str], depth: int) -> str:
    """A random expression that is finite everywhere, with few brackets."""
    if depth == 0 or random.random() < 0.15:
        return random.choice([*names, *names, *names, "2", "0.5", "pi"])

    def below() -> str:
        return expression(random, names, depth - 1)

    a, b, c, off = (
        below(),
        below(),
        below(),
        round(random.uniform(0.01, 0.09), 6),
    )  # off: nobody stands on a kink
    return random.choice(
        [
            f"{a} + {b}",
            f"{a} - {b}",
            f"{a} - ({b} - {c})",
            f"({a})*({b})",
            f"({a})*{names[0]}*({b})",
            f"-({a})",
            f"({a})/(1 + abs({b}))",
            f"({a})/(1 + ({b})**2)",
            f"({a})**2",
            f"tanh({a})**3",
            f"(abs({a}) + 0.4)**-1.5",
            f"sqrt(abs({a}) + 0.1)",
            f"log(abs({a}) + 0.5)",
            f"exp(tanh({a}))",
            f"sigmoid({a})",
            f"softplus({a})",
            f"sin({a})",
            f"cos({a})*({b})",
            f"erf({a})",
            f"relu({a} + {off})",
            f"max({a}, {b} + {off})",
            f"min({a} - {off}, {b})",
            f"where({a} > {b}, {c}, {a})",
            f"({a} < {b})*({c})",
            f"stop({a})*tanh({b})",
            f"(abs({a}) + 0.5)**tanh({b})",
            f"abs({a})",
        ]
    )


def random_lines(seed: int) -> Lines:
    random = Random(seed)
    samples = random.choice([1, 1, 2, 3])
    parameters = {name: random.uniform(-2, 2) for name in ("W", "V", "b")}
    values: dict[str, float | list[float]] = {
        "X": [random.uniform(-2, 2) for _ in range(samples)],
        "T": [random.uniform(-2, 2) for _ in range(samples)],
        "c": random.uniform(-2, 2),
    }
    if samples == 1:
        values = {name: value[0] if isinstance(value, list) else value for name, value in values.items()}
    known, lines = [*parameters, *values], []
    for name in ["p", "q", "E"][random.randint(0, 2) :]:
        lines.append(f"{name} = {expression(random, random.sample(known, 3), random.randint(1, 3))}")
        known += [name, name]
    return Lines(tuple(lines), parameters, values, reduction=random.choice(["mean", "sum"]))


@pytest.mark.parametrize("first", range(0, 120, 20))
def test_random_equations(first: int, open_text: Open, functions: dict[str, Any]) -> None:
    live = 0
    for seed in range(first, first + 20):
        case = random_lines(seed)
        for executor in ("straight", "arrays"):
            live += check(open_text, functions, case, executor, lane=seed % case.samples)
    assert live > 150


def test_what_does_not_feed_the_loss_gets_exactly_0(open_text: Open) -> None:
    case = CASES["not fed to the loss"]
    for executor in ("straight", "arrays"):
        run = open_text(case.text(), executor)
        assert run.value("c.grad") == run.value("d(E, c)") == run.value("c.change") == 0.0
        assert run.value("d(p, aside)") == run.value("d(p, E)") == 0.0
        assert run.value("d(after, c)") == run.value("E*W")


@pytest.mark.parametrize("executor", ["straight", "arrays"])
def test_of_equals_the_first_takes_everything(executor: str, open_text: Open) -> None:
    """No difference can judge a kink: the design names the rule."""
    case = Lines(("E = 3*max(W, b) + 5*min(W, b) + relu(W - b) + abs(b - W)",), {"W": 0.5, "b": 0.5})
    run = open_text(case.text(), executor)
    assert (run.value("d(E, W)"), run.value("d(E, b)")) == (8.0, 0.0)


@pytest.mark.parametrize("name", CASES)
def test_programs_and_queries_are_in_single_assignment(name: str, open_text: Open) -> None:
    """Each variable is made once, before it is read, from leaves that are given."""
    run = open_text(CASES[name].text())
    program = run.program(0)
    given = {*program.parameters, *program.inputs}
    made_and_read(program.equations, given)
    forward = given | {eq.out for block in program.forward for eq in block.equations}
    for y in program.forward:
        for x in (*program.parameters, *(b.out for b in program.forward)):
            found = run.query(program, y.out, x)
            made_and_read(found.equations, forward | ({found.seed} if found.seed else set()))


def made_and_read(equations: tuple[Equation, ...], known: set[Var]) -> None:
    known = set(known)
    for equation in equations:
        assert all(v in known or v.role == "constant" for v in equation.operands), equation.out
        assert equation.out not in known
        known.add(equation.out)
