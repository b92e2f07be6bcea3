"""The backward half of a program, derived from the forward half.

Every adjoint equation is a sum of products: the adjoint of what a value feeds, times a local partial. The
local partial of a law is an equation of its own, so that each factor of the chain rule is a variable with a
value; that of a product is the other factors, which are variables already. Lines are walked backwards; within
a line the scope is swept once, giving its local partial where it works element by element.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .laws import Elementwise, Partial
from .program import SPARE, Block, Equation, Phase, Term, Var
from .structure import SAMPLE, Contract, Gather, NoGradient, Pick, PickMask, Scatter

Product = tuple[Var, ...]                           # its factors; () is 1


def product(factors: Product, out: Var) -> Term:
    return Term(Contract(tuple(v.letters for v in factors), out.letters), factors)


def union(variables: Iterable[Var], order: str = "") -> str:
    """The letters of several variables, samples first, then as in `order`, then as they come."""
    seen = dict.fromkeys(c for v in variables for c in v.letters)
    rank = {c: n for n, c in enumerate(SAMPLE + order)}
    return "".join(sorted(seen, key=lambda c: rank.get(c, len(rank))))


def partial_law(law: Elementwise, k: int, partial: Callable[..., object]) -> Elementwise:
    """The partial of `law` for operand k, as a law of (y, *xs)."""
    return Elementwise(f"{law.name}'", lambda f, y, *xs: partial(f, y, *xs), (), by=k)


@dataclass
class Share:
    """One summand of an adjoint: its factors, and the equations that make those of them that are new."""

    factors: Product
    equations: list[Equation] = field(default_factory=list)
    back: Scatter | None = None                     # with it the one factor has been moved, and is added up
    line: Var | None = None                         # the written line that it comes back through

    def term(self, out: Var) -> Term:
        return product(self.factors, out) if self.back is None else Term(self.back, self.factors)

    def renamed(self, change: Callable[[Var], Var]) -> Share:
        return replace(self, factors=tuple(map(change, self.factors)))


@dataclass
class Reverse:
    """The reverse sweep over the written lines of a program, from `top` down to `wanted`.

    `shares` collects the summands of each adjoint, in the order of the walk; `current` names what a parameter
    has become by updates in place.
    """

    extents: Mapping[str, int]
    constant: Callable[[float], Var]
    cost_name: str
    wanted: frozenset[Var]
    live: set[Var] = field(default_factory=set)
    shares: dict[Var, list[Share]] = field(default_factory=dict)
    current: dict[Var, Var] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    emitted: set[Var] = field(default_factory=set)

    def mark_live(self, lines: Sequence[Block]) -> None:
        """What depends on something wanted; only there does a gradient need to flow."""
        self.live = set(self.wanted)
        for line in lines:
            for eq in line.equations:
                through = [t for t in eq.terms if not isinstance(t.op, NoGradient)]
                if any(arg.base in self.live for t in through for arg in t.args):
                    self.live.add(eq.out)

    def adjoint_var(self, x: Var) -> Var:
        return Var(f"d({self.cost_name}, {x.name})", x.letters, x.shape, "adjoint",
                   f"∂{self.cost_name}/∂{x.symbol or x.name}", None, (x.base,), cost=self.cost_name)

    def make_adjoint(self, x: Var, phase: Phase, group: str) -> Var:
        """Close the adjoint of `x`: a block with the equations of its factors and the sum of its shares."""
        out = self.adjoint_var(x)
        shares = self._by_line(x, self.shares.get(x, []))
        scope: list[Equation] = []
        for share in shares:
            for eq in share.equations:
                if eq.out not in self.emitted:
                    self.emitted.add(eq.out)
                    scope.append(self._renewed(eq))
        final = Equation(out, tuple(share.renamed(self._now).term(out) for share in shares))
        self.blocks.append(Block(phase, group, (*scope, final)))
        return out

    def _by_line(self, x: Var, shares: list[Share]) -> list[Share]:
        """The shares of a parameter that several lines use (steps in time): each a value of its own, if it is a sum."""
        summed = [any(SAMPLE in v.letters for v in s.factors) and self.extents[SAMPLE] > 1 for s in shares]
        if x.role != "parameter" or len(shares) < 2 or not all(summed):
            return shares
        split: list[Share] = []
        for share in shares:
            assert share.line is not None
            out = Var(f"d({self.cost_name}, {x.name}) by {share.line.name}", x.letters, x.shape, "share",
                      f"∂{self.cost_name}/∂{x.symbol or x.name}", None, (x, share.line), cost=self.cost_name)
            made = Equation(out, (share.renamed(self._now).term(out),))
            split.append(Share((out,), [*share.equations, made], line=share.line))
        return split

    def _renewed(self, eq: Equation) -> Equation:
        """`eq` reading what its operands have become."""
        if not any(v in self.current for v in eq.operands):
            return eq
        return Equation(eq.out, tuple(Term(t.op, tuple(self._now(v) for v in t.args)) for t in eq.terms))

    def _now(self, v: Var) -> Var:
        """What a parameter has become by an update in place."""
        return self.current.get(v, v)

    def through(self, line: Block, adjoint: Share) -> None:
        """Pass the adjoint of a line's output on to what the line reads."""
        if turned_inside(line):
            self._sweep(line, adjoint, lambda x, share: self._add_share(line.out, x, share))
        elif line.mixes:
            self._through_jacobian(line, adjoint)
        elif elementwise(line) and not plain_sum(line):
            self._through_elements(line, adjoint)
        else:
            self._sweep(line, adjoint, lambda x, share: self._add_share(line.out, x, share))

    def _add_share(self, line: Var, x: Var, share: Share) -> None:
        self.shares.setdefault(x, []).append(replace(share, line=line))

    def _full(self, y: Var, x: Var, share: Share) -> Share:
        """What y's adjoint gives to x. Each element of y that x feeds counts, even if all give the same."""
        given = {c for v in share.factors for c in v.letters} | set(x.letters)
        lost = "".join(c for c in y.letters if c not in given)
        return Share((*share.factors, self._ones(lost)), share.equations) if lost else share

    def _ones(self, letters: str) -> Var:
        return Var("1", letters, tuple(self.extents[c] for c in letters), "constant", "1", None, (), 1.0)

    def _through_elements(self, line: Block, adjoint: Share) -> None:
        """A scope that works element by element has one local partial for each thing it reads, as it reads it."""
        for x, parts in self._given(line, Share(()), whole=True):
            equations = [eq for part in parts for eq in part.equations]
            factors = parts[0].factors
            if len(parts) > 1 or len(factors) > 1:
                letters = union((v for part in parts for v in part.factors), line.out.letters)
                local = self._local(line.out, x, letters)
                equations.append(Equation(local, tuple(product(p.factors, local) for p in parts)))
                factors = (local,)
            share = Share(adjoint.factors + factors, [*adjoint.equations, *equations])
            self._add_share(line.out, x.base, turned(x, self._full(line.out, x, share)))

    def _given(self, line: Block, adjoint: Share, whole: bool = False, keep: str = "") -> list[tuple[Var, list[Share]]]:
        """What a sweep of the line gives to each thing that it reads, under each of the letters that it reads it by."""
        found: dict[tuple[Var, str], tuple[Var, list[Share]]] = {}
        self._sweep(line, adjoint, lambda x, share: found.setdefault((x.base, x.letters), (x, []))[1].append(share),
                    whole, keep)
        return list(found.values())

    def _through_jacobian(self, line: Block, adjoint: Share) -> None:
        """A scope whose elements all depend on each other has a Jacobian for each thing it reads.

        The scope is swept from the identity: ∂y_k/∂y_j is 1 where k = j. `k` is a letter of its own for the
        element of the output that a path begins at, `j` its letter in the forward half.
        """
        y = line.out
        j = y.letters[-1]
        k = self._other(j)
        identity = Var("1", k + j, (self.extents[k], self.extents[j]), "identity", "1")
        begun = Share(tuple(v.lettered(j, k) for v in adjoint.factors), adjoint.equations)
        if not any(k in v.letters for v in begun.factors):
            begun = Share((*begun.factors, self._ones(k)), begun.equations)
        for x, parts in self._given(line, Share((identity,)), keep=k):
            letters = SAMPLE * (SAMPLE in y.letters) + k + x.letters.replace(SAMPLE, "")
            local = self._local(y, x, letters)
            equations = [eq for part in parts for eq in part.equations]
            equations.append(Equation(local, tuple(product(p.factors, local) for p in parts)))
            share = Share((*begun.factors, local), [*begun.equations, *equations])
            self._add_share(y, x.base, turned(x, share))

    def _other(self, letter: str) -> str:
        """A letter for the same axis as `letter`, used for nothing else."""
        other = next(c for c in map(chr, range(ord(SPARE), 0x1000)) if c not in self.extents)
        self.extents = {**self.extents, other: self.extents[letter]}
        return other

    def _local(self, y: Var, x: Var, letters: str) -> Var:
        return Var(f"d({y.name}, {x.name})", letters, tuple(self.extents[c] for c in letters), "local",
                   f"∂{y.symbol or y.name}/∂{x.symbol or x.name}", None, (y.base, x.base))

    def _sweep(self, line: Block, adjoint: Share, give: Callable[[Var, Share], None], whole: bool = False,
               keep: str = "") -> None:
        """Reverse mode over the equations of one scope.

        With `whole` the axes of the line's output are kept (a local partial for each element of it); `keep` is a
        further axis to keep. With either, what is read is given under the letters that it is read by, as the axes of
        the output are; otherwise the adjoint of a temporary has the temporary's own axes.
        """
        inner: dict[Var, list[Share]] = {line.out: [adjoint]}
        inside = {eq.out for eq in line.equations}
        for eq in reversed(line.equations):
            if eq.out not in inner or eq.out not in self.live:
                continue
            top = self._one(eq.out, inner.pop(eq.out), whole, line, keep)
            for term in eq.terms:
                for k, x in enumerate(term.args):
                    if x.base not in self.live or isinstance(term.op, NoGradient):
                        continue
                    share = self._step(eq, term, k, top)
                    if share is None:
                        continue
                    if share.back is None and not whole and not keep:
                        share = self._full(eq.out, x, share)
                    if x.view is not None and not whole and not keep:
                        share = self._unlettered(x, share)
                    if x.base in inside:
                        inner.setdefault(x.base, []).append(share)
                    else:
                        give(x if whole or keep else x.base, share)

    def _one(self, x: Var, shares: list[Share], whole: bool, line: Block, keep: str) -> Share:
        """The adjoint of a temporary as one product; a new variable where it is a sum, or is summed."""
        factors = shares[0].factors
        own = x.letters + keep
        plain = len(shares) == 1 and shares[0].back is None
        if plain and (x is line.out or whole or all(c in own for v in factors for c in v.letters)):
            return shares[0]
        letters = union((v for s in shares for v in s.factors), line.out.letters) if whole else \
            SAMPLE * (SAMPLE in x.letters) + keep + x.letters.replace(SAMPLE, "")
        out = self._local(line.out, x, letters) if whole or keep else self.adjoint_var(x)
        equations = [eq for s in shares for eq in s.equations]
        return Share((out,), [*equations, Equation(out, tuple(s.term(out) for s in shares))])

    def _alone(self, x: Var, share: Share) -> Share:
        """A share of x as one variable with the axes of x."""
        if len(share.factors) == 1 and share.back is None and share.factors[0].letters == x.letters:
            return share
        out = self.adjoint_var(x)
        return Share((out,), [*share.equations, Equation(out, (share.term(out),))])

    def _unlettered(self, x: Var, share: Share) -> Share:
        """A share of a view as one of its base, whose axes have other letters."""
        assert x.view is not None
        alone = self._alone(x, share)
        return Share((alone.factors[0].renamed(x.view.letters),), alone.equations)

    def _step(self, eq: Equation, term: Term, k: int, top: Share) -> Share | None:
        """The share that goes back to operand k of `term`; None where nothing does."""
        if isinstance(term.op, Contract):
            others = term.args[:k] + term.args[k + 1:]
            return Share(top.factors + others, top.equations)
        if isinstance(term.op, Gather):
            alone = self._alone(eq.out, top)
            return Share(alone.factors, alone.equations, term.op.back(k))
        if isinstance(term.op, Pick):
            [x] = term.args
            mask = self._local(eq.out, x, x.letters)
            chosen = Equation(mask, (Term(PickMask(term.op.input, term.op.output), (x,)),))
            return Share((*top.factors, mask), [*top.equations, chosen])
        assert isinstance(term.op, Elementwise)
        partial: Partial = term.op.partials[k]
        if not callable(partial):
            if partial == 0.0:
                return None
            return Share(top.factors if partial == 1.0 else (*top.factors, self.constant(partial)), top.equations)
        local = self._local(eq.out, term.args[k], eq.out.letters)
        law = Equation(local, (Term(partial_law(term.op, k, partial), (eq.out, *term.args)),))
        return Share((*top.factors, local), [*top.equations, law])


