"""`check`: everything about a run that can be held against something else.

Its claims against what their sources printed, its gradients against differences and 50 digits, and its replay
against a straight run, bit for bit. The report is a record; `lines` says it in words.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.scalars import Scalars
from ..scenario.records import Claim
from .claims import ClaimResult, judge_claim
from .gradients import GradientRow, check_gradients
from .lemmas import Held, check_lemmas

if TYPE_CHECKING:
    from ..engine.executor import State
    from ..replay.run import Run

LATER = 100                                         # the second update at which gradients are checked
MOST_REPLAYED = 100_000                             # updates of the straight run, at most
MOST_TERMS = 3 * 10**8                              # that they may add up in all: a few seconds
SEEKS = 8
MANY = ("agrees", "last digit", "known erratum", "differs")


@dataclass(frozen=True)
class Replay:
    """`updates` is how far the straight run went."""

    ok: bool
    updates: int


@dataclass(frozen=True)
class Report:
    """What `check` found out about one run; `notes` are what has to be said about how."""

    ok: bool
    claims: tuple[ClaimResult, ...]
    gradients: tuple[GradientRow, ...]
    replay: Replay
    lemmas: tuple[Held, ...]
    notes: tuple[str, ...]


def check_run(run: Run, claims: Sequence[Claim] | None = None) -> Report:
    """Check `run` by its own claims, or by `claims`."""
    results = tuple(judge_claim(run, claim) for claim in (run.scenario.claims if claims is None else claims))
    gradients, notes = check_gradients(run, looked_at(run))
    replay, more = check_replay(run)
    lemmas = tuple(held for update in looked_at(run) for held in check_lemmas(run, update))
    ok = replay.ok and all(each.ok for each in (*results, *gradients, *lemmas))
    return Report(ok, results, gradients, replay, lemmas, (*notes, *more))


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
        state, at = run.schedule.advance(state, at, stop - at), stop
        straight[stop] = _bits(state)
    other = run.again()
    other.updates = most
    while other.work(1.0):
        pass
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
    return Replay(ok, most), tuple(notes)


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
                    "claimed": r.claim.value, "computed": r.computed, "verdict": r.verdict,
                    **({} if r.error is None else {"error": r.error})} for r in report.claims],
        "gradients": [{"what": g.what, "differences": g.differences, "digits50": g.digits50, "ok": g.ok}
                      for g in report.gradients],
        "replay": {"ok": report.replay.ok, "updates": report.replay.updates},
        **({"lemmas": [{"what": m.what, "lemma": m.name, "worst": m.worst, "ok": m.ok} for m in report.lemmas]}
           if report.lemmas else {}),
        "notes": list(report.notes),
    }


def lines(report: Report) -> list[str]:
    """The report in words: what does not simply agree is listed."""
    shown = [f"claims     {_summary(report.claims)}"]
    for result in report.claims:
        if result.verdict != "agrees":
            shown += _claim_lines(result)
    shown += [f"gradients  {_gradients(report.gradients)}",
              *(f"  {'wrong' if not g.ok else 'right'}: {g.what}: worst error against differences "
                f"{_worst(g.differences)}, against 50 digits {_worst(g.digits50)} of the tolerance"
                for g in report.gradients),
              *([f"lemmas     {_lemmas(report.lemmas)}"] if report.lemmas else []),
              f"replay     {_replay(report.replay)}"]
    shown += [f"  note: {note}" for note in report.notes]
    return shown


def _summary(results: Sequence[ClaimResult]) -> str:
    if not results:
        return "none to check"
    figures = [r.verdict for r in results if r.claim.value is not None]
    said: list[str] = []
    if figures:
        names = {"agrees": ("agrees", "agree"), "last digit": ("last digit", "last digits"),
                 "known erratum": ("known erratum", "known errata"), "differs": ("differs", "differ")}
        counts = [f"{n} {names[verdict][n > 1]}" for verdict in MANY if (n := figures.count(verdict))]
        said.append(f"{_count(len(figures), 'figure')}: {', '.join(counts)}")
    held = [r.ok for r in results if r.claim.value is None]
    if held:
        fails = held.count(False)
        said.append(f"{_count(len(held), 'comparison')}: "
                    f"{_count(fails, 'does not hold', 'do not hold') if fails else 'all hold'}")
    return "; ".join(said)


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"


def _claim_lines(result: ClaimResult) -> list[str]:
    claim = result.claim
    when = "" if not claim.after else f" after {_count(claim.after, 'update')}"
    where = "" if claim.sample is None else f" of sample {claim.sample}"
    if result.error is not None:
        found = result.error
    elif claim.value is None:
        found = "does not hold"
    else:
        found = f"printed {claim.value}, computed {result.computed!r}"
        if claim.erratum is not None and result.verdict == "differs":
            found += f"; and its erratum {claim.erratum} does not settle it"
    return [f"  {result.verdict}: {claim.what}{where}{when}: {found}",
            *([f"    {claim.why}"] if claim.why else [])]


def _gradients(rows: Iterable[GradientRow]) -> str:
    rows = list(rows)
    if not rows:
        return "nothing is trained"
    wrong = sum(not g.ok for g in rows)
    return f"{_count(wrong, 'tensor')} of {len(rows)} wrong" if wrong else \
        f"right in {_count(len(rows), 'tensor')} (differences, 50 digits)"


def _lemmas(held: Sequence[Held]) -> str:
    wrong = [f"{m.name} of {m.what}" for m in held if not m.ok]
    names = dict.fromkeys(m.name for m in held)
    return f"wrong: {', '.join(wrong)}" if wrong else f"hold: {', '.join(names)}"


def _worst(error: float | None) -> str:
    return "not judged" if error is None else f"{error:.2g}"


def _replay(replay: Replay) -> str:
    over = f"over {_count(replay.updates, 'update')}"
    return f"bit-equal to the straight run {over}" if replay.ok else f"NOT equal to the straight run {over}"
