"""The sentence that tests a derivative by doing: what it says was tried is what a forward pass of one's own gives."""

from __future__ import annotations

import math
import re
from types import ModuleType

import numpy as np
import pytest

from bptui.debugger.scene import Scene
from bptui.explain import infinite, words
from bptui.scenario.shipped import shipped

SAID = re.compile(r"should (raise|lower) E by ([\d.e-]+)\. Tried: ([\d.e-]+)(, the other way)?\.$")


def tutorial(w: list[float]) -> float:
    """The loss of the two-layer tutorial, by hand."""
    def s(x: float) -> float:
        return 1 / (1 + math.exp(-x))
    h = [s(w[0] * .05 + w[1] * .10 + .35), s(w[2] * .05 + w[3] * .10 + .35)]
    o = [s(w[4] * h[0] + w[5] * h[1] + .60), s(w[6] * h[0] + w[7] * h[1] + .60)]
    return .5 * (.01 - o[0]) ** 2 + .5 * (.99 - o[1]) ** 2


@pytest.mark.parametrize("n", range(8))
def test_the_tutorial(tui: ModuleType, n: int) -> None:
    session = tui.open_session("two_layer", f"d(E, w{n + 1})")
    found = SAID.search(Scene(session).sentence)
    assert found is not None, Scene(session).sentence
    w = [.15, .20, .25, .30, .40, .45, .50, .55]
    up = tutorial([x + 0.01 * (k == n) for k, x in enumerate(w)]) - tutorial(w)
    assert found[3] == f"{abs(up):.9f}" and found[4] is None
    assert (found[1] == "raise") == (up > 0)


CURVED = re.compile(r"^Curved here: \+ 0.01 (raises|lowers) E by ([\d.e-]+), not ([\d.e-]+); "
                    r"0.0001 fits to ([\d.]+) %\.$")


def test_a_large_network(tui: ModuleType) -> None:
    """wide_784, as numpy computes it: sigmoid layers, the mean of a batch. It is curved: 0.0001 is not too much."""
    session = tui.open_session("wide_784", "d(E, hidden.weights[0,406])")
    found = CURVED.search(Scene(session).sentence)
    assert found is not None, Scene(session).sentence
    env, program = session.run.env(0), session.run.program(0)
    values = {v.name: env.array(v) for v in (*program.parameters, *program.inputs)}

    def cost(raised: float) -> float:
        weights = np.array(values["hidden.weights"])
        weights[0, 406] += raised
        x = values["inputs"]
        hidden = 1 / (1 + np.exp(-(x @ weights.T + values["hidden.bias"])))
        out = 1 / (1 + np.exp(-(hidden @ values["output.weights"].T + values["output.bias"])))
        return float(np.mean(np.sum((values["targets"] - out) ** 2, axis=1) / 2))
    before = float(env.scalar((program.cost, 0)))
    scale = before / cost(0.0)                      # the loss's own reduction
    assert scale == pytest.approx(round(scale, 6), rel=1e-12)
    assert float(found[2]) == pytest.approx(scale * (cost(0.01) - cost(0.0)), rel=0.005)
    slope = float(env.array(program.gradients[next(w for w in program.trained if w.name == "hidden.weights")])[0, 406])
    assert found[1] == "raises" and float(found[3]) == pytest.approx(0.01 * slope, rel=0.005)
    off = scale * (cost(0.0001) - cost(0.0)) / (0.0001 * slope) - 1
    assert float(found[4]) == pytest.approx(100 * abs(off), abs=0.06)


def test_it_fits_a_row_and_is_said_of_every_kind_of_scenario(tui: ModuleType) -> None:
    for name, _ in shipped():
        session = tui.open_session(name)
        program, times = session.run.program(0), session.times
        for gradient in program.gradients.values():
            block = next((n for n, b in enumerate(times.blocks) if b.out is gradient), None)
            block = None if gradient.role != "adjoint" else block
            if block is None:
                continue
            value = times.number(block, 0)
            session.go(f"#0:{value}.{times.stops(value)}")
            session.message = ""
            said = words.about_step(Scene(session).explainer, session.position, Scene(session).made)
            assert re.search(r"Tried: |is exactly 0|but for rounding|Curved here|kink|already", said), (name, said)
            assert len(said) <= infinite.ROW, said
