"""Hits: by number, by rank, forwards and backwards, against scans and lists written here.

The 10,000 updates of the tutorial are computed once more in plain floats, by a pass worked out by hand, in the order
in which the tutorial adds. Smaller runs are listed position by position.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from bptui.replay import run as running
from bptui.replay import sweep
from bptui.replay.hits import EveryUpdate, Hits, hits_of
from bptui.replay.open import open_run
from bptui.replay.run import Run
from bptui.replay.stops import Stop, fitted, read_stop
from bptui.replay.timeline import Position
from bptui.replay.trouble import Troubles
from bptui.scenario.shipped import find

Open = Callable[..., Run]
UPDATES = 10_000


def hits(run: Run, line: str, others: dict[int, Hits] | None = None) -> Hits:
    found = hits_of(run, fitted(run, read_stop(line), 1), Troubles(run), (others or {}).get)
    while found.work(0.0):
        pass
    assert found.complete and found.judged == run.updates + 1
    return found


def all_of(found: Hits) -> list[Position]:
    return [found.nth(n) for n in range(1, found.count + 1)]


# the tutorial, by hand

@dataclass(frozen=True)
class Update:
    w: dict[str, float]
    cost: float
    by: dict[str, float]                            # ∂E by every quantity of the update


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@pytest.fixture(scope="module")
def tutorial() -> list[Update]:
    """After 0…10,000 updates: the weights, E, and every derivative, by the chain rule written out."""
    i1, i2, t1, t2, b1, b2, rate = 0.05, 0.10, 0.01, 0.99, 0.35, 0.60, 0.5
    w: dict[str, float] = dict(zip(("w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"),
                 (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55), strict=True))
    found: list[Update] = []
    for _ in range(UPDATES + 1):
        h1, h2 = sigmoid(w["w1"] * i1 + w["w2"] * i2 + b1), sigmoid(w["w3"] * i1 + w["w4"] * i2 + b1)
        o1, o2 = sigmoid(w["w5"] * h1 + w["w6"] * h2 + b2), sigmoid(w["w7"] * h1 + w["w8"] * h2 + b2)
        by = {"out_o1": o1 - t1, "out_o2": o2 - t2}
        by["net_o1"], by["net_o2"] = by["out_o1"] * (o1 * (1 - o1)), by["out_o2"] * (o2 * (1 - o2))
        by |= {"w5": by["net_o1"] * h1, "w6": by["net_o1"] * h2, "w7": by["net_o2"] * h1, "w8": by["net_o2"] * h2}
        by["out_h1"] = by["net_o1"] * w["w5"] + by["net_o2"] * w["w7"]
        by["out_h2"] = by["net_o1"] * w["w6"] + by["net_o2"] * w["w8"]
        by["net_h1"], by["net_h2"] = by["out_h1"] * (h1 * (1 - h1)), by["out_h2"] * (h2 * (1 - h2))
        by |= {"w1": by["net_h1"] * i1, "w2": by["net_h1"] * i2, "w3": by["net_h2"] * i1, "w4": by["net_h2"] * i2}
        by |= {"i1": by["net_h1"] * w["w1"] + by["net_h2"] * w["w3"],
               "i2": by["net_h1"] * w["w2"] + by["net_h2"] * w["w4"],
               "b1": by["net_h1"] + by["net_h2"], "b2": by["net_o1"] + by["net_o2"], "t1": t1 - o1, "t2": t2 - o2}
        found.append(Update(dict(w), (t1 - o1) ** 2 / 2 + (t2 - o2) ** 2 / 2, by))
        w = {name: value - rate * by[name] for name, value in w.items()}
    return found


@pytest.fixture(scope="module")
def run() -> Run:
    return open_run(find("two_layer"))


def test_the_last_update_that_changed_w5_by_more(run: Run, tutorial: list[Update]) -> None:
    changes = [abs(after.w["w5"] - before.w["w5"]) for before, after in pairwise(tutorial)]
    expected = [n for n, change in enumerate(changes) if change > 1e-4]
    found = hits(run, "abs(w5.change) > 1e-4")
    last = found.nth(found.count)
    assert [p.update for p in all_of(found)] == expected and 0 < len(expected) < UPDATES
    assert last.update == expected[-1] and last.value == run.times(0).count - 3         # w6, w7, w8 come after it
    assert found.rank(last) == found.count == found.rank(Position(UPDATES))
    assert found.rank(Position(last.update, last.value - 1, 10)) == found.count - 1


def test_the_first_at_which_the_error_is_small(run: Run, tutorial: list[Update]) -> None:
    expected = next(n for n, update in enumerate(tutorial) if update.cost < 0.001)
    for line in ("E < 0.001", "becomes E < 0.001"):
        first = hits(run, line).nth(1)
        assert first == Position(expected, run.times(0).cost_value, run.times(0).stops(run.times(0).cost_value))
    assert hits(run, "becomes E < 0.001").count == 1
    assert hits(run, "E < 0.001").count == sum(update.cost < 0.001 for update in tutorial)


def test_every_sign_change_of_every_derivative(run: Run, tutorial: list[Update]) -> None:
    """For every x of the program: weights, biases, inputs, targets, nets and outs."""
    changes, program = 0, run.program(0)
    known = {name for name, (v, _) in program.names.items() if v.role in ("data", "parameter", "forward")}
    assert known - {"hidden.bias", "output.bias"} == tutorial[0].by.keys()
    for x in tutorial[0].by:
        signs = [math.copysign(1, u.by[x]) if u.by[x] else 0.0 for u in tutorial]
        expected = [n for n in range(1, UPDATES + 1) if signs[n] != signs[n - 1]]
        assert [p.update for p in all_of(hits(run, f"changed(sign(d(E, {x})))"))] == expected, x
        changes += len(expected)
    assert changes >= 3                             # or nothing is held


def test_the_pass_by_hand_is_the_run(run: Run, tutorial: list[Update]) -> None:
    """So near that what it is compared at lies farther from every border."""
    for n in (0, 1, 120, 5_000, UPDATES):
        assert abs(run.value("E", n) - tutorial[n].cost) <= 1e-13 * tutorial[n].cost
        for x, derivative in tutorial[n].by.items():
            assert abs(float(run.value(f"d(E, {x})", n)) - derivative) <= 1e-10 * abs(derivative) + 1e-16


# every position of small runs

def positions(run: Run) -> Iterator[Position]:
    for update in range(run.updates + 1):
        times = run.times(update)
        for value in range(times.count + 1):
            for inner in range(min(1, times.stops(value)), times.stops(value) + 1):
                yield Position(update, value, inner)


def hold(run: Run, found: Hits, expected: list[Position]) -> None:
    """`nth`, `rank`, the walk forwards and the walk backwards agree with a list, at every position of the run."""
    assert all_of(found) == expected == sorted(set(expected))
    before = 0
    for at in positions(run):
        rank = found.rank(at)
        assert rank == bisect_right(expected, at) and rank >= before, at
        before = rank
    walked, at = list[Position](), Position(-1) if expected and expected[0] == Position(0) else Position(0)
    while (rank := found.rank(at) if at.update >= 0 else 0) < found.count and len(walked) <= len(expected):
        at = found.nth(rank + 1)
        walked.append(at)
    back, at = list[Position](), Position(run.updates, run.times(run.updates).count, 10**6)
    while found.rank(at) and len(back) <= len(expected):
        at = found.nth(found.rank(at))
        back.append(at)
        at = Position(at.update, at.value, at.inner - 1) if at.inner else Position(at.update, at.value - 1, 10**6)
    assert walked == expected and back == expected[::-1]


def small(open_text: Open, batch: int, updates: int, more: str = "") -> Run:
    return open_text(f"""
