"""A value of two runs side by side: which factor or path of it differs, and why, as far as the programs say it.

The reason is only given when it is true: a parameter that one run has changed before it reads it, another law, a
value before this one that differs already, what a what-if run edited, or what the two scenarios say differently.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..engine.program import FIXED, Var
from ..engine.scalars import Cell
from ..replay.fork import Fork
from ..replay.timeline import scalars
from .differences import differences
from .notation import counted
from .pairs import IN_BATCH, SAMPLES, Both, Pair, ancestors, related, unlike
from .terms import TermView
from .twins import Letters, Side, both_sides, itself, origin, read, unequal

MOST_TERMS = 8                                      # of a sum that have a row each
MOST_REASONS = 3
NO_REASONS = ("training.updates", "training.epochs", "training.until", "training.patience", "names.")   # when it ends


@dataclass(frozen=True)
class Compared:
    """A number of A beside that of B; `here` is where they begin to differ. `inner` is the path's number, from 1."""

    name: str
    a: float
    b: float
    signed: bool = True
    here: bool = False
    inner: int = 0
    whole: bool = False                             # whether it counts something

    @property
    def same(self) -> bool:
        return not bool(unlike(np.array([self.a], float), np.array([self.b], float))[0])

    @property
    def change(self) -> float | None:
        """B - A; None where there is no such number."""
        change = 0.0 if self.same else self.b - self.a
        return change if np.isfinite(self.b) and np.isfinite(self.a) and np.isfinite(change) else None


@dataclass(frozen=True)
class Detail:
    """What stands side by side: where it is, as `at out_h1, path 1 of 2`, the rows, and the reasons in words."""

    where: str
    rows: tuple[Compared, ...]
    reasons: tuple[str, ...] = ()
    late: bool = False                              # whether a run reads a parameter that it has changed already


def given(both: Both, update: int, letters: Letters, chosen: int = 0) -> Detail:
    """What an update starts from, as far as it differs."""
    apart = both.apart(update)
    rows = tuple(Compared(IN_BATCH if g.name == SAMPLES else g.name, g.a, g.b, False, n == chosen, 0, g.name == SAMPLES)
                 for n, g in enumerate(apart.given))
    return Detail(f"at {rows[chosen].name}" if rows else "at the start of the update", rows,
                  _reasons(both, letters, update) if rows else ())


@np.errstate(all="ignore")
def detail(both: Both, pair: Pair, update: int, letters: Letters, inner: int = 0) -> Detail:
    """A value that both make. `inner` chooses one of its terms, from 1; else it is the first that differs."""
    lane = pair.lane
    of = a, b = both_sides(both, pair, update)
    name = a.at.title(a.primal)
    back = a.cell[0].derivative_of is not None
    samples = a.at.program.samples
    sample = f" of sample {both.a.rows(update)[lane] + 1}" if samples > 1 and a.cell[0].lanes else ""
    total = Compared(f"sum at {name}" if back else a.at.title(a.cell), a.value(a.cell), b.value(b.cell), back)
    terms = [_terms(each) for each in of]
    scoped = any(each.equation.law is not None or each.at.times.scope(
        each.at.moments.block_number(each.cell[0])) for each in of)
    if scoped or terms[0] is None or terms[1] is None or len(terms[0]) != len(terms[1]) or len(terms[0]) == 0:
        whole = total if not back else Compared(a.at.title(a.cell), total.a, total.b)
        return _operands(both, a, b, f"at {name}{sample}", whole, letters)
    count = len(terms[0])
    differing = np.flatnonzero(unlike(terms[0], terms[1]))
    asked = 0 < inner < count or (inner == count and (inner - 1 in differing or not len(differing)))
    m = inner - 1 if asked else int(differing[0]) if len(differing) else 0
    factors, pairs = _factors(a, b, m)
    rows = list(factors)
    first = next((n for n, row in enumerate(rows) if not row.same), None)
    if first is not None:
        rows[first] = replace(rows[first], here=True)
    if count > 1:
        chosen = range(count) if count <= MOST_TERMS else sorted({m, *map(int, differing[:MOST_TERMS - 1])})
        for k in chosen:
            called = _called(a, k)
            rows.append(Compared(called, float(terms[0][k]), float(terms[1][k]), True,
                            first is None and k == m and k in differing, k + 1))
    elif back:
        total = Compared(a.at.title(a.cell), total.a, total.b)
    if not any(row.here for row in rows) and not total.same:
        total = replace(total, here=True)
    path = f", {'path' if back else 'part'} {m + 1} of {count}" if count > 1 else ""
    return Detail(f"at {name}{path}{sample}", (*rows, total),
                  *_why(both, a, b, pairs, letters) if not total.same else ((), False))


