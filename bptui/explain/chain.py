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
from .namer import Namer, step_of, unnamed
from .symbol import quotient
from .terms import ScalarReader, TermView
from .total import Total, nothing, total, when

MOST_TERMS = 8
ORIGINS = {"data": "from the data", "noise": "drawn for this update", "parameter": "as it stands",
           "slot": "kept from the update before"}
MEANINGS = {"η": "the learning rate", "n": "samples in the batch", "μ": "the momentum", "τ": "the dampening",
            "λ": "the weight decay", "β1": "how much of m stays", "β2": "how much of v stays",
            "ε": "keeps off a division by 0", "α": "how much of v stays", "c": "the limit", "h": "the perturbation"}


@dataclass(frozen=True)
class Use:
    """One of the uses that an adjoint is a sum over: `through o1`, or by a sample, a line, a step in time."""

    name: str
    through: bool = False                           # whether it is a value that the path leads through

    def __str__(self) -> str:
        return f"through {self.name}" if self.through else self.name


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
        """When a scalar is there: leaves from the start, values at their last stop."""
        var, flat = cell
        block = self.program.block_of.get(var)
        if self.ahead and var.role in ("local", "temporary") and var in self.program.home_of:
            return self._on_the_way(cell)
        if block is None and var.role in ("adjoint", "share", "local") and var in self.program.home_of:
            return self._in_scope(self.program.home_of[var], cell)
        if block is None:
            return (0, 0)
        if not any(b is self.program.blocks[block] for b in self.times.blocks):
            return END if self.ahead else (0, 0)    # an update that is not made after the last: what it says is given
        value = self.times.number(self.block_number(var), flat % var.lane_size)
        return (value, self.times.stops(value))

    def _in_scope(self, block: int, cell: Cell) -> Made:
        """When what a block makes on the way is there: a share with its term of the sum, else with the first value."""
        if block >= len(self.times.blocks):
            return END
        var, flat = cell
        final = self.times.blocks[block].equations[-1]
        if var.role == "share":
            value = self.times.number(block, flat % var.lane_size)
            term = next(n for n, t in enumerate(final.terms) if t.args[0] is var)
            return (value, self.times.stops(value) - len(final.terms) + term + 1)
        value = self.times.span(block)[0]
        return (value, self.times.stops(value))

    def _on_the_way(self, cell: Cell) -> Made:
        """When a factor, or a step, of a value that is shown ahead is there: never before that value is begun."""
        var, flat = cell
        home = self.program.home_of[var]
        if home >= len(self.times.blocks):
            return END
        if var.role == "local":
            own = var.lane_size == self.times.blocks[home].out.lane_size
            value = self.times.number(home, flat % var.lane_size) if own else self.times.span(home)[1]
            return (value, self.times.stops(value))
        stop = next((n for n, eq in enumerate(self.times.scope(home), 1) if eq.out is var), 0)
        value, inner = self.seen
        value += inner >= self.times.stops(value)   # steps are made anew for each value
        first, last = self.times.span(home)
        return (min(max(value, first), last), stop) if stop else END

    def block_number(self, var: Var) -> int:
        return self.times.blocks.index(self.program.blocks[self.program.block_of[var]])

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
        return [Link("head", "", number, name, self._feeds(head), "", None, made, (), head), *rows,
                Link("sum" if number else "result", "Σ", "", name, self._cancels(head), "", self.reader.value(head),
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
            use = self.through(head, term)
            rows.append(Link("path", "└" if end else "├", "", str(use),
                            self._feeds(share) if share else self.reader.named(tree),
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
            rows.append(Link("rest", "└", "", f"{len(rest)} more", self._rest_words(values[rest], self.made(head)), "",
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

    def _rest_words(self, values: np.ndarray, made: Made) -> str:
        if self.seen < made:
            return ""
        zeros = int(np.sum(values == 0))
        if zeros == len(values):
            return "all exactly 0"
        return f"{zeros} of them exactly 0" if zeros else "smaller than those above"

    def through(self, head: Cell, term: TermView) -> Use:
        """What a path is called: by what the sum runs over."""
        if term.adjoint is None:
            lane = next((flat // v.lane_size for v, flat in term.cells if v.lanes), None)
            one = lane is None or head[0].of[0].lanes or self.program.samples == 1
            return Use("itself" if one else f"sample {self.run.rows(self.update)[lane or 0] + 1}")
        var, flat = term.adjoint
        if var.role == "share":
            return Use(self.namer.by(var.of[1]))
        of = var.of[0]
        x = head[0].of[0]
        words: list[str] = []
        if of.lanes and not x.lanes and self.program.samples > 1:
            rows = self.run.rows(self.update)
            words.append(f"sample {rows[flat // of.lane_size] + 1}")
        one_unit = x.role == "parameter" and len(x.lane_shape) > 0
        if not (words and one_unit) or (of.lane_size > 1 and not one_unit):
            unit = self.namer.unit(of, flat % of.lane_size)
            if not words:
                return Use(unit, through=True)
            words.append(unit)
        return Use(", ".join(words))

    def _feeds(self, head: Cell) -> str:
        """What a value feeds: `feeds o1 and o2`."""
        x = head[0].of[0]
        values = self.reader.values(head)
        first = self.reader.term(head, 0).adjoint
        if first is not None and first[0].role == "share":
            return f"a sum over {len(values)} {'steps' if step_of(first[0].of[1]) else 'uses'}"
        if len(values) > 3 or (not x.lanes and self.program.samples > 1):
            over = f"{len(values)} samples" if not x.lanes and len(values) == self.program.samples else \
                f"{len(values)} uses"
            return f"a sum over {over}"
        through = [self.through(head, t).name for t in self.reader.terms(head)]
        return f"feeds {' and '.join([', '.join(through[:-1]), through[-1]])}"

    def _cancels(self, head: Cell) -> str:
        """How much the terms of a sum take from each other."""
        values = self.reader.values(head)
        up, down = float(values[values > 0].sum()), float(-values[values < 0].sum())
        if not up or not down or not np.isfinite(up + down):
            return ""
        less, more = min(up, down), max(up, down)
        if len(values) == 2:
            taker = self.through(head, self.reader.terms(head)[int(np.argmin(np.abs(values)))])
            return f"{taker.name} takes back {100 * less / more:.0f} %"
        return f"{200 * less / (up + down):.0f} % cancels"

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
        scope = self.times.scope(self.block_number(var))
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
            rows.append(Link("rest", "", "", f"{len(rest)} more", self._rest_words(values[rest], self.made(cell)), "",
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

    def through(self, head: Cell, term: TermView) -> Use:
        seed = next((c for c in term.cells if c[0].role == "seed"), None)
        return super().through(head, term) if seed is None else Use(self.cost, through=True)

    def _paths(self, head: Cell) -> list[Link]:
        made = self.made(head)
        return [replace(r, made=made) for r in super()._paths(head)]