def turned(view: Var, share: Share) -> Share:
    """A share of a view as one of its base: in every factor each letter of the view is that of the base.

    A letter that only the base has takes the place that becomes free, so that no two axes come under one letter.
    """
    to = dict(zip(view.letters, view.base.letters, strict=True))
    back = {new: old for old, new in to.items()}
    for letter in view.base.letters:
        if letter not in to:
            free = letter
            while free in back:
                free = back[free]
            to[letter] = free
    return share.renamed(lambda v: v.renamed("".join(to.get(c, c) for c in v.letters)))


def elementwise(line: Block) -> bool:
    """No equation of the line sums over an axis, chooses along one, or moves anything."""
    return not any(isinstance(t.op, Pick | PickMask | Gather) or (isinstance(t.op, Contract) and t.op.summed)
                   for eq in line.equations for t in eq.terms)


def turned_inside(line: Block) -> bool:
    """One of the line's own temporaries is read under other letters: an element of it feeds others of the output."""
    made = {eq.out for eq in line.equations}
    return any(v.view in made for eq in line.equations for term in eq.terms for v in term.args)


def plain_sum(line: Block) -> bool:
    """The line is one sum of products, so that each of its uses of a variable is a path of its own."""
    return len(line.equations) == 1 and all(isinstance(t.op, Contract) for t in line.equations[0].terms)


def constant_product(shares: Sequence[Share]) -> bool:
    """One share whose factors are the same for every sample and element."""
    return len(shares) == 1 and all(v.letters == "" for v in shares[0].factors)


def walk(reverse: Reverse, lines: Sequence[Block], top: Var, seed: Product,
         after_line: Callable[[int, Block], None] = lambda n, line: None) -> None:
    """Go back over `lines` from `top`, whose adjoint is `seed`; `after_line` is called after each line.

    A loss line whose adjoint is a constant is folded into what follows: it is no factor of its own.
    """
    reverse.mark_live(lines)
    for n in reversed(range(len(lines))):
        line = lines[n]
        v = line.out
        if v is top:
            reverse.through(line, Share(seed))
        elif v in reverse.shares and v in reverse.live:
            shares = reverse.shares[v]
            if line.phase == "loss" and v not in reverse.wanted and constant_product(shares):
                reverse.through(line, shares[0])
            else:
                reverse.through(line, Share((reverse.make_adjoint(v, "backward", line.group),)))
        after_line(n, line)