def _terms(of: Side) -> np.ndarray | None:
    """The values of all terms of a sum; None for a law."""
    return None if of.equation.law is not None else np.array(of.at.reader.values(of.cell), float)


def _called(of: Side, m: int) -> str:
    """What a term is called: `through o1`, `sample 991`, or its factors."""
    term = of.term(m)
    if of.cell[0].derivative_of is not None and term.adjoint is not None:
        return str(of.at.uses.through(of.cell, term))
    return of.at.reader.names_text(term.cells)


def _factors(a: Side, b: Side, m: int) -> tuple[list[Compared], list[tuple[Cell, Cell]]]:
    """The factors of a term, and the scalars of both runs that they are."""
    mine, theirs = a.term(m), b.term(m)
    rows: list[Compared] = []
    pairs: list[tuple[Cell, Cell]] = []
    x, y = mine.adjoint, theirs.adjoint
    if x is not None and y is not None:
        rows.append(Compared(a.at.title(x), a.value(x), b.value(y)))
        pairs.append((x, y))
        if mine.local and theirs.local:
            one, other = (float(np.prod([of.value(c) for c in term.local])) for of, term in ((a, mine), (b, theirs)))
            late = any(c[0].role == "next" for c in mine.local)     # then B's name, which has no ⁺, says what is meant
            rows.append(Compared(_local(b, y, theirs) if late else _local(a, x, mine), one, other))
            if len(mine.local) == len(theirs.local):
                pairs += zip(mine.local, theirs.local, strict=True)
        return rows, pairs
    cells = [[c for c in term.cells if c[0].role not in FIXED] for term in (mine, theirs)]
    if len(cells[0]) == len(cells[1]):
        for c, d in zip(*cells, strict=True):
            rows.append(Compared(a.at.title(c), a.value(c), b.value(d), c[0].derivative_of is not None))
            pairs.append((c, d))
    return (rows if len(rows) > 1 else []), pairs


def _local(of: Side, adjoint: Cell, term: TermView) -> str:
    """`∂net_o1/∂out_h1 = w5`: a local partial by its name, and what it is."""
    what = of.at.reader.names_text(term.local)
    if adjoint[0].role != "adjoint" or of.cell[0].role != "adjoint":
        return what
    name = f"∂{of.at.title((adjoint[0].of[0], adjoint[1]))}/∂{of.at.title(of.primal)}"
    return f"{name} = {what}" if " " not in what else name


def _operands(both: Both, a: Side, b: Side, where: str, total: Compared, letters: Letters) -> Detail:
    """A value that one law makes: what it reads."""
    pairs = read(a, b)
    rows: list[Compared] = []
    for c, d in pairs:
        here = not any(row.here for row in rows)
        row = Compared(a.at.title(c), a.value(c), b.value(d), c[0].derivative_of is not None)
        rows.append(replace(row, here=here and not row.same))
    if not any(row.here for row in rows):
        total = replace(total, here=not total.same)
    return Detail(where, (*rows, total), *_why(both, a, b, pairs, letters) if not total.same else ((), False))


# why

