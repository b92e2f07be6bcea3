"""What a scenario asks for that runs, and is seldom meant: said by `check` and before the first step, never refused.

It is read off the program: which written line makes what the loss reads. A rule is a line of `ADVICE`.
"""

from __future__ import annotations

from collections.abc import Callable

from ..engine.program import Program
from ..replay.run import Run
from .lemmas import mixing, read

Advice = Callable[[Program, str], str]              # of a program and the kind of its loss; "" where all is well


def advice(run: Run) -> tuple[str, ...]:
    """Every sentence of advice about the scenario of `run`; there is none where the loss has no kind."""
    program, kind = run.program(0), run.scenario.loss.kind or ""
    said = (rule(program, kind) for rule in ADVICE)
    return tuple(sentence for sentence in said if sentence)


def _two_softmaxes(program: Program, kind: str) -> str:
    """A softmax of a softmax: no probability comes near 0 or 1, and little of the error passes both."""
    if kind != "softmax_cross_entropy":
        return ""
    loss = next((block for block in mixing(program) if block.phase == "loss"), None)
    made = next((block for block in mixing(program) if loss is not None and block.out is read(loss)
                 and block.text == SOFTMAX), None)
    if made is None:
        return ""
    return f"{made.out.name} is a softmax already, and {kind} takes a softmax of it: for one alone write {PLAIN}."


def _no_probabilities(program: Program, kind: str) -> str:
    """The logarithm of outputs that do not add up to 1."""
    if kind != PLAIN:
        return ""
    parts = next(block for block in program.forward if block.out is program.parts)
    outputs = parts.equations[-1].terms[0].args[0]
    if any(block.out is outputs and block.text == SOFTMAX for block in mixing(program)):
        return ""
    return f"{kind} reads probabilities, and {outputs.name} is no softmax: for its numbers write softmax_cross_entropy."


PLAIN, SOFTMAX = "cross_entropy", "softmax"
ADVICE: tuple[Advice, ...] = (_two_softmaxes, _no_probabilities)
