"""Layers over time: rnn, lstm, gru. Every step is written out, so the parameters are used once a step.

The adjoint of a shared weight is then a sum over its uses, one share for each step: backpropagation through time is
nothing but that. Before the first step the state is 0. As in PyTorch, gates are stacked in the rows of the weights:
i, f, g, o for an lstm, r, z, n for a gru.
"""

from __future__ import annotations

from ..builder import contract
from ..laws import ACTIVATIONS, FUNCTIONS, SUB
from ..program import Equation, Term, Var
from ..structure import SAMPLE
from .dense import activate
from .site import Signal, Site, shaped

MOST_STEPS = 200                                    # each is written out


class Cell:
    """What the three kinds share: the weights, the slices of the input, the state of the step before."""

    def __init__(self, site: Site, x: Signal, gates: int) -> None:
        if len(x.shape) != 2:
            site.wrong("kind", f"{site.layer.kind} reads [steps, features], and what comes here is {shaped(x.shape)}")
        site.bound("kind", "steps in time", x.shape[0], MOST_STEPS)
        self.site, self.x, self.steps = site, x, x.shape[0]
        self.units, self.names = site.names.count, site.names.units
        layer, names, fed, rows = site.layer, site.names, x.shape[1], gates * self.units
        self.u = site.axis(self.units)
        self.before = site.axis(self.units)         # the units of the step before
        self.rows = self.u if gates == 1 else site.axis(rows)
        self.step_axis = x.var.letters[1]
        fan = (self.units, self.units)              # PyTorch's rule for these layers goes by the units
        each = "a row per unit" if gates == 1 else f"{gates} gates of {self.units} rows"
        self.weights = site.parameter(
            "weights", self.rows + x.var.letters[2], layer.weights,
            f"weights of {layer.name!r} must be {rows} rows of {fed}: {each}", fan, symbol=f"W_{names.letter}",
            elements=names.weights, weights=True)
        self.recurrent = site.parameter(
            "recurrent_weights", self.rows + self.before, site.option("recurrent_weights"),
            f"recurrent_weights of {layer.name!r} must be {rows} rows of {self.units}: {each}", fan,
            symbol=f"U_{names.letter}", elements=names.recurrent, weights=True)
        self.bias = site.bias(self.rows, fan, rows)
        self.zero = Var("0", self.u, (self.units,), "constant", "0")

    def slice(self, step: int) -> tuple[Var, Equation]:
        """What the layer reads at a step."""
        return self.site.moved(lambda a: a[step], self.x.var, self.x.var.letters[2], f"{self.x.var.symbol}[{step}]")

    def linear(self, part: str, step: int, *products: tuple[Var, ...], first: tuple[Equation, ...] = ()) -> Var:
        """A line of one row per unit and gate."""
        units = self.names if self.rows == self.u else None
        out = self.site.result(part, SAMPLE + self.rows, units, step)
        return self.site.line(*first, Equation(out, tuple(contract(p, out) for p in products)))

    def net(self, step: int, state: Var) -> Var:
        """W·x + U·state + b."""
        x, gather = self.slice(step)
        products = [(self.weights, x), (self.recurrent, state.lettered(self.u, self.before))]
        return self.linear("net", step, *products, *([(self.bias,)] if self.bias is not None else []), first=(gather,))

    def gate(self, part: str, step: int, law: str, number: int, net: Var) -> Var:
        """One gate: an activation of its rows."""
        rows, gather = self.rows_of(net, number, part)
        out = self.site.result(part, SAMPLE + self.u, self.names, step)
        return self.site.line(gather, Equation(out, (Term(ACTIVATIONS[law], (rows,)),)))

    def rows_of(self, net: Var, number: int, part: str) -> tuple[Var, Equation]:
        """The rows of a gate."""
        n = self.units
        return self.site.moved(lambda a: a[number * n:(number + 1) * n], net, self.u, f"{net.symbol}.{part}")

    def finish(self, states: list[Var], further: dict[str, list[Var]]) -> Signal:
        """What the next layer reads, and the names of all steps together."""
        site = self.site
        for part, steps in {**further, "state": states}.items():
            units = self.names if steps[0].letters.endswith(self.u) else None
            site.stack(part, steps, units, self.step_axis)
        if not site.option("return_sequence", False):
            site.written.aliases[f"{site.layer.name}.out"] = states[-1]
            return Signal(states[-1], self.names)
        out = site.result("sequence", SAMPLE + self.step_axis + self.u, self.names)
        term = site.stack_move(states, out)
        site.written.aliases[f"{site.layer.name}.out"] = out
        return Signal(site.line(Equation(out, (term,))), self.names)


