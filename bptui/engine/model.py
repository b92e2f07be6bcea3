"""A scenario that has been understood, and its programs.

A `Model` has the parameters with their first values, the data, and a program for every objective and batch size
that the run needs. The forward half is written by the scenario's form, the backward half derived from it; with
`gradient = "perturbation"` the forward half is run again for each parameter instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache
from itertools import groupby

import numpy as np

from ..scenario.errors import Problem, ScenarioError, one_of, quoted
from ..scenario.records import Scenario
from . import limits
from .chance import mask, noise
from .derive import Reverse, walk
from .form import Form, Problems, Rows, Written
from .limits import PENALTY
from .names import MOST_NAMED, shared_names
from .optimizers import SETTINGS
from .perturb import perturbed
from .program import Block, Program, Var, live_equations
from .training import Settings, check_chance, understand_training
from .update import Updates, slots_of


@dataclass(frozen=True)
class Goal:
    """What an update makes smaller, and which parameters it may change."""

    minimize: str | None                            # None: the scenario's own loss
    parameters: frozenset[str]
    updates: int                                    # in a row, before the next objective has its turn


class Model:
    """A scenario that has been understood: parameters with their first values, data, and programs.

    `problems` are those that were noted on the way to the form. Raises ScenarioError.
    """

    def __init__(self, scenario: Scenario, form: Form, problems: Problems) -> None:
        self.scenario, self.form = scenario, form
        self.parameters = form.parameters
        self.rows = form.rows
        self.held = form.held
        """The validation rows; without targets they are only predicted for."""
        judged = self.held is not None and form.rows.tensors.keys() == self.held.tensors.keys()
        self.settings: Settings = understand_training(scenario, problems, self.parameters, form.lines, judged)
        problems.raise_if_any()
        check_chance(problems, scenario, self.rows.count, form.noisy or any(p.drawn for p in self.parameters))
        problems.raise_if_any()
        self.judged = judged
        self.goals = tuple(Goal(o.minimize, frozenset(o.parameters), o.updates)
                           for o in scenario.training.objectives) or (
            Goal(None, frozenset(p.name for p in self.parameters if p.trained), 1),)
        self.size = sum(p.value.size for p in self.parameters)
        self.named = self.size <= MOST_NAMED        # whether elements have generated names
        batch = scenario.training.batch
        self.batch = self.rows.count if batch == "all" else min(batch, self.rows.count)
        self._parts = 0                             # of all programs that are written
        self._trained = frozenset(name for goal in self.goals for name in goal.parameters)
        self._programs = cache(self._program)
        self.evaluation = cache(self._evaluation)
        shared = shared_names(self.program(self.batch), form.letters) if form.letters else {}
        if shared:
            raise ScenarioError([Problem(("names", part), f"{part} cannot be called {quoted(form.letters[part])}: "
                                         f"{name} is another name here") for part, name in shared.items()])
        self.listed = cache(self._listed)

    def over(self, rows: Rows) -> Model:
        """The same model, its programs too, over other data of the same shape."""
        other = copy(self)
        other.rows = rows
        return other

    def trained(self, name: str) -> bool:
        """Whether any objective changes the parameter."""
        return name in self._trained

    def _listed(self, program: Program) -> tuple[Var, ...]:
        """The parameters of one of its programs in the order of lists: those that are ever trained first."""
        return tuple(sorted(program.parameters, key=lambda var: not self.trained(var.name)))

    def write(self, samples: int, goal: Goal) -> Written:
        """The forward half for an update of `goal`."""
        return self.form.write(samples, self.batch == 1, goal.minimize)

    def program(self, samples: int, goal: int = 0) -> Program:
        """The program of an objective for a batch of `samples`, written once. ScenarioError if it is too large."""
        return self._programs(samples, goal)

    def _program(self, samples: int, goal: int) -> Program:
        program = _Writing(self, samples, self.goals[goal]).program()
        self._parts += limits.check(program, self.form.key, lambda: _Writing(self, 1, self.goals[goal]).program()).parts
        if self._parts > limits.MOST_PARTS:
            raise limits.too_many_parts(self.form.key, self._parts, "the run")
        return program

    def _evaluation(self, held: bool) -> Program:
        """The forward half over the whole training set, or the rows held back; without targets, without its loss.

        ScenarioError where that is more than can be held at once.
        """
        rows = self.held if held else self.rows
        assert rows is not None
        if fault := limits.evaluation_fault(self.form.numbers, rows.count):
            raise ScenarioError([Problem(("data", "validation" if held else "inputs"), fault)])
        written = self.form.write(rows.count, False, None, evaluating=True)
        blocks = tuple(written.builder.blocks)
        if held and not self.judged:
            blocks = tuple(b for b in blocks if b.phase == "forward")
        used = {v for b in blocks for eq in b.equations for v in eq.operands}
        inputs = tuple(v for v in (*written.data, *written.builder.settings.values()) if v in used)
        return Program(rows.count, written.builder.extents, blocks, tuple(written.parameters.values()),
                       tuple(written.running), (), inputs, written.cost, written.watched, written.loss, written.parts,
                       {}, {}, written.aliases, written.stacks, written.extras)

    def first_state(self) -> dict[str, np.ndarray]:
        """The parameters' first values, and empty slots, by name."""
        program = self.program(self.batch)
        starts = {v.name: np.full(v.shape, program.running.get(v, 0.0)) for v in program.slots}
        return {p.name: p.value for p in self.parameters} | starts

    def feed(self, program: Program, rows: Sequence[int], update: int, epoch: int,
             held: bool = False) -> tuple[np.ndarray, ...]:
        """What `program` is fed with on `rows` (from 0) in an update, in the order of its inputs."""
        data = self.held if held and self.held is not None else self.rows
        settings = {**self.settings.at(epoch), "n": float(len(rows))}
        seed, drawn = self.scenario.training.seed, self.form.noise

        def fed(v: Var) -> np.ndarray:
            if v.role == "setting":
                return np.asarray(settings[v.name])
            if v.name in program.masks:
                return mask(program.masks[v.name], v.name, seed, update, v.shape)
            if v.role == "noise":
                return noise(drawn[v.name].kind, drawn[v.name].options, v.name, seed, update, v.shape)
            return data.tensors[v.name][list(rows)] if v.name in data.per_sample else data.tensors[v.name]
        return tuple(fed(v) for v in program.inputs)