def _why(both: Both, a: Side, b: Side, pairs: list[tuple[Cell, Cell]],
         letters: Letters) -> tuple[tuple[str, ...], bool]:
    """Why a value differs; and whether that is because one run changed a parameter before it read it."""
    update = a.at.update
    for c, d in pairs:
        for early, late, x, y, names in ((a, b, c, d, letters), (b, a, d, c, (letters[1], letters[0]))):
            if y[0].role == "next" and x[0].role == "parameter" and y[0].of[0].name == x[0].name and (
                    said := _too_late(early, late, x, y, names)):
                return tuple(said), True
    for c, d in pairs:
        if unequal(a, b, c, d):
            number = a.at.made(c)[0]
            if number and number < a.number:
                return (f"{a.at.title(c)} (value {number}) differs already.",
                        *_first(both, a, b, Pair(a.name(c), c, d, (number, b.at.made(d)[0]), a.at.lane),
                                letters)), False
            if c[0].role in ("parameter", "slot", "data", "noise", "setting"):
                return (f"{a.at.title(c)} differs from the start of this update.",
                        *_reasons(both, letters, update)), False
    return (*itself(a, b, pairs, letters), *_reasons(both, letters, update)), False


def _first(both: Both, a: Side, b: Side, pair: Pair, letters: Letters) -> tuple[str, ...]:
    """Why a value that no name has in the other run parted."""
    if not all(pair.numbers) or both.matched(a.at.update).place(pair.numbers[0]) is not None:
        return ()
    a, b = both_sides(both, origin(both, pair, a.at.update), a.at.update)
    return itself(a, b, read(a, b), letters)


def _too_late(early: Side, late: Side, x: Cell, y: Cell, letters: Letters) -> list[str]:
    """That a run has changed a parameter before it reads it: `letters` are of the other run, and of that one."""
    changed = _number(late, y[0], y[1])
    then = _number(early, early.at.program.nexts.get(x[0]), x[1])
    if not 0 < changed < late.number:
        return []
    w = early.at.title(x)
    back = late.cell[0].derivative_of is not None
    to = f"goes back to {late.at.namer.unit(late.primal[0], late.primal[1] % late.primal[0].lane_size)}" if back else \
        f"makes {late.at.title(late.cell)}"
    said = [f"{letters[1]} has already changed {w} (its value {changed}) when it {to} (value {late.number})."]
    if then > early.number:
        said.append(f"{letters[0]} {to} first (value {early.number}) and changes {w} later (value {then}).")
    return said


def _number(of: Side, var: Var | None, element: int) -> int:
    """The number of a value; 0 where it is not made."""
    block = next((n for n, b in enumerate(of.at.times.blocks) if b.out is var), None)
    return 0 if block is None else of.at.times.number(block, element)


def _reasons(both: Both, letters: Letters, update: int) -> tuple[str, ...]:
    """What was edited, or what the scenarios say differently."""
    runs = both.a, both.b
    edited: list[str] = []
    for letter, run, other, its in zip(letters, runs, runs[::-1], letters[::-1], strict=True):
        while isinstance(run, Fork) and run not in ancestors(other):
            if run.since <= update:
                of = f" of {its}" if run.parent is other else ""
                edited.append(f"{letter} is a what-if run{of}: {', '.join(run.edits)} after "
                              f"{counted(run.since, 'update')}.")
            run = run.parent
    if related(both.a, both.b):
        return tuple(edited)
    said = edited + [f"{d.said(letters)}." for d in differences(both.a, both.b, letters)
                     if not d.what.startswith(NO_REASONS)]
    more = len(said) - MOST_REASONS + 1
    return tuple(said) if more < 2 else (*said[:MOST_REASONS - 1], f"{more} more things that the scenarios say "
                                         "differently.")


def stops_before(both: Both, update: int, value: int) -> int:
    """The stops of a value of A that come before its terms."""
    times = both.a.times(update)
    block, element = times.locate(value)
    equation = times.blocks[block].equations[-1]
    return times.stops(value) - (1 if equation.law is not None else max(1, scalars(equation).count(element)))
