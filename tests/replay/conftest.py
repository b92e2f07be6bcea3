"""What the tests of runs share: runs of scenarios written in the test, and what a run holds as bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.scenario.reader import read_scenario_text
from bptui.scenario.shipped import shipped


@pytest.fixture(scope="session")
def open_text() -> Callable[..., Run]:
    """A run of the scenario in a text; `executor` forces one."""
    return lambda text, executor=None: open_scenario(read_scenario_text(text, "here"), executor)


@pytest.fixture(scope="session")
def whole() -> Callable[[Run, int], bytes]:
    """Every value of an update, and the state, as bytes."""
    def whole(run: Run, update: int) -> bytes:
        env, program = run.env(update), run.program(update)
        made = [env.array(v) for v in (*program.state, *program.inputs, *(b.out for b in program.blocks))]
        return b"".join(np.asarray(v, float).tobytes() for v in made)
    return whole


@pytest.fixture(scope="session")
def begun() -> Callable[..., str]:
    """The tutorial's file, beginning with other weights; options of [training], and another activation."""
    def begun(w: Sequence[float], **options: str) -> str:
        text = Path(dict(shipped())["two_layer"]).read_text(encoding="utf-8").split("[[claims]]")[0]
        a, b = ([[w[n], w[n + 1]], [w[n + 2], w[n + 3]]] for n in (0, 4))
        text = text.replace("[[0.15, 0.20], [0.25, 0.30]]", repr(a)).replace("[[0.40, 0.45], [0.50, 0.55]]", repr(b))
        text = text.replace('["h1", "h2"]\nactivation   = "sigmoid"',
                            f'["h1", "h2"]\nactivation   = "{options.pop("activation", "sigmoid")}"')
        text = text.replace('optimizer     = "sgd"', f'optimizer     = "{options.pop("optimizer", "sgd")}"')
        return text + "\n".join(f"{key} = {value}" for key, value in options.items())
    return begun