class _Writing:
    """One program being written."""

    def __init__(self, model: Model, samples: int, goal: Goal) -> None:
        self.model, self.samples = model, samples
        self.written = model.write(samples, goal)
        b = self.written.builder
        self.setting = b.setting
        self.lines = tuple(b.blocks)
        self.parameters = self.written.parameters
        self.trained = [v for name, v in self.parameters.items() if name in goal.parameters]
        self.slots = {v: slots_of(model.settings.lines, v) for name, v in self.parameters.items()
                      if model.trained(name)}
        uses: dict[Var, int] = {}
        for n, line in enumerate(self.lines):
            for eq in line.equations:
                for v in eq.operands:
                    uses.setdefault(v, n)
        self.first_use = {v: uses.get(v, 0) for v in self.trained}
        self.first_used = {n: list(each) for n, each in groupby(
            sorted(self.trained, key=self.first_use.__getitem__), key=self.first_use.__getitem__)}
        self.reverse = Reverse(b.extents, b.constant, self.written.cost.name, frozenset(self.trained))
        self.updates = Updates(model.settings.lines, self.setting, self.reverse.blocks.append)
        self.gradients: dict[Var, Var] = {}

    def _group(self, v: Var) -> str:
        return self.lines[self.first_use[v]].group

    def program(self) -> Program:
        training, w = self.model.scenario.training, self.written
        in_place = training.update_order == "in_place"
        self.setting("η")
        if in_place:
            self._refuse_shared()
        if training.gradient == "perturbation":
            passes = sum(v.size for v in self.trained) * w.builder.parts
            if passes > limits.MOST_PARTS:
                raise limits.too_many_parts(("training", "gradient"), passes, "every pass of a perturbation together")
            self.gradients = perturbed(self.lines, self.trained, w.cost, self.setting("h"), self.reverse.blocks.append)
        else:
            walk(self.reverse, self.lines, w.cost, (), self._after_line(in_place))
        if training.clip_norm is not None:
            self.gradients = self.updates.clipped_by_norm({v: self._group(v) for v in self.trained}, self.gradients)
        for v in self.trained:
            if v not in self.updates.nexts:
                self._update(v)
        for update in w.updates:
            running, block = update()
            self.reverse.blocks.append(block)
            self.updates.nexts[running] = block.out
        settings = w.builder.settings
        slots = (*(s for kinds in self.slots.values() for s in kinds.values()), *w.running)
        names = {key: settings[symbol] for key, symbol in SETTINGS.items() if symbol in settings}
        return Program(self.samples, w.builder.extents, (*self.lines, *self.reverse.blocks),
                       tuple(self.parameters.values()), slots, tuple(self.trained),
                       (*w.data, *settings.values()), w.cost, w.watched, w.loss,
                       w.parts, self.gradients, self.updates.nexts, {**names, **w.aliases}, w.stacks,
                       w.extras, w.running, w.noises)

    def _after_line(self, in_place: bool) -> Callable[[int, Block], None]:
        lines = self.lines

        def after(n: int, line: Block) -> None:
            for v in self.first_used.get(n, ()):
                self.gradients[v] = self.reverse.make_adjoint(v, "backward", line.group)
            closed = n == 0 or lines[n - 1].group != line.group or not line.group
            if in_place and closed:
                for v in self.trained:
                    if v in self.gradients and v not in self.updates.nexts:
                        self.reverse.current[v] = self._update(v)
        return after

    def _update(self, v: Var) -> Var:
        """Write the update of a parameter; its value afterwards."""
        if self.model.scenario.training.clip_value is not None:
            self.gradients[v] = self.updates.clipped_at(self._group(v), v, self.gradients[v])
        return self.updates.write(self._group(v), v, self.gradients[v], self.slots[v])

    def _refuse_shared(self) -> None:
        """An update in place needs one layer (or line) that a parameter belongs to, among those that feed the cost."""
        feeding = set(live_equations([eq for line in self.lines for eq in line.equations], [self.written.cost]))
        for v in self.trained:
            users = dict.fromkeys(line.group or line.out.name for line in self.lines if line.out.name != PENALTY
                                  and any(v in eq.operands for eq in line.equations if eq in feeding))
            if len(users) > 1:
                raise ScenarioError([Problem(("training", "update_order"),
                                             f"in_place cannot be used here: {v.name} is shared by "
                                             f"{one_of(users).replace(' or ', ' and ')}")])
