"""`check`: everything about a run that can be held against something else.

Its claims against what their sources printed, its gradients against differences and 50 digits, and its replay
against a straight run, bit for bit. The report is a record; `lines` says it in words.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from ..engine.scalars import Scalars
from ..scenario.records import Claim
from . import residue
from .advice import advice
from .claims import FEWEST, WORDS, ClaimResult, figure, judge_claim, said
from .finite import Finite, check_finite
from .gradients import GradientCheck, GradientRow, Tell, Verdict
from .lemmas import LemmaHolds, check_lemmas
from .notation import all_digits, one

if TYPE_CHECKING:
    from ..engine.executor import State
    from ..replay.run import Run

LATER = 100                                         # the second update at which gradients are checked
MOST_REPLAYED = 100_000                             # updates of the straight run, at most
MOST_TERMS = 3 * 10**8                              # that they may add up in all: a few seconds
SEEKS = 8
SAME = 1e-12                                        # of a figure: so near, it is the number itself
STRETCH = 512                                       # updates between two looks at a key
GLANCE = 0.2                                        # seconds of running ahead


@dataclass(frozen=True)
class Replay:
    """`updates` is how far the straight run went."""

    ok: bool
    updates: int


@dataclass(frozen=True)
class Report:
    """What `check` found out about one run; `notes` are what has to be said about how.

    `source` is whose figures the claims are: what a source `printed`, or what a reader `claimed`. Of a check that was
    interrupted the rest is missing, and it is not `complete`.
    """

    ok: bool
    claims: tuple[ClaimResult, ...]
    gradients: tuple[GradientRow, ...]
    finite: Finite | None
    replay: Replay | None
    lemmas: tuple[LemmaHolds, ...]
    notes: tuple[str, ...]
    source: str = "printed"
    complete: bool = True


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with what was found out until then."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


def silent(what: str, done: int, of: int) -> None:
    """Tells nobody how far a check has come."""


def check_run(run: Run, claims: Sequence[Claim] | None = None, tell: Tell = silent) -> Report:
    """Check `run` by its own claims, or by `claims`, telling how far it has come. Raises Interrupted."""
    checking = _Checking(run, claims)
    try:
        checking.work(tell)
    except KeyboardInterrupt:
        raise Interrupted(checking.report(False)) from None
    return checking.report(True)


class _Checking:
    """A check, and what it has found so far."""

    def __init__(self, run: Run, claims: Sequence[Claim] | None) -> None:
        self.run, self.claims = run, run.scenario.claims if claims is None else claims
        self.source = "printed" if claims is None else "claimed"
        self.results: list[ClaimResult] = []
        self.gradients: GradientCheck | None = None
        self.finite: Finite | None = None
        self.replay: Replay | None = None
        self.lemmas: list[LemmaHolds] = []
        self.notes: tuple[str, ...] = ()

    def work(self, tell: Tell) -> None:
        run = self.run
        for n, claim in enumerate(self.claims):
            tell("claims", n, len(self.claims))
            self.results.append(judge_claim(run, claim))
        self.replay, self.notes, ahead = replayed(run, tell)
        self.finite = check_finite(run, ahead, self.replay.updates, run.scenario.claims)
        updates = looked_at(run)
        self.gradients = GradientCheck(run, updates, self.finite.after if self.finite.claimed else None)
        self.gradients.work(tell)
        for n, update in enumerate(updates):
            tell("lemmas", n, len(updates))
            self.lemmas += check_lemmas(run, update)

    def report(self, complete: bool) -> Report:
        rows = self.gradients.rows() if self.gradients is not None else ()
        late = _past_the_end(self.run, [result.claim for result in self.results])
        of_gradients = self.gradients.notes if self.gradients is not None else ()
        notes = (*advice(self.run), *late, *of_gradients, *self.notes)
        parts = (*self.results, *rows, *self.lemmas, self.finite, self.replay)
        ok = all(part is None or part.ok for part in parts)
        return Report(ok, tuple(self.results), rows, self.finite, self.replay, tuple(self.lemmas), notes, self.source,
                      complete)


def _past_the_end(run: Run, claims: Iterable[Claim]) -> list[str]:
    """What has to be said where claims are of updates that the run does not come to."""
    late = [claim for claim in claims if claim.after and not run.goes_on(claim.after - 1)]
    return [f"the run ends after {_count(run.updates, 'update')}, and {_count(len(late), 'claim is', 'claims are')} of "
            f"how it would go on"] if late else []


def looked_at(run: Run) -> list[int]:
    """The updates whose gradients are checked: the first, a later one, and one of the smaller last batch."""
    updates = {0, min(run.updates, LATER)}
    updates |= {n for n in range(run.schedule.batches) if n <= run.updates
                and run.schedule.goal(n) != run.schedule.goal(n - 1) and n <= 10 * LATER}
    last = run.schedule.batches - 1
    if last <= min(run.updates, 10 * LATER) and run.program(last) is not run.program(0):
        updates.add(last)
    return sorted(updates)


def check_replay(run: Run) -> tuple[Replay, tuple[str, ...]]:
    """Seeks in random order against one straight run, and each update's trace against the loop, bit for bit."""
    replay, notes, _ = replayed(run, silent)
    return replay, notes