[network]
inputs = ["a", "b"]
[[network.layers]]
kind = "dense"
name = "first"
units = ["p", "q"]
activation = "tanh"
weights = [[0.4, -0.3], [0.2, 0.6]]
bias = [0.1, -0.1]
[[network.layers]]
kind = "dense"
name = "last"
units = ["o"]
activation = "linear"
weights = [[0.5, -0.7]]
weight_names = [["u", "v"]]
bias = false
[loss]
kind = "half_squared_error"
[data]
inputs = [[0.1, 0.2], [0.3, -0.4], [-0.5, 0.6], [0.7, 0.8], [0.9, -1.0]]
targets = [[0.1], [-0.4], [0.5], [0.2], [0.6]]
[training]
learning_rate = 0.3
batch = {batch}
updates = {updates}
{more}""")


def names_of(run: Run, update: int) -> list[set[str]]:
    """By hand: what every value of an update of that run is called, in the order of its making."""
    first = [f"first.weights[{i},{j}]" for i in (0, 1) for j in (0, 1)]
    nets, outs, biases = ("net_p", "net_q"), ("out_p", "out_q"), ("first.bias[0]", "first.bias[1]")
    single = run.model.batch == 1
    loss = [{"loss/E_o"}, {"loss/loss", "loss/E"}] if single else [{"loss/E_o"}, {"loss/loss"}, {"loss/E"}]
    made = [*({f"forward/{n}", f"forward/first/{n}"} for n in (*nets, *outs)),
            {"forward/out_o", "forward/net_o", "forward/last/out_o", "forward/last/net_o"}, *loss,
            {"backward/out_o", "backward/net_o", "backward/last/out_o", "backward/last/net_o"},
            *({f"backward/{n}", f"backward/last/{n}"} for n in ("u", "v")),
            *({f"backward/{n}", f"backward/first/{n}"} for n in (*outs, *nets, *first, *biases))]
    updated = [*({f"update/{n}", f"update/first/{n}"} for n in (*first, *biases)),
               *({f"update/{n}", f"update/last/{n}"} for n in ("u", "v"))]
    return made + updated if update < run.updates else made


PATTERNS = ["update/*", "backward/first/*", "forward/net_p", "update/u", "update/last/v", "*/first.weights[0,1]",
            "update/first.bias[*]", "loss/E", "*/*_q", "backward/*weights[1,?]", "update/[uv]", "forward/out_o", "*"]


@pytest.mark.parametrize("batch", [1, 2, 5])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_of_names(open_text: Open, pattern: str, batch: int) -> None:
    run = small(open_text, batch, 7)
    expected: list[Position] = []
    for update in range(8):
        names, times = names_of(run, update), run.times(update)
        assert len(names) == times.count
        expected += [Position(update, value, times.stops(value)) for value, called in enumerate(names, 1)
                     if any(fnmatchcase(name, pattern.replace("[", "[[]")) for name in called)]
    if pattern == "update/[uv]":                    # brackets are of a name, not of a choice
        assert not expected
        return
    hold(run, hits(run, pattern), expected)


GAN = """
[equations]
forward = ["fake = g*z + h", "D = (a*x - fake)**2", "G = (fake - 2)**2"]
loss = "D"
[parameters]
a = 0.4
g = 0.7
h = 0.2
[values]
x = [1.0, 1.5, 0.8]
z = [0.3, -0.7, 0.1]
[training]
learning_rate = 0.1
updates = 8
batch = 2
[[training.objectives]]
minimize = "D"
parameters = ["a"]
updates = 2
[[training.objectives]]
minimize = "G"
parameters = ["g", "h"]
"""


@pytest.mark.parametrize(("place", "updates"), [
    ("d(D, a)", [0, 1, 3, 4, 6, 7]), ("d(G, h)", [2, 5, 8]), ("fake", list(range(9))), ("update/a", [0, 1, 3, 4, 6, 7]),
    ("update/g", [2, 5]), ("update/*", [0, 1, 2, 2, 3, 4, 5, 5, 6, 7]), ("d(D, a) if D < 100", [0, 1, 3, 4, 6, 7]),
    ("d(G, h) if D < 100", [2, 5, 8]), ("d(fake, g)", list(range(9))), ("d(D, x)", list(range(9))),
    ("changed(g) or changed(a)", list(range(8))), ("D > 1000 or g.change > -100", [2, 5]),
    ("update/* if changed(h)", [2, 2, 5, 5])])
def test_objectives_in_turn(open_text: Open, place: str, updates: list[int]) -> None:
    """D twice, then G: what only one of them makes is hit in its updates only, what neither makes is known in all;
    the last update writes nothing."""
    run = open_text(GAN)
    found = hits(run, place)
    assert [p.update for p in all_of(found)] == updates
    hold(run, found, all_of(found))


def test_the_other_objective_first(open_text: Open) -> None:
    """G, then D twice: two steps, one and one."""
    d, g = GAN[GAN.index("[[training"):GAN.rindex("[[training")], GAN[GAN.rindex("[[training"):]
    for updates in range(1, 9):
        run = open_text(GAN.replace(d + g, g + d).replace("updates = 8", f"updates = {updates}"))
        expected = [n for n in range(updates) for _ in range(2 if n % 3 == 0 else 1)]
        found = hits(run, "update/*")
        assert [p.update for p in all_of(found)] == expected
        hold(run, found, all_of(found))


def test_what_an_optimizer_makes_has_its_own_name() -> None:
    run = open_run(find("adam"))
    made = {name: hits(run, f"update/{name}").count for name in ("steep", "steep.m", "steep.m_hat", "steep*", "*_hat")}
    assert made == {"steep": 400, "steep.m": 400, "steep.m_hat": 400, "steep*": 2400, "*_hat": 1600}


CONDITIONS = ["E < 0.2", "becomes E < 0.1", "changed(u)", "changed(sign(d(E, u)))", "update/* if E < 0.1",
              "d(E, v) if changed(sign(d(E, u)))", "E < 0.1 or changed(u)", "abs(u.change) > 0.02",
              "out_o < 0.2 sample 3", "*_p if out_o < 0.3 sample 4", "changed(u) and forward_passes > 4",
              "E@prev < 0.1", "E.training < 0.1"]


@pytest.mark.parametrize("batch", [1, 2, 5])
@pytest.mark.parametrize("line", CONDITIONS)
def test_conditions_by_position(open_text: Open, line: str, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "STRETCH", 3)
    run = small(open_text, batch, 12)
    stop = fitted(run, read_stop(line), 1)
    expected: list[Position] = []
    for update in range(13):
        if not _holds(run, stop, update):
            continue
        times = run.times(update)
        values = [v for v, names in enumerate(names_of(run, update), 1)
                  if any(fnmatchcase(name, stop.place) for name in names)] if "*" in stop.place else \
            [_made(run, update, "E" if stop.condition == "E < 0.1 or changed(u)" and update == 12 else
                   KNOWN_WITH.get(stop.condition, "") if not stop.place else "v'")]
        expected += [Position(update, value, times.stops(value)) for value in values if value is not None]
    hold(run, hits(run, line), expected)


KNOWN_WITH = {"E < 0.2": "E", "E < 0.1": "E", "changed(u)": "update/u", "changed(sign(d(E, u)))": "backward/u",
              "E < 0.1 or changed(u)": "update/u", "abs(u.change) > 0.02": "update/u", "out_o < 0.2": "forward/out_o",
              "changed(u) and forward_passes > 4": "update/u", "E@prev < 0.1": "", "E.training < 0.1": ""}


def _made(run: Run, update: int, name: str) -> int | None:
    """The value of that name; 0 for the start of the update, None where the last update has no such step."""
    name = {"E": "loss/E", "v'": "backward/v"}.get(name, name)
    return next((v for v, names in enumerate(names_of(run, update), 1) if name in names), None) if name else 0


def _holds(run: Run, stop: Stop, update: int) -> bool:
    """By the values of the run, one update after the other."""
    def value(text: str, at: int) -> float:
        return float(run.value(text, at))

    def sign(at: int) -> float:
        return float(np.sign(value("d(E, u)", at)))
    writes = update < 12 and value("u", update) != value("u", update + 1)
    row = (stop.sample or 1) - 1
    out = float(run.value("out_o", update, row + 1)) if row in run.rows(update) else math.nan
    below = {n: value("E", n) < 0.1 for n in (update - 1, update) if n >= 0}
    return {"E < 0.2": value("E", update) < 0.2, "changed(u)": writes,
            "E < 0.1": below[update] and not (stop.becomes and below.get(update - 1)),
            "changed(sign(d(E, u)))": update > 0 and sign(update) != sign(update - 1),
            "E < 0.1 or changed(u)": below[update] or writes,
            "abs(u.change) > 0.02": abs(value("u.change", update)) > 0.02,
            "out_o < 0.2": out < 0.2, "out_o < 0.3": out < 0.3,
            "changed(u) and forward_passes > 4": writes and update > 4,
            "E@prev < 0.1": below.get(update - 1, False),
            "E.training < 0.1": value("E.training", update) < 0.1}[stop.condition]


# which of them count

SLICES: dict[str, Callable[[list[Position], int], list[Position]]] = {
    "": lambda hits, c: hits, "==": lambda hits, c: hits[c - 1:c], "!=": lambda hits, c: hits[:c - 1] + hits[c:],
    ">=": lambda hits, c: hits[c - 1:], ">": lambda hits, c: hits[c:], "<=": lambda hits, c: hits[:c],
    "<": lambda hits, c: hits[:c - 1], "%": lambda hits, c: hits[c - 1::c]}


@pytest.mark.parametrize("line", ["update/*", "changed(sign(d(E, u)))", "E < 0.2", "d(E, v)", "E < 0"])
@pytest.mark.parametrize("after", ["", "becomes E < 0.1", "update/v", "E < 0"])
def test_counted_hits_are_slices(open_text: Open, line: str, after: str) -> None:
    run, random = small(open_text, 2, 9), Random(f"{line} {after}")
    whole = all_of(hits(run, line))
    other = hits(run, after) if after else None
    opened = whole if other is None else [p for p in whole if other.count and p > other.nth(1)]
    for compared, slice_of in SLICES.items():
        for count in (1, 2, 3, random.randint(4, 30), len(opened) or 1, len(opened) + 1):
            said = line + (" after 7" if other else "") + (f" hit {compared} {count}" if compared else "")
            expected = slice_of(opened, count)
            found = hits(run, said, {7: other} if other else None)
            assert all_of(found) == expected, said
            for at in random.sample(list(positions(run)), 40):
                assert found.rank(at) == bisect_right(expected, at), (said, at)


def test_a_stop_after_one_that_is_not_there(open_text: Open) -> None:
    assert hits(small(open_text, 5, 3), "update/u after 9").count == 4 - 1


def test_hits_are_counted_as_far_as_was_looked(open_text: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a search goes on: every number that is known stays what it is."""
    monkeypatch.setattr(sweep, "STRETCH", 2)
    run = small(open_text, 2, 20)
    for line in ("update/* if E < 0.2", "E < 0.2 hit % 3", "changed(u) after 1"):
        other = hits_of(run, read_stop("becomes E < 0.1"), Troubles(run), {}.get)
        found = hits_of(run, fitted(run, read_stop(line), 1), Troubles(run), {1: other}.get)
        seen: list[Position] = []
        while found.work(0.0):
            now = all_of(found)
            assert now[:len(seen)] == seen and all(p.update < found.judged for p in now) and not found.complete
            assert [found.rank(p) for p in now] == list(range(1, len(now) + 1))
            assert found.rank(Position(10**6)) == len(now)
            seen = now
        assert all_of(found)[:len(seen)] == seen and found.complete


