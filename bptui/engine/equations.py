"""The `[equations]` form: the scenario writes its own lines, over parameters and values that it names."""

from __future__ import annotations

from dataclasses import dataclass

from ..scenario.records import Equations, Scenario
from .builder import Builder, Lowering, letters_of, names_in
from .form import Parameter, Rows, Trouble, Written, cost_line, initial
from .program import Phase, Var
from .structure import SAMPLE


def understand(scenario: Scenario, trouble: Trouble) -> Form:
    """Check the values, draw the parameters. A list in `[values]` has one value for each sample."""
    written = scenario.equations
    assert written is not None
    parameters: list[Parameter] = []
    owner = {name: n for n, line in reversed(list(enumerate(written.lines))) for name in names_in(line.tree)}
    for name, values in written.parameters.items():
        value = initial(trouble, ("parameters", name), values, name, scenario.training.seed, (), (1, 1),
                        f"{name} must be one number, or a table with an init")
        parameters.append(Parameter(name, value, True, owner.get(name, 0)))
    counts = {name: len(v) for name, v in written.values.items() if v.ndim == 1}
    most = max(counts.values(), default=1)
    for name, value in written.values.items():
        if value.ndim > 1:
            trouble.say(("values", name), f"{name} must be one number, or a list with one number per sample")
        elif value.ndim == 1 and len(value) != most:
            trouble.say(("values", name), f"{name} has {len(value)} values, but another list has {most}: "
                                          f"a list is one value per sample")
    return Form(scenario, written, tuple(parameters), Rows(most, dict(written.values), frozenset(counts)))


@dataclass
class Form:
    """The written equations, understood."""

    scenario: Scenario
    equations: Equations
    parameters: tuple[Parameter, ...]
    rows: Rows

    def write(self, samples: int, single: bool) -> Written:
        """The lines for a batch of `samples`; `single`: no batch ever has more than one."""
        b = Builder({SAMPLE: samples})
        data = tuple(b.var(name, SAMPLE if name in self.rows.per_sample else "", "data", name, (name,))
                     for name in self.rows.tensors)
        made = {p.name: b.var(p.name, "", "parameter", p.name, (p.name,)) for p in self.parameters}
        names: dict[str, Var] = {**{v.name: v for v in data}, **made}
        cost = self.equations.loss
        last = next(n for n, line in enumerate(self.equations.lines) if line.name == cost)
        aliases: dict[str, Var] = {}
        sample = settings = None
        for n, line in enumerate(self.equations.lines):
            batched = n == last and not single
            phase: Phase = "loss" if n >= last else "forward"
            name = "loss" if batched else line.name
            letters = letters_of(line.tree, names)
            out = b.var(name, SAMPLE if batched else letters, phase, name, (name,))
            lowering = Lowering(b, names, name)
            lowering.lower(line.tree, out)
            names[line.name] = b.line(phase, "", lowering.equations, line.text)
            if n == last:
                sample = names[line.name]
                if batched:
                    names[line.name], settings = cost_line(b, cost, self.scenario.loss.reduction, sample)
                else:
                    aliases["loss"] = sample
        assert sample is not None
        return Written(b, made, (*data, *(settings or ())), names[cost], sample, None, aliases)