def replayed(run: Run, tell: Tell) -> tuple[Replay, tuple[str, ...], Run]:
    """The same; and the run that was sought in, of which all is known that was replayed."""
    notes: list[str] = []
    program = run.program(0)
    terms = sum(Scalars(eq).total for eq in program.equations)
    updates = run.finish()
    most = min(updates, MOST_REPLAYED, max(10, MOST_TERMS // terms))
    if most < updates:
        notes.append(f"replay is checked over the first {most:,} of {updates:,} updates")
    chance = random.Random(f"{run.scenario.training.seed}/replay")
    stops = sorted({0, most, *(chance.randint(0, most) for _ in range(SEEKS))})
    straight: dict[int, bytes] = {}
    state, at = run.schedule.start(), 0
    for stop in stops:
        while at < stop:
            tell("a straight run", at, 2 * most)
            count = min(stop - at, STRETCH)
            state, at = run.schedule.advance(state, at, count), at + count
        straight[stop] = _bits(state)
    other = run.again()
    other.updates = most
    tell("replay", most, 2 * most)
    while other.work(GLANCE):
        tell("replay", most + other.known, 2 * most)
    ok = True
    for stop in chance.sample(stops, len(stops)):
        if _bits(other.state(stop)) != straight[stop]:
            notes.append(f"the state sought at update {stop} is not that of the straight run")
            ok = False
        following = other.schedule.at(stop).unpack(other.schedule.advance(other.state(stop), stop, 1))
        env, here = other.env(stop), other.program(stop)
        for w, after in here.nexts.items():
            if alike(env.array(after)) != alike(following[w.name]):
                notes.append(f"{w.name} after update {stop} is another number when stepped than when played")
                ok = False
    return Replay(ok, most), tuple(notes), other


def _bits(state: State) -> bytes:
    return b"".join(alike(x) for x in state)


def alike(x: Any) -> bytes:
    """The bits of numbers, every NaN alike: their signs say nothing."""
    numbers = np.asarray(x, float)
    return np.where(np.isnan(numbers), np.nan, numbers).tobytes()


# in words

def record(report: Report) -> dict[str, Any]:
    """The report as `check --json` prints it."""
    return {
        "ok": report.ok,
        "claims": [{"what": r.claim.what, "after": r.claim.after,
                    **({} if r.claim.sample is None else {"sample": r.claim.sample}),
                    "claimed": r.claim.value, "computed": r.computed,
                    "digits": None if r.claim.value is None else r.digits, "verdict": r.verdict,
                    **({"residue": True} if r.residue else {}), **({"cause": r.cause} if r.cause else {}),
                    **({} if r.error is None else {"error": r.error})} for r in report.claims],
        "gradients": [{"what": g.what, "differences": g.differences, "digits50": g.digits50, "ok": g.ok,
                       "verdict": g.verdict, **({"why": g.why} if g.why else {}),
                       **({"cause": g.cause} if g.cause else {})} for g in report.gradients],
        "finite": None if report.finite is None else _finite_record(report.finite),
        "replay": None if report.replay is None else {"ok": report.replay.ok, "updates": report.replay.updates},
        **({"lemmas": [{"what": m.what, "lemma": m.name, "worst": m.worst, "ok": m.ok} for m in report.lemmas]}
           if report.lemmas else {}),
        "notes": list(report.notes),
        **({} if report.complete else {"complete": False}),
    }


def _finite_record(finite: Finite) -> dict[str, Any]:
    if not finite.what:
        return {"ok": True, "what": None, "cause": None}
    return {"ok": finite.ok, "what": finite.what, "after": finite.after, "cause": finite.cause or None,
            **({"claimed": True} if finite.claimed else {})}


def lines(report: Report) -> list[str]:
    """The report in words: what does not simply agree is listed."""
    shown = [f"claims     {_summary(report.claims)}"]
    for result in report.claims:
        if result.verdict != "agrees" or _says_little(result):
            shown += _claim_lines(result, report.source)
    shown += [f"gradients  {_gradients(report.gradients)}",
              *(f"  {g.verdict}: {g.what}: {_of_gradient(g)}" for g in report.gradients),
              *([f"lemmas     {_lemmas(report.lemmas)}"] if report.lemmas else []),
              *([f"finite     {_finite(report.finite)}"] if report.finite is not None else []),
              *([f"replay     {_replay(report.replay)}"] if report.replay is not None else [])]
    shown += [f"  note: {note}" for note in report.notes]
    return shown if report.complete else [*shown, "stopped: the rest was not looked at"]


def _says_little(result: ClaimResult) -> bool:
    """Whether a figure agrees to so few digits that another number might, too."""
    if result.claim.value is None or result.digits >= FEWEST:
        return False
    computed = float(result.computed or 0)
    return result.residue or abs(float(figure(result.claim.value)) - computed) > SAME * abs(computed)


def _summary(results: Sequence[ClaimResult]) -> str:
    if not results:
        return "none to check"
    figures = [r.verdict for r in results if r.claim.value is not None]
    said: list[str] = []
    if figures:
        counts = [f"{n} {word.one if n == 1 else word.many}" for verdict, word in WORDS.items()
                  if (n := figures.count(verdict))]
        said.append(f"{_count(len(figures), 'figure')}: {', '.join(counts)}")
    held = [r.ok for r in results if r.claim.value is None]
    if held:
        fails = held.count(False)
        said.append(f"{_count(len(held), 'comparison')}: "
                    f"{_count(fails, 'does not hold', 'do not hold') if fails else 'all hold'}")
    return "; ".join(said)


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def _claim_lines(result: ClaimResult, source: str) -> list[str]:
    claim = result.claim
    when = "" if not claim.after else f" after {_count(claim.after, 'update')}"
    where = "" if claim.sample is None else f" of sample {claim.sample}"
    if result.error is not None:
        found = result.error
    elif claim.value is None or result.computed is None:
        found = "does not hold"
    else:
        found = f"{source} {claim.value}, computed {all_digits(result.computed)}"
        if result.residue:
            found += f", which is {residue.WORDS}"
        if result.cause:
            found += f": {result.cause}"
        if claim.erratum is not None and result.verdict == "differs":
            found += f"; and its erratum {claim.erratum} does not settle it"
    return [f"  {said(result.verdict, result.digits)}: {claim.what}{where}{when}: {found}",
            *([f"    {claim.why}"] if claim.why else [])]


def _gradients(rows: Iterable[GradientRow]) -> str:
    rows = list(rows)
    if not rows:
        return "nothing is trained"
    if all(g.verdict == "right" for g in rows):
        judges = [judge for judge, errors in (("differences", [g.differences for g in rows]),
                                              ("50 digits", [g.digits50 for g in rows])) if any(
            error is not None for error in errors)]
        return f"right in {_count(len(rows), 'tensor')} ({', '.join(judges)})"
    counts = [f"{n} {verdict}" for verdict in get_args(Verdict) if (n := sum(g.verdict == verdict for g in rows))]
    return f"{_count(len(rows), 'tensor')}: {', '.join(counts)}"


def _of_gradient(g: GradientRow) -> str:
    """What was found of one tensor, in a sentence."""
    if g.why:
        return f"{g.why}{g.cause and ' ('}{g.cause}{g.cause and ')'}"
    worst = [f"against {judge} {error:.2g}" for judge, error in (("differences", g.differences),
                                                                 ("50 digits", g.digits50)) if error is not None]
    missing = "" if len(worst) == 2 else "; differences say nothing" if g.differences is None else \
        "; not read at 50 digits"
    return f"worst error {', '.join(worst)} of the tolerance{missing}"


def _lemmas(held: Sequence[LemmaHolds]) -> str:
    wrong = [f"{m.name} of {m.what}" for m in held if not m.ok]
    names = dict.fromkeys(m.name for m in held)
    return f"wrong: {', '.join(wrong)}" if wrong else f"hold: {', '.join(names)}"


def _finite(finite: Finite) -> str:
    if not finite.what:
        return f"the loss and all that is kept, over {_count(finite.updates, 'update')}"
    claimed = ", as the file claims" if finite.claimed else ""
    cause = f": {finite.cause}" if finite.cause else ""
    return f"no: {finite.what} is {one(finite.value)} after {_count(finite.after, 'update')}{claimed}{cause}"


def _replay(replay: Replay) -> str:
    over = f"over {_count(replay.updates, 'update')}"
    return f"bit-equal to the straight run {over}" if replay.ok else f"NOT equal to the straight run {over}"
