"""The loss of a network: the part of each output, and what the scenario may say about it."""

from __future__ import annotations

from ..scenario.records import Scenario
from .builder import Builder, Lowering
from .form import Problems
from .laws import LOG_CROSS_ENTROPY, PART_LOSSES, Elementwise
from .program import Var
from .vectors import VECTOR_LAWS

LOSSES = (*PART_LOSSES, "mean_squared_error", "softmax_cross_entropy", "sum")
OF_CLASSES = ("cross_entropy", "softmax_cross_entropy")     # losses whose target may be the number of a class
VARIABLES = ("t", "o")


def check_loss(problems: Problems, scenario: Scenario) -> None:
    loss = scenario.loss
    if loss.law is not None:
        problems.unknown_names(("loss", "kind"), loss.law, set(VARIABLES), "this law, which reads t and o")
    elif loss.kind is None:
        problems.say(("loss",), "the network needs a [loss] with a kind, such as \"half_squared_error\"")
    else:
        problems.choice(("loss", "kind"), "loss", loss.kind, LOSSES,
                        '; or a law in t and o, as in kind = "log(1 + (t - o)**2)"')


def parts_line(b: Builder, scenario: Scenario, x: Var, target: Var, units: tuple[str, ...] | None,
               letter: str) -> Var:
    """E_o[k]: what each output adds to the sample's loss. `units` name the outputs."""
    loss = scenario.loss
    named = units if units and x.elements else None
    out = b.var(f"{loss.name}_outputs", x.letters, "loss", f"{loss.name}_{letter}", _names(loss.name, named, x))
    if loss.law is not None:
        lowering = Lowering(b, {"o": x, "t": target}, out.name)
        lowering.lower(loss.law, out)
        return b.line("loss", "", lowering.equations, loss.text)
    if loss.kind == "softmax_cross_entropy":
        log_p = b.var("log_p", x.letters, "loss", f"log_p_{letter}", _names("log_p", named, x))
        x = VECTOR_LAWS["log_softmax"](b, "loss", "", log_p, x)
        return b.law_line("loss", "", out, LOG_CROSS_ENTROPY, x, target)
    return b.law_line("loss", "", out, part_law(loss.kind or "", x.lane_size), x, target)


def _names(part: str, units: tuple[str, ...] | None, x: Var) -> tuple[str, ...] | None:
    """`E_o1`; of a sequence `E_o1[0]`."""
    if units is None or x.elements is None:
        return None
    if len(units) == len(x.elements):
        return tuple(f"{part}_{u}" for u in units)
    return tuple(f"{part}_{e.partition('_')[2]}" for e in x.elements)


def part_law(kind: str, outputs: int) -> Elementwise:
    """The law of one output's part; `mean_squared_error` is the mean over the sample's outputs."""
    if kind != "mean_squared_error":
        return PART_LOSSES[kind]
    m = float(outputs)
    return Elementwise(kind, lambda f, o, t: (t - o) * (t - o) / m,
                       (lambda f, y, o, t: 2 * (o - t) / m, lambda f, y, o, t: 2 * (t - o) / m))
