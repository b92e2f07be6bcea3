"""A scenario that has been understood, and its programs.

A `Model` has the parameters with their first values, the data, and a program for every batch size that the
run needs. The forward half is written by the scenario's form, the backward half derived from it.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ..scenario.errors import Problem, ScenarioError, one_of
from ..scenario.records import Scenario
from . import equations, network
from .derive import Reverse, update_block, walk
from .form import Parameter, Rows, Trouble
from .names import MOST_NAMED
from .program import Block, Program, Var, live_equations

LATER_OPTIMIZERS = ("adagrad", "rmsprop", "adam", "adamw")


class Model:
    """A scenario that has been understood: parameters with their first values, data, and programs."""

    def __init__(self, scenario: Scenario) -> None:
        trouble = Trouble()
        trouble.choice(("training", "optimizer"), "optimizer", scenario.training.optimizer, ("sgd",),
                       LATER_OPTIMIZERS)
        form = network if scenario.network else equations
        self.scenario = scenario
        self._form = form.understand(scenario, trouble)
        trouble.raise_if_any()
        self.parameters: tuple[Parameter, ...] = self._form.parameters
        self.rows: Rows = self._form.rows
        self.size = sum(p.value.size for p in self.parameters)
        self.named = self.size <= MOST_NAMED        # whether elements have generated names
        batch = scenario.training.batch
        self.batch = self.rows.count if batch == "all" else min(batch, self.rows.count)
        self.program = cache(self._program)

    def _program(self, samples: int) -> Program:
        """The program for a batch of `samples`."""
        single = self.batch == 1
        written = self._form.write(samples, single)
        b = written.builder
        rate = b.var("η", "", "setting", "η")
        trained = [(written.parameters[p.name], p) for p in self.parameters if p.trained]
        in_place = self.scenario.training.update_order == "in_place"
        reverse = Reverse(b.extents, b.constant, written.cost.name, frozenset(v for v, _ in trained))
        lines = tuple(b.blocks)
        first_use = {v: next((n for n, line in enumerate(lines) for eq in line.equations if v in eq.operands), 0)
                     for v, _ in trained}
        if in_place:
            self._refuse_shared([v for v, _ in trained], written.cost, lines)
        gradients: dict[Var, Var] = {}
        nexts: dict[Var, Var] = {}

        def update(v: Var) -> None:
            line = lines[first_use[v]]
            block = update_block(line.group, v, gradients[v], rate)
            nexts[v] = block.out
            reverse.blocks.append(block)
            if in_place:
                reverse.current[v] = block.out

        def after_line(n: int, line: Block) -> None:
            here = [v for v, _ in trained if first_use[v] == n]
            for v in here:
                gradients[v] = reverse.make_adjoint(v, "backward", line.group)
            closed = n == 0 or lines[n - 1].group != line.group or not line.group
            if in_place and closed:
                for v, _ in trained:
                    if v in gradients and v not in nexts:
                        update(v)

        walk(reverse, lines, written.cost, (), after_line)
        for v, _ in trained:
            if v not in nexts:
                update(v)
        settings = [rate, *(v for v in written.inputs if v.role == "setting")]
        inputs = (*(v for v in written.inputs if v.role == "data"), *settings)
        return Program(samples, b.extents, (*lines, *reverse.blocks), tuple(written.parameters.values()),
                       tuple(v for v, _ in trained), inputs, written.cost, written.loss, written.parts, gradients,
                       nexts, written.aliases)

    def _refuse_shared(self, trained: list[Var], cost: Var, lines: tuple[Block, ...]) -> None:
        """An update in place needs one layer (or line) that a parameter belongs to, among those that feed the cost."""
        feeding = set(live_equations([eq for line in lines for eq in line.equations], [cost]))
        for v in trained:
            users = dict.fromkeys(line.group or line.out.name for line in lines
                                  if any(v in eq.operands for eq in line.equations if eq in feeding))
            if len(users) > 1:
                raise ScenarioError([Problem(("training", "update_order"),
                                             f"in_place cannot be used here: {v.name} is shared by "
                                             f"{one_of(users).replace(' or ', ' and ')}")])

    def feed(self, program: Program, rows: list[int]) -> tuple[np.ndarray, ...]:
        """What one update on `rows` (from 0) is fed with, in the order of `program.inputs`."""
        settings = {"η": self.scenario.training.learning_rate, "n": float(len(rows))}
        return tuple(np.asarray(settings[v.name]) if v.role == "setting" else
                     self.rows.tensors[v.name][rows] if v.name in self.rows.per_sample else
                     self.rows.tensors[v.name] for v in program.inputs)
