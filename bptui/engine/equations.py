"""The `[equations]` form: the scenario writes its own lines, over parameters and values that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..scenario.records import Equations, Init, Scenario
from ..scenario.trees import Tree
from .builder import Builder, Lowering, letters_of, names_in
from .form import (
    Editable,
    FormWords,
    Parameter,
    Problems,
    Rows,
    Written,
    by_chance,
    cost_line,
    initial,
    penalised,
)
from .limits import MOST_PARTS, too_many_parts
from .program import Phase, Var
from .structure import SAMPLE


def understand(scenario: Scenario, written: Equations, problems: Problems) -> EquationsForm:
    """Check the values, draw the parameters. A list in `[values]` has one value for each sample."""
    parameters: list[Parameter] = []
    owner = {name: n for n, line in reversed(list(enumerate(written.lines))) for name in names_in(line.tree)}
    for name, values in written.parameters.items():
        value = initial(problems, ("parameters", name), values, name, scenario.training.seed, (), (1, 1),
                        f"{name} must be one number, or a table with an init")
        parameters.append(Parameter(name, value, True, owner.get(name, 0), True, by_chance(values)))
    counts = {name: len(v) for name, v in written.values.items() if v.ndim == 1}
    most = max(counts.values(), default=1)
    punished = penalised(problems, scenario.loss, parameters)
    for name, value in written.values.items():
        if value.ndim > 1:
            problems.say(("values", name), f"{name} must be one number, or a list with one number per sample")
        elif value.ndim == 1 and len(value) != most:
            problems.say(("values", name), f"{name} has {len(value)} values, but another list has {most}: "
                                          f"a list is one value per sample")
    rows = Rows(most, dict(written.values), frozenset(counts))
    return EquationsForm(scenario, written, tuple(parameters), rows, punished)


@dataclass
class EquationsForm:
    """The written equations, understood."""

    scenario: Scenario
    equations: Equations
    parameters: tuple[Parameter, ...]
    rows: Rows
    punished: tuple[str, ...]                       # by l1 and l2

    name = "equations"
    key = ("equations", "forward")
    held = None
    numbers = 0                                     # few, as each is written
    least = None
    groups = ()
    inputs = ()                                     # each number has a name of its own

    @property
    def editable(self) -> Mapping[str, Editable]:
        return {}

    @property
    def noise(self) -> Mapping[str, Init]:
        return self.equations.noise

    @property
    def noisy(self) -> bool:
        return bool(self.noise)

    @property
    def lines(self) -> Mapping[str, Tree]:
        return {line.name: line.tree for line in self.equations.lines}

    @property
    def letters(self) -> Mapping[str, str]:
        return self.scenario.letters

    def words(self) -> FormWords:
        count = len(self.equations.lines)
        return FormWords("equation", {line.name: line.text for line in self.equations.lines},
                         f"{count} written equation{'s' * (count != 1)}",
                         "parameters, values, learning_rate or optimizer")

    def write(self, samples: int, single: bool, minimize: str | None, evaluating: bool = False) -> Written:
        """The lines for a batch of `samples`; `single`: no batch ever has more than one.

        `minimize` names the line that is made smaller, if it is not the loss. The loss and what any objective makes
        smaller are costs of the batch, whosever turn it is. A line that feeds one of them reads what a sample has;
        the lines after the last read the batch's.
        """
        b = Builder({SAMPLE: samples})
        data = tuple(b.var(name, SAMPLE if name in self.rows.per_sample else "", "data", name, (name,))
                     for name in self.rows.tensors)
        data += tuple(b.var(name, SAMPLE, "noise", name, (name,)) for name in self.equations.noise)
        made = {p.name: b.var(p.name, "", "parameter", p.name, (p.name,)) for p in self.parameters}
        names: dict[str, Var] = {**{v.name: v for v in data}, **made}
        watched = self.equations.loss
        costs = dict.fromkeys((watched, *(o.minimize for o in self.scenario.training.objectives)))
        last = max(n for n, line in enumerate(self.equations.lines) if line.name in costs)
        aliases: dict[str, Var] = {}
        samples_of: dict[str, Var] = {}
        costs_of: dict[str, Var] = {}
        for n, line in enumerate(self.equations.lines):
            cost = line.name in costs
            phase: Phase = "loss" if cost or n > last else "forward"
            punished = [made[name] for name in self.punished] if cost and line.name == watched else []
            batched = cost and not single
            sample_name = "loss" if line.name == watched else f"{line.name}.sample"
            name = sample_name if batched or (punished and self.scenario.loss.penalty) else line.name
            letters = letters_of(line.tree, names)
            out = b.var(name, SAMPLE if batched else letters, phase, name, (name,))
            lowering = Lowering(b, names, name)
            lowering.lower(line.tree, out)
            names[line.name] = b.line(phase, "", lowering.equations, line.text, tree=line.tree)
            if b.parts > MOST_PARTS:
                raise too_many_parts(("equations", "forward", n), b.parts, "what is written up to this equation")
            if cost:
                samples_of[line.name] = names[line.name]
                loss = self.scenario.loss
                costs_of[line.name] = cost_line(b, line.name, loss, names[line.name], batched, punished)
            if n == last:
                names |= costs_of
        aliases["loss"] = samples_of[watched]
        return Written(b, made, data, costs_of[minimize or watched], costs_of[watched],
                       samples_of[watched], None, aliases)