def rnn(site: Site, x: Signal) -> Signal:
    """net[t] = W·x[t] + U·out[t-1] + b, out[t] = activation(net[t])."""
    cell = Cell(site, x, 1)
    nets: list[Var] = []
    states: list[Var] = []
    for step in range(cell.steps):
        nets.append(cell.net(step, states[-1] if states else cell.zero))
        states.append(activate(site, nets[-1], cell.names, step))
    return cell.finish(states, {"net": nets})


def lstm(site: Site, x: Signal) -> Signal:
    """c[t] = f × c[t-1] + i × g, out[t] = o × tanh(c[t]); Hochreiter and Schmidhuber (1997), with a forget gate."""
    cell = Cell(site, x, 4)
    nets: list[Var] = []
    states: list[Var] = []
    memories: list[Var] = []
    for step in range(cell.steps):
        net = cell.net(step, states[-1] if states else cell.zero)
        i, f, g, o = (cell.gate(part, step, law, n, net) for n, (part, law) in enumerate(
            (("i", "sigmoid"), ("f", "sigmoid"), ("g", "tanh"), ("o", "sigmoid"))))
        before = memories[-1] if memories else cell.zero
        c = site.result("c", SAMPLE + cell.u, cell.names, step)
        site.line(Equation(c, (contract((f, before), c), contract((i, g), c))))
        bent = site.temporary(c.letters, "tanh(c)")
        out = site.result("out", c.letters, cell.names, step)
        site.line(Equation(bent, (Term(FUNCTIONS["tanh"], (c,)),)), Equation(out, (contract((o, bent), out),)))
        nets.append(net)
        memories.append(c)
        states.append(out)
    return cell.finish(states, {"net": nets, "cell": memories})


def gru(site: Site, x: Signal) -> Signal:
    """n = tanh(W·x + b + r × (U·out[t-1])), out[t] = (1 - z) × n + z × out[t-1]; Cho and others (2014)."""
    cell = Cell(site, x, 3)
    states: list[Var] = []
    for step in range(cell.steps):
        before = states[-1] if states else cell.zero
        fed, gather = cell.slice(step)
        products = [(cell.weights, fed), *([(cell.bias,)] if cell.bias is not None else [])]
        net = cell.linear("net", step, *products, first=(gather,))
        kept = cell.linear("kept", step, (cell.recurrent, before.lettered(cell.u, cell.before)))
        r = _gru_gate(cell, "r", step, 0, net, kept)
        z = _gru_gate(cell, "z", step, 1, net, kept)
        n = _gru_gate(cell, "n", step, 2, net, kept, r)
        out = site.result("out", SAMPLE + cell.u, cell.names, step)
        new = site.temporary(out.letters, "1 - z")
        site.line(Equation(new, (Term(SUB, (site.b.constant(1.0), z)),)),
                  Equation(out, (contract((new, n), out), contract((z, before), out))))
        states.append(out)
    return cell.finish(states, {})


def _gru_gate(cell: Cell, part: str, step: int, number: int, net: Var, kept: Var,
              reset: Var | None = None) -> Var:
    """A gate of its rows of both sums; the candidate takes as much of the state's as the reset gate lets through."""
    a, first = cell.rows_of(net, number, part)
    b, second = cell.rows_of(kept, number, part)
    total = cell.site.temporary(SAMPLE + cell.u, f"net of {part}")
    out = cell.site.result(part, SAMPLE + cell.u, cell.names, step)
    products = (contract((a,), total), contract((b,) if reset is None else (reset, b), total))
    law = ACTIVATIONS["sigmoid" if reset is None else "tanh"]
    return cell.site.line(first, second, Equation(total, products), Equation(out, (Term(law, (total,)),)))
