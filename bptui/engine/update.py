"""The update phase of a program: clipping, then each parameter's lines as its optimizer has them.

Every intermediate is a block of its own, so that m, v and their corrections are steps. Settings are leaves, fed
with each update, because they may change from one to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .builder import contract
from .laws import FUNCTIONS, Elementwise
from .optimizers import CLIP_AT, CLIP_BY, CLIP_FACTOR, SLOTS, Line, reads
from .program import Block, Equation, Term, Var, called, following
from .structure import Contract


def slot(kind: str, w: Var) -> Var:
    """The slot that an optimizer keeps of `w`; its count of updates is one number."""
    if kind == "t":
        return Var(f"{w.name}.t", "", (), "slot", f"{w.symbol}.t", None, (w,))
    return called(kind, w, "slot")


def slots_of(lines: Sequence[Line], w: Var) -> dict[str, Var]:
    return {kind: slot(kind, w) for kind in SLOTS if any(made == kind for made, _ in lines)}


@dataclass
class Updates:
    """Writes update blocks; `setting` gives the variable of a setting by its symbol."""

    lines: Sequence[Line]
    setting: Callable[[str], Var]
    emit: Callable[[Block], None]
    nexts: dict[Var, Var] = field(default_factory=dict)

    def write(self, group: str, w: Var, gradient: Var, slots: dict[str, Var]) -> Var:
        """The blocks that make the next value of `w` from its gradient."""
        known = {"w": w, "g": gradient, **slots}
        for made, law in self.lines:
            of = w if made == "w" else slots.get(made)
            out = following(of) if of is not None else called(made, w, "made")
            self._line(group, out, (made, law), known)
            known[made] = out
            if of is not None:
                self.nexts[of] = out
        return self.nexts[w]

    def _line(self, group: str, out: Var, line: Line, known: dict[str, Var]) -> None:
        made, law = line
        args = tuple(known[name] if name in known else self.setting(name) for name in reads(law))
        self.emit(Block("update", group, (Equation(out, (Term(Elementwise(made, law, ()), args),)),)))

    def clipped_at(self, group: str, w: Var, gradient: Var) -> Var:
        """The gradient with each of its elements kept within ± the limit."""
        out = called(CLIP_AT[0], w, "made")
        self._line(group, out, CLIP_AT, {"g": gradient})
        return out

    def clipped_by_norm(self, groups: dict[Var, str], gradients: dict[Var, Var]) -> dict[Var, Var]:
        """All gradients by one factor, so that together they are no longer than the limit."""
        squares: list[Equation] = []
        for g in gradients.values():
            square = Var(f"gradient_norm#{len(squares) + 1}", "", (), "temporary", f"Σ ({g.symbol})²")
            squares.append(Equation(square, (Term(Contract((g.letters, g.letters), ""), (g, g)),)))
        total = Var("gradient_norm#", "", (), "temporary", "Σ")
        norm = Var("gradient_norm", "", (), "made", "gradient_norm")
        self.emit(Block("update", "", (
            *squares, Equation(total, tuple(contract((eq.out,), total) for eq in squares)),
            Equation(norm, (Term(FUNCTIONS["sqrt"], (total,)),)))))
        factor = Var("clip_factor", "", (), "made", "clip_factor")
        self._line("", factor, CLIP_FACTOR, {"norm": norm})
        clipped: dict[Var, Var] = {}
        for w, g in gradients.items():
            clipped[w] = called(CLIP_BY[0], w, "made")
            self._line(groups[w], clipped[w], CLIP_BY, {"g": g, "clip_factor": factor})
        return clipped
