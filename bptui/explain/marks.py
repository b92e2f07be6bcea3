"""Where the source's printed figures belong: beside which value, in which update, and when it is made.

The verdict of a figure comes from `claims`, the same as `bptui check` gives. A figure printed for
∂E_o1/∂out_h1 belongs to the path through o1, if that is the only way from out_h1 to E_o1; one for
∂E_o1/∂net_o1 to ∂E/∂net_o1, if E_o1 is all that net_o1 reaches.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from ..engine.program import Program
from ..engine.scalars import Cell, Scalars
from ..engine.unroll import MOST_STATEMENTS, count_statements
from ..replay.meaning import Place, meaning
from ..replay.quantity import NotYet
from ..replay.run import Run
from ..replay.timeline import Position
from ..scenario.errors import QuantityError
from ..scenario.records import Claim
from ..scenario.trees import Tree
from .chain import Explainer
from .claims import WORDS, ClaimResult, decimals, judge_claim, judged
from .links import key_of
from .namer import Namer

Key = tuple[str, ...]


@dataclass(frozen=True)
class Printed:
    """A figure of the source: the claim, the update it is a value of, its key there, and when it is made."""

    number: int
    claim: Claim
    update: int
    key: Key
    made: Position

    @property
    def decimals(self) -> int:
        """How many decimals the figure is printed with."""
        return decimals(self.claim.value or "0")


def consumers(program: Program) -> dict[Cell, list[Cell]]:
    """Which scalars each scalar of the forward half feeds."""
    feeds: dict[Cell, list[Cell]] = {}
    for block in program.forward:
        for equation in block.equations:
            s = Scalars(equation)
            for flat in range(equation.out.size):
                for cells in s.all_cells(flat):
                    for cell in cells:
                        feeds.setdefault(cell, []).append((equation.out, flat))
    return feeds


class Marks:
    """The printed figures of a run's scenario, and their verdicts as far as they are known."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.namer = Namer(run.scenario)
        self.printed = tuple(self._placed(n, c) for n, c in enumerate(run.scenario.claims))
        self._results: dict[int, ClaimResult] = {}

    @cached_property
    def _by_place(self) -> dict[tuple[int, Key], Printed]:
        return {(p.update, p.key): p for p in reversed(self.printed) if p.key and p.claim.value is not None}

    def result(self, printed: Printed) -> ClaimResult:
        """The verdict of a figure; computing it may mean running to its update."""
        if printed.number not in self._results:
            try:
                self._results[printed.number] = judge_claim(self.run, printed.claim)
            except NotYet as error:                 # it will be known when the run has come there
                return ClaimResult(printed.claim, None, "differs", str(error))
        return self._results[printed.number]

    def at(self, update: int, key: Key, lane: int) -> Printed | None:
        """The figure that the source prints for `key` in this update and sample."""
        printed = self._by_place.get((update, key))
        if printed is None:
            return None
        sample = printed.claim.sample
        first = self.run.rows(printed.claim.after)[0] + 1 if sample is None else sample
        return printed if self.run.rows(update)[lane] + 1 == first or self.run.program(update).samples == 1 else None

    def beside(self, printed: Printed, value: float) -> ClaimResult:
        """The verdict on a figure beside the value that is shown (which an update in place may have changed)."""
        found = judged(printed.claim, value)
        if found.verdict not in ("differs", "undefined"):
            return found
        own = self.result(printed)                  # which knows a cause, and what is 0 but for rounding
        return own if own.computed == value or own.verdict == found.verdict == "undefined" else found

    def glyph(self, update: int, key: Key, lane: int, value: float) -> str:
        """The mark beside a value; "" where the source prints nothing."""
        printed = self.at(update, key, lane)
        return WORDS[self.beside(printed, value).verdict].mark if printed else ""

    # placing

    def _placed(self, number: int, claim: Claim) -> Printed:
        update, key = claim.after, ()
        with suppress(QuantityError):               # judged as a figure that differs, with the reason
            update, key = self._key(claim.tree, claim.after)
        return Printed(number, claim, update, key, self._made(update, key))

    def _name(self, place: Place) -> str:
        return self.namer.of(place.var, place.element or 0)

    def _key(self, tree: Tree, after: int) -> tuple[int, Key]:
        program = self.run.program(after)
        found = meaning(self.run, program, tree)
        if found is None or not found.place.scalar or (found.of is not None and not found.of.scalar):
            return after, ()
        place, name = found.place, self._name(found.place)
        if found.of is not None:
            return after, self._derivative(program, found.of, place)
        if found.kind == "value" and place.var.role == "parameter" and after:
            return after - 1, ("value", f"{name}⁺")
        key: dict[str, Key] = {"value": ("value", name), "grad": key_of(program.cost.name, name),
                               "next": ("value", f"{name}⁺")}
        return after, key.get(found.kind, ())

    def _derivative(self, program: Program, of: Place, by: Place) -> Key:
        plain = key_of(self._name(of), self._name(by))
        if of.var is not program.parts or program.samples > 1 or count_statements(program) > MOST_STATEMENTS:
            return plain
        part, x = of.cell(0), by.cell(0)
        if self._parts_from(program, x) == {part}:
            return key_of(program.cost.name, self._name(by))
        own = Explainer(self.run, 0, 0).adjoint_of(by.var)
        ways = [u for u in self._feeds[x] if part in self._parts_from(program, u)]
        if own is not None and len(ways) == 1 and self._parts_from(program, ways[0]) == {part}:
            u, flat = ways[0]
            return ("path", self._name(by), self.namer.of(u, flat % u.lane_size))
        return plain

    @cached_property
    def _feeds(self) -> dict[Cell, list[Cell]]:
        return consumers(self.run.program(0))

    def _parts_from(self, program: Program, cell: Cell) -> set[Cell]:
        """The loss parts that a scalar reaches."""
        reached, todo = set[Cell](), [cell]
        seen = {cell}
        while todo:
            here = todo.pop()
            if here[0] is program.parts:
                reached.add(here)
            for following in self._feeds.get(here, ()):
                if following not in seen:
                    seen.add(following)
                    todo.append(following)
        return reached

    def _made(self, update: int, key: Key) -> Position:
        """When the value of `key` is made: with its own value, a factor with the adjoint that it leads to."""
        at = min(update, self.run.updates)
        times = self.run.times(at)
        if key[:1] == ("value",) and key[1] in self._leaves:
            return Position(at)                     # data or a parameter: there from the start
        value = self._numbers.get(key if key[:1] == ("value",) else ("adjoint", key[1] if key[0] == "path" else key[-1])
                                  if key else (), times.cost_value)
        if value > times.count:                     # beyond the run's end: where the update would begin, it is over
            value = times.cost_value
        stop = times.stops(value)
        if key[:1] == ("path",):
            explainer = Explainer(self.run, at, 0)
            rows = explainer.chain(value).rows
            stop = next((r.made[1] for r in rows if r.key == key), stop)
        return Position(at, value, stop)

    @cached_property
    def _numbers(self) -> dict[Key, int]:
        """The numbers of the first update's values, by ("value", name) and ("adjoint", name of x)."""
        times = self.run.times(0)
        numbers: dict[Key, int] = {}
        for n, block in enumerate(times.blocks if self.run.model.named else ()):
            out = block.out
            for element in range(out.lane_size):
                x = out.derivative_of
                key = ("value", self.namer.of(out, element)) if x is None else ("adjoint", self.namer.of(x, element))
                numbers.setdefault(key, times.number(n, element))
        return numbers

    @cached_property
    def _leaves(self) -> set[str]:
        """The names of data and parameters, which are there from the start."""
        program = self.run.program(0)
        return {self.namer.of(v, e) for v in (*program.inputs, *program.state)
                for e in range(v.lane_size if self.run.model.named else 0)}