# runs that end before their last update

@pytest.mark.parametrize("line", ["update/*", "changed(u)", "update/u if E < 10", "E < 10", "update/* hit % 3", "nan"])
@pytest.mark.parametrize("end", ['until = "abs(u.change) < 0.002"', 'until = "forward_passes > 17"'])
def test_runs_that_end(open_text: Open, line: str, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last update of a run that ends by itself has no update phase, even when that is not known yet."""
    monkeypatch.setattr(sweep, "STRETCH", 5)
    monkeypatch.setattr(sweep, "AHEAD", 0.0)
    monkeypatch.setattr(running, "SLICE", 1)        # the run is known update by update
    ended = small(open_text, 2, 400, end)
    last = ended.finish()
    assert 3 < last < 400
    plain = hits(small(open_text, 2, last), line)
    run = small(open_text, 2, 400, end)
    found = hits_of(run, read_stop(line), Troubles(run), {}.get)
    while found.work(0.0):
        assert found.judged <= run.known or run.known == run.updates
        assert all_of(found) == all_of(plain)[:found.count]
    assert run.updates == last and all_of(found) == all_of(plain)
    hold(run, found, all_of(plain))


def test_a_run_that_ends_by_patience(open_text: Open) -> None:
    held = "[data.validation]\ninputs = [[0.4, 0.1], [-0.2, 0.3]]\ntargets = [[5.0], [-5.0]]"
    text = "patience = 2\n" + held
    ended = small(open_text, 2, 400, text)
    last = ended.finish()
    assert 3 < last < 400 and "E.validation" in ended.ended
    for line in ("update/*", "changed(u)", "E < 10", "update/v if E < 0.3"):
        run = small(open_text, 2, 400, text)
        assert all_of(hits(run, line)) == all_of(hits(small(open_text, 2, last, held), line)) and run.updates == last


def test_a_place_is_arithmetic(run: Run) -> None:
    """Of the long run: nothing is run for it."""
    fresh = open_run(find("two_layer"))
    found = EveryUpdate(fresh, "backward/*")
    each = sum(block.phase == "backward" for block in fresh.times(0).blocks for _ in range(block.out.lane_size))
    assert found.count == each * (UPDATES + 1) and found.nth(each * 700 + 1).update == 700 and fresh.known == 0
    assert EveryUpdate(fresh, "update/*").count == 8 * UPDATES
    for number in Random(5).sample(range(1, found.count + 1), 200):
        assert found.rank(found.nth(number)) == number
