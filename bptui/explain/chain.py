"""The chain of a value: how it was made, as rows of factors, paths, running products and a result.

A derivative's chain runs back from x to the loss, or to the first value that feeds several others: that
value's adjoint is factor 1, a sum over its uses. A forward or update value shows its own equation. Each row
knows at which value and stop it is made; who draws it hides what the position has not reached.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..engine.algebra import Leaf, product
from ..engine.program import FIXED, Var
from ..engine.scalars import Cell
from ..replay.run import Run
from ..replay.timeline import Timeline, scalars
from .bend import notes
from .detail import details, written_out
from .links import END, Chain, Factor, Kind, Link, Made, factor, key_of
from .moments import Moments
from .namer import Namer, unnamed
from .symbol import quotient
from .terms import ScalarReader, TermView
from .total import Total, nothing, total, when
from .uses import Uses

MOST_TERMS = 8
ORIGINS = {"data": "from the data", "noise": "drawn for this update", "parameter": "as it stands",
           "slot": "kept from the update before"}
MEANINGS = {"η": "the learning rate", "n": "samples in the batch", "μ": "the momentum", "τ": "the dampening",
            "λ": "the weight decay", "β1": "how much of m stays", "β2": "how much of v stays",
            "ε": "keeps off a division by 0", "α": "how much of v stays", "c": "the limit", "h": "the perturbation"}


@dataclass(frozen=True)
class Step:
    """One factor of a product: the local partial of `y` by `x`."""

    term: TermView
    y: Cell
    x: Cell
    made: Made


class Explainer:
    """Explains the values of one update for one sample. `lane` is its place in the batch.

    `seen` is how far the position has come: of a long sum that is not made yet, the terms are listed in the
    order in which they are made, and only afterwards by size. `unfolded` are the adjoints whose own chain is
    shown below the paths that they begin. With `ahead` what comes next is to be shown before it is made: its row is
    among those of a long sum, and formulas have no number in them that is not made. `whole` is for whoever cannot
    unfold: a use that is a sum over samples has their terms below it, and an entry of a Jacobian what makes it.
    """

    def __init__(self, run: Run, update: int, lane: int, seen: Made = END,
                 unfolded: frozenset[tuple[str, int]] = frozenset(), ahead: bool = False,
                 whole: bool = False) -> None:
        self.run, self.update, self.lane, self.seen, self.unfolded = run, update, lane, seen, unfolded
        self.program = run.program(update)
        self.times: Timeline = run.times(update)
        self.moments = Moments(self.program, self.times, seen, ahead)
        self.namer = Namer(run.scenario)
        self.reader = ScalarReader(run.env(update), self.program.made_by, self.namer)
        self.cost, self.top = self.program.cost.name, (self.program.cost, 0)
        self.ahead, self.whole = ahead, whole
        if ahead:
            self.reader.hidden = lambda cell: self.made(cell) > seen

    def _at_home(self, cell: Cell) -> None:
        """Call the tensors of the layer that `cell` belongs to by their short names (where elements have none)."""
        var = cell[0].of[0] if cell[0].of else cell[0]
        self.reader.namer = replace(self.namer, home=var.name.split(".")[0] if "." in var.name else "")

    def title(self, cell: Cell) -> str:
        """The full name of a scalar."""
        var, flat = cell
        return self.namer.of(var, flat % var.lane_size)

    # which value is which

    def cell(self, value: int) -> Cell:
        """The scalar of value number `value` for the selected sample."""
        block, element = self.times.locate(value)
        out = self.times.blocks[block].out
        return out, out.flat(element, self.lane)

    def made(self, cell: Cell) -> Made:
        """When a scalar is there."""
        return self.moments.made(cell)

    @property
    def uses(self) -> Uses:
        return Uses(self.run, self.update, self.namer, self.reader, self.cost)

    # chains

    def chain(self, value: int) -> Chain:
        """The chain of value number `value`, from 1."""
        cell = self.cell(value)
        if cell[0].role == "adjoint":
            return self.backward(cell)
        return self.equation(cell)

    def derivative(self, var: Var, element: int) -> Chain:
        """The chain of ∂E/∂x: the run's own where it makes one, else a finished chain of its query program."""
        own = self.adjoint_of(var)
        if own is not None:
            return self.backward((own, own.flat(element, self.lane)))
        estimate = self.program.gradients.get(var)
        if estimate is not None and estimate.role == "estimate" and self.has(estimate):
            return self.equation((estimate, element))
        return self.total((self.program.cost, 0), (var, var.flat(element, self.lane)))

    def total(self, y: Cell, x: Cell) -> Chain:
        """The finished chain of ∂y/∂x: of what the run does not make."""
        found = total(self.run, self.update, self.namer, y, x)
        if found.result is None or y == x:
            return nothing(self.program, y, x, when(self.times), (found.y, self.title(x)))
        return Finished(self, found, y).backward(found.result)

    def has(self, var: Var) -> bool:
        """Whether this update makes `var` (after the last one there is no update phase)."""
        return any(b.out is var for b in self.times.blocks)

    def true_derivative(self, var: Var, element: int) -> Chain:
        """The chain of d(E, x): the query program's where what the run made is something else."""
        training = self.run.scenario.training
        if training.update_order == "in_place" or training.gradient == "perturbation":
            return self.total((self.program.cost, 0), (var, var.flat(element, self.lane)))
        return self.derivative(var, element)

    def adjoint_of(self, var: Var) -> Var | None:
        """∂E/∂var among the run's own equations."""
        for block in self.times.blocks:
            if block.out.role == "adjoint" and block.out.of == (var,):
                return block.out
        return None

    def steps(self, cell: Cell) -> tuple[list[Step], Cell]:
        """The single-path factors from `cell` back, and the adjoint at which they begin."""
        steps: list[Step] = []
        while self.reader.count(cell) == 1:
            term = self.reader.term(cell, 0)
            if term.adjoint is None:
                break
            if term.adjoint[0] is not cell[0] and self._primal(term.adjoint) == self._primal(cell) and not term.local:
                cell = term.adjoint                 # the same, by another letter
                continue
            steps.append(Step(term, self._primal(term.adjoint), self._primal(cell), self.made(cell)))
            cell = term.adjoint
        return steps[::-1], cell

    @staticmethod
    def _primal(cell: Cell) -> Cell:
        return cell[0].of[0], cell[1]

    @np.errstate(all="ignore")
    def backward(self, cell: Cell) -> Chain:
        if not self.reader.namer.home:
            self._at_home(cell)
        steps, head = self.steps(cell)
        name, symbol = self.reader.name, self.reader.symbol
        formula = [factor(Leaf(symbol(cell)))]
        rows = self._head(head, "1" if steps else "")
        if steps:
            formula.append(factor(Leaf(symbol(head)), "1"))
        for n, step in enumerate(steps, 2):
            label = quotient(symbol(step.y), symbol(step.x))
            local = step.term.local
            value = float(np.prod([self.reader.value(c) for c in local])) if local else 1.0
            slope = written_out(self.reader, self.reader.product(local))
            rows.append(Link("factor", "×", str(n), str(label), self.reader.named(slope), self.reader.numbered(slope),
                            value, step.made, key_of(self.title(step.y), self.title(step.x)),
                            step.term.adjoint, local=self._composite(local), expression=slope))
            rows += notes(self.run, self.update, self.reader, step.y, step.x, step.made)
            rows += details(self.reader, slope, step.made)
            formula.append(factor(Leaf(label), str(n)))
            last = n == len(steps) + 1
            here = cell if last else steps[n - 1].term.adjoint
            assert here is not None
            made = product([self.reader.leaf(c) for c in step.term.cells if c in (step.term.adjoint, *local)])
            rows.append(Link("result" if last else "running", "=", "", name(here),
                            "" if last else f"so far: {' × '.join(map(str, range(1, n + 1)))}",
                            self.reader.numbered(made), self.reader.value(here), step.made, self._key(here), here,
                            expression=made))
        paths = self.reader.count(head) if self.reader.count(head) > 1 else 0
        return Chain(self.title(cell), tuple(formula), tuple(rows), cell, paths, back=True)

    def _key(self, cell: Cell) -> tuple[str, ...]:
        if cell[0].role == "share":
            return ("share", self.title(cell))
        if cell[0].role == "adjoint":
            return key_of(self.cost, self.title(self._primal(cell)))
        return ("value", self.title(cell))

    def _head(self, head: Cell, number: str) -> list[Link]:
        """The rows of the adjoint that a chain begins with: one rule, or a sum over the uses of a value."""
        made = self.made(head)
        count = self.reader.count(head)
        name = self.reader.name(head)
        if count == 0:
            return [Link("result", "=", "", name, f"{self.reader.name(self._primal(head))} does not feed "
                        f"{self.cost}", "", 0.0, made, self._key(head), head)]
        if count == 1:
            term = self.reader.term(head, 0)
            kind: Kind = "head" if number else "result"
            factors = (*((term.adjoint,) if term.adjoint else ()), *term.local)
            slope = written_out(self.reader, self.reader.product(factors))
            return [Link(kind, "" if number else "=", number, name, self.reader.named(slope),
                        self.reader.numbered(slope), self.reader.value(head), made, self._key(head), head,
                        local=self._composite(factors), expression=slope),
                    *self._noted(head, term, made), *details(self.reader, slope, made)]
        rows = self._paths(head)
        return [Link("head", "", number, name, self.uses.feeds(head), "", None, made, (), head), *rows,
                Link("sum" if number else "result", "Σ", "", name, self.uses.cancels(head), "", self.reader.value(head),
                    made, self._key(head), head, self._scale(head))]

    def _noted(self, head: Cell, term: TermView, made: Made) -> list[Link]:
        """What is to be said of a term of an adjoint, where its law bends."""
        if term.adjoint is not None and term.adjoint[0].role == "share":
            return []
        y = self._primal(term.adjoint) if term.adjoint is not None else self.top
        return notes(self.run, self.update, self.reader, y, self._primal(head), made)

    def _composite(self, factors: tuple[Cell, ...]) -> Cell | None:
        """The factor, if it is one and a product of several laws' slopes."""
        if len(factors) == 1 and factors[0][0].role == "local" and self.reader.made[factors[0][0]].law is None:
            return factors[0]
        return None

    def _scale(self, head: Cell) -> float:
        values = np.abs(self.reader.values(head))
        return float(np.nanmax(values)) if len(values) and not np.all(np.isnan(values)) else 0.0

    def _paths(self, head: Cell) -> list[Link]:
        """A row for each use; of many, the largest first, and a line for the rest."""
        values = self.reader.values(head)
        last_value, last_stop = self.made(head)
        base = last_stop - len(values)
        whole = head[0] not in self.program.block_of    # made at once, on the way to a value
        chosen, rest = self._choose(values, (last_value, last_stop))
        scale = self._scale(head)
        rows: list[Link] = []
        for place, m in enumerate(chosen):
            term = self.reader.terms(head, [m])[0]
            end = place == len(chosen) - 1 and not rest
            factors = (*((term.adjoint,) if term.adjoint else ()), *term.local)
            tree = self.reader.product(factors)
            there = last_value, last_stop if whole else base + m + 1
            share = term.adjoint if term.adjoint is not None and term.adjoint[0].role == "share" else None
            use = self.uses.through(head, term)
            rows.append(Link("path", "└" if end else "├", "", str(use),
                            self.uses.feeds(share) if share else self.reader.named(tree),
                            "" if share else self.reader.numbered(tree), term.value, there,
                            ("path", self.title(self._primal(head)),
                             self.title(self._primal(term.adjoint)) if term.adjoint else ""),
                            term.adjoint, scale, expression=None if share else tree, through=use.through))
            rows += self._noted(head, term, there)
            opened = term.adjoint is not None and by_name(term.adjoint) in self.unfolded
            if share and (opened or self.whole):
                rows += [replace(r, made=there, depth=r.depth + 1) for r in self._paths(share)]
            elif opened or self.whole:
                rows += details(self.reader, tree, there)
            if opened and term.adjoint is not None and not share:
                rows += [replace(r, depth=r.depth + 1) for r in self.backward(term.adjoint).rows]
        if rest:
            rows.append(Link("rest", "└", "", f"{len(rest)} more", self._left_out(values[rest], self.made(head)), "",
                            float(values[rest].sum()), self.made(head), scale=scale))
        return rows

    def _choose(self, values: np.ndarray, made: Made) -> tuple[list[int], list[int]]:
        """Which terms get a row, in what order, and which do not: few in their order, of many the largest first."""
        count = len(values)
        if count <= MOST_TERMS:
            return list(range(count)), []
        if self.seen >= made:
            size = np.where(np.isnan(values), np.inf, np.abs(values))       # what is not finite is the largest
            chosen = [int(m) for m in np.argsort(-size, kind="stable")[:MOST_TERMS - 2]]
        else:
            done = self.seen[1] - (made[1] - count) if self.seen[0] == made[0] else 0
            first = max(0, min(done + self.ahead, count) - (MOST_TERMS - 2))
            chosen = list(range(first, first + MOST_TERMS - 2))
        return chosen, sorted(set(range(count)) - set(chosen))

    def _left_out(self, values: np.ndarray, made: Made) -> str:
        return self.uses.left_out(values) if self.seen >= made else ""

    # forward, loss and update: the value's own equation

    @np.errstate(all="ignore")
    def equation(self, cell: Cell) -> Chain:
        """A value's own equation: its terms or operands, and the result."""
        self._at_home(cell)
        var = cell[0]
        self.reader.rows = [] if var.lanes or self.program.samples == 1 else self.run.rows(self.update)
        symbol = self.reader.symbol(cell)
        equation = self.program.made_by[var]
        last_value, last_stop = self.made(cell)
        rows: list[Link] = []
        scope = self.times.scope(self.moments.block_number(var))
        self.reader.steps = {eq.out: self.namer.made_on_the_way(eq.out, var.name) for eq in scope}
        for n, eq in enumerate(scope, 1):
            inner = (eq.out, self._corresponding(eq.out, cell))
            tree = self.reader.tree(inner)
            rows.append(Link("term", "", str(n), str(self.reader.steps[eq.out]), self.reader.named(tree),
                             self.reader.numbered(tree), self.reader.value(inner), (last_value, n), expression=tree,
                             step=unnamed(eq.out)))
        count = self.reader.count(cell) if equation.law is None else 1
        if equation.law is None and count > 1:
            rows += self._term_rows(cell, len(scope), last_value)
        else:
            for operand in () if scope else dict.fromkeys(c for c in self.operands(cell) if c[0].role not in FIXED):
                rows.append(Link("operand", "", "", self.reader.name(operand), self._origin(operand), "",
                                self.reader.value(operand), self.made(operand), self._key(operand), operand))
        tree = self.reader.tree(cell) if count <= MOST_TERMS else None
        rows.append(Link("result", "=", "", str(symbol), "", self.reader.numbered(tree) if tree else "",
                        self.reader.value(cell), (last_value, last_stop), self._key(cell), cell, expression=tree))
        self.reader.steps = {}
        whole = self.reader.tree(cell) if tree else None    # the steps written out
        right = factor(self.reader.symbols(whole), "1") if whole else Factor(f"a sum of {count} terms", "1")
        self.reader.rows = []
        return Chain(self.title(cell), (factor(Leaf(symbol)), right), tuple(rows), cell, expression=whole)

    def _term_rows(self, cell: Cell, before: int, value: int) -> list[Link]:
        values = self.reader.values(cell)
        chosen, rest = self._choose(values, self.made(cell))
        scale = float(np.nanmax(np.abs(values))) if np.any(np.isfinite(values)) else 0.0
        trees = [self.reader.product(t.cells) for t in self.reader.terms(cell, chosen)]
        rows = [Link("term", "" if m == 0 else "+", "", self.reader.named(tree), "", self.reader.numbered(tree),
                    float(values[m]), (value, before + m + 1), (), None, scale, expression=tree)
                for m, tree in zip(chosen, trees, strict=True)]
        if rest:
            rows.append(Link("rest", "", "", f"{len(rest)} more", self._left_out(values[rest], self.made(cell)), "",
                            float(values[rest].sum()), self.made(cell), scale=scale))
        return rows

    def operands(self, cell: Cell) -> list[Cell]:
        """The named scalars that a law or a product is made of; temporaries stand for theirs."""
        s = scalars(self.program.made_by[cell[0]])
        found: list[Cell] = []
        for c in s.cells(cell[1], 0) if s.count(cell[1]) else ():
            found += self.operands(c) if c[0].role == "temporary" else [c]
        return found

    def _corresponding(self, var: Var, cell: Cell) -> int:
        """The element of a temporary that belongs to an element of its line."""
        out, flat = cell
        if var.letters == out.letters:
            return flat
        return flat // out.lane_size if var.letters == "s" and out.lanes else 0

    def _origin(self, cell: Cell) -> str:
        """Where an operand comes from, in a word or two."""
        if cell[0].role == "setting":
            return MEANINGS.get(cell[0].name, "")
        return ORIGINS.get(cell[0].role, "")


def by_name(cell: Cell) -> tuple[str, int]:
    """A scalar as it is called in the program of any batch size."""
    return cell[0].name, cell[1]


class Finished(Explainer):
    """Explains a derivative that the run does not make: there when the backward phase is done, all at once."""

    def __init__(self, base: Explainer, found: Total, y: Cell) -> None:
        super().__init__(base.run, base.update, base.lane, base.seen, base.unfolded, whole=base.whole)
        self.namer, self.reader, self.cost, self.top = found.namer, found.reader, found.y, y

    def made(self, cell: Cell) -> Made:
        return when(self.times)

    def _paths(self, head: Cell) -> list[Link]:
        made = self.made(head)
        return [replace(r, made=made) for r in super()._paths(head)]
