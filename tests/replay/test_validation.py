"""Rows held back, and when a run ends: against a forward pass in numpy and plain scans over a run's own values.

The forward pass is written here. A run that ends early is compared with the same run without its condition, whose
values are scanned update by update.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from bptui.debugger.commands.stack import frames
from bptui.engine.executor import Wanted
from bptui.replay import places
from bptui.replay.end import Patience
from bptui.replay.keyframes import Keyframes, state_size
from bptui.replay.moves import Path
from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.replay.timeline import Position
from bptui.scenario.errors import QuantityError, ScenarioError
from bptui.scenario.reader import read_scenario_text

Open = Callable[..., Run]
SOME = np.sin(np.arange(1.0, 60.0))
X, T = SOME[:14].reshape(7, 2), SOME[14:28].reshape(7, 2) ** 2
VX, VT = SOME[28:34].reshape(3, 2), SOME[34:40].reshape(3, 2) ** 2
W1, B1, W2, B2 = SOME[40:46].reshape(3, 2), SOME[46:49], SOME[49:55].reshape(2, 3), 0.25
UPDATES = 60


def scenario(training: str = "", batch: int | str = 3, held: str = "", loss: str = "half_squared_error",
             more: str = "") -> str:
    """A batch of all rows is not shuffled: a file that says so is refused."""
    training = training if batch != "all" else training.replace("shuffle = true\n", "").replace("shuffle = true", "")
    held = held or f"[data.validation]\ninputs = {VX.tolist()}\ntargets = {VT.tolist()}"
    return f"""
[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "hidden"
units = 3
activation = "tanh"
weights = {W1.tolist()}
bias = {B1.tolist()}
[[network.layers]]
kind = "dense"
name = "output"
units = 2
activation = "sigmoid"
weights = {W2.tolist()}
bias = {B2}
[loss]
kind = "{loss}"
{more}
[data]
inputs = {X.tolist()}
targets = {T.tolist()}
{held}
[training]
learning_rate = 0.5
batch = {batch!r}
updates = {UPDATES}
{training}
"""


NONE = "[data.validation]\ninputs = " + str(VX.tolist())


def forward(run: Run, after: int, x: np.ndarray) -> dict[str, np.ndarray]:
    """The network by hand, on the parameters that the run has."""
    p = run.parameters(after)
    h = np.tanh(x @ p["hidden.weights"].T + p["hidden.bias"])
    net = h @ p["output.weights"].T + p["output.bias"]
    return {"hidden.out": h, "output.net": net, "output.out": 1 / (1 + np.exp(-net))}


def losses(run: Run, after: int, x: np.ndarray, t: np.ndarray) -> np.ndarray:
    return ((t - forward(run, after, x)["output.out"]) ** 2 / 2).sum(axis=1)


def close(a: object, b: object) -> bool:
    a, b = np.asarray(a, float), np.asarray(b, float)
    return a.shape == b.shape and bool((np.abs(a - b) <= 1e-10 * (np.abs(b) + 1e-6)).all())


EXECUTORS = pytest.mark.parametrize("executor", ["straight", "arrays"])


# Whole sets


@EXECUTORS
@pytest.mark.parametrize("batch", [1, 3, "all"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_whole_sets_are_the_forward_pass(batch: int | str, reduction: str, executor: str, open_text: Open) -> None:
    run = open_text(scenario("shuffle = true", batch, more=f"reduction = '{reduction}'"), executor)
    reduce = np.mean if reduction == "mean" else np.sum
    for after in (0, 1, 2, 17, UPDATES, UPDATES + 5):
        for name, x, t in (("training", X, T), ("validation", VX, VT)):
            made, each = forward(run, after, x), losses(run, after, x, t)
            assert close(run.value(f"E.{name}", after), reduce(each))
            assert close(run.value(f"loss.{name}", after), each)
            for tensor, expected in made.items():
                assert close(run.value(f"{tensor}.{name}", after), expected), (tensor, after)
            assert close(run.value(f"out_o1.{name}", after), made["output.out"][:, 0])
            for row in range(len(x)):
                assert close(run.value(f"out_o2.{name}[{row}]", after), made["output.out"][row, 1])
                assert close(run.value(f"net_h3.{name}[{row}]", after), np.arctanh(made["hidden.out"][row, 2]))
            assert close(run.value(f"E_o1.{name}", after), (t[:, 0] - made["output.out"][:, 0]) ** 2 / 2)
            assert close(run.value(f"i2.{name}", after), x[:, 1]) and close(run.value(f"t1.{name}", after), t[:, 0])
            assert run.value(f"mean(loss.{name})", after) == pytest.approx(float(np.mean(each)), rel=1e-10)


@EXECUTORS
def test_asking_for_a_set_changes_nothing(executor: str, open_text: Open) -> None:
    run, other = open_text(scenario(), executor), open_text(scenario(), executor)
    for after in range(20):
        run.value("E.validation", after)
        run.value("out_o1.training", after)
    assert all(run.parameters(20)[n].tobytes() == v.tobytes() for n, v in other.parameters(20).items())


@EXECUTORS
def test_rows_without_targets_are_only_predicted_for(executor: str, open_text: Open) -> None:
    run = open_text(scenario(held=NONE), executor)
    while run.work(10.0):
        pass
    assert run.validation == [] and len(run.curve) == UPDATES + 1
    for after in (0, 9):
        assert close(run.value("output.out.validation", after), forward(run, after, VX)["output.out"])
        assert close(run.value("out_o1.validation[2]", after), forward(run, after, VX)["output.out"][2, 0])
        assert close(run.value("E.training", after), losses(run, after, X, T).mean())
    for text in ("E.validation", "loss.validation", "E_o1.validation", "t1.validation"):
        with pytest.raises(QuantityError) as caught:
            run.value(text)
        assert "\n" not in str(caught.value)
    with pytest.raises(QuantityError, match=r"the validation data has no targets, so there is no E of it"):
        run.value("E.validation")


def test_what_a_set_does_not_have(open_text: Open) -> None:
    run, bare = open_text(scenario()), open_text(scenario(held="validation = 0.1").replace("validation = 0.1", ""))
    for asked, of, message in (
        ("E.validation", bare, "has no validation data"), ("w1.validation", run, "w1 is a parameter"),
        ("w1.training", bare, "w1 is a parameter"), ("out_o9.validation", run, "'out_o9' is not a quantity"),
        ("out_o1.validation[3]", run, r"the index \[3\] does not fit the shape \[3\]"),
        ("out_o1.training[7]", run, r"the index \[7\] does not fit"), ("learning_rate.training", run, "learning_rate"),
        ("w1.grad.validation", run, "not a quantity"), ("d(E.validation, w1)", run, "E.validation"),
    ):  # fmt: skip
        with pytest.raises(QuantityError, match=message):
            of.value(asked)


@pytest.mark.parametrize("training, message", [
    ("until = 'E.validation < 0.1'", "the validation data has no targets"),
    ("patience = 2", "patience looks at E.validation: give [data] validation, with targets"),
])  # fmt: skip
def test_an_end_that_needs_targets_is_refused_when_opened(training: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        open_scenario(read_scenario_text(scenario(training, held=NONE), "here"))
    (problem,) = caught.value.problems
    assert problem.key == ("training", training.split()[0]) and message in problem.message


@EXECUTORS
@pytest.mark.parametrize("batch", [2, "all"])
def test_the_curve_of_validation_is_each_epoch(batch: int | str, executor: str, open_text: Open) -> None:
    run, other = open_text(scenario("shuffle = true", batch), executor), open_text(scenario("shuffle = true", batch))
    while run.work(0.0):
        pass
    each = run.schedule.batches
    assert each == (4 if batch == 2 else 1)
    assert [n for n, _ in run.validation] == list(range(each, UPDATES + 1, each))
    for n, cost in run.validation:
        assert cost == run.value("E.validation", n) and close(cost, losses(other, n, VX, VT).mean())
    assert len(run.curve) == UPDATES + 1 and run.curve[UPDATES] == run.value("E", UPDATES)


# Patience


# A large step makes the validation go up and down.
WAVES = "learning_rate = 40.0"


def waves(training: str, batch: int | str = 3) -> str:
    return scenario(training, batch).replace("learning_rate = 0.5", WAVES)


def test_a_best_that_is_only_equalled_is_waited_for() -> None:
    """As Keras and PyTorch's schedulers have it: without a smallest step, better is less."""
    patience = Patience(2)
    assert [patience.ends(loss) for loss in (0.5, 0.5, 0.4, 0.4, 0.4)] == [False, False, False, False, True]


@EXECUTORS
@pytest.mark.parametrize("patience", [1, 2, 3, 5])
@pytest.mark.parametrize("batch", [3, 4, "all"])
def test_patience_ends_where_a_plain_loop_says(patience: int, batch: int | str, executor: str,
                                               open_text: Open) -> None:  # fmt: skip
    free = open_text(waves("shuffle = true", batch), executor)
    each = free.schedule.batches
    best, waited, end = math.inf, 0, UPDATES
    for n in range(each, UPDATES, each):
        value = losses(free, n, VX, VT).mean()
        waited = 0 if value < best else waited + 1
        best = min(best, value)
        if waited == patience:
            end = n
            break
    run = open_text(waves(f"shuffle = true\npatience = {patience}", batch), executor)
    assert run.finish() == run.updates == run.known == end
    assert (run.ended == "") == (end == UPDATES)
    assert "E.validation was not better for" in run.ended or end == UPDATES
    assert [n for n, _ in run.validation] == list(range(each, end + 1, each))
    assert run.parameters(end)["output.weights"].tobytes() == free.parameters(end)["output.weights"].tobytes()
    if patience == 1:
        assert each < end < UPDATES  # so that the loop above has something to say


# Until


CONDITIONS: dict[str, Callable[[Run, int], bool]] = {
    "E < 0.06": lambda r, n: float(r.value("E", n)) < 0.06,
    "E.validation < 0.07": lambda r, n: bool(losses(r, n, VX, VT).mean() < 0.07),
    "E.training < 0.088": lambda r, n: bool(losses(r, n, X, T).mean() < 0.088),
    "abs(E - E@prev) < 2e-3": lambda r, n: abs(float(r.value("E", n)) - float(r.value("E", n - 1))) < 2e-3,
    "w1 < -0.2 and E < 0.1": lambda r, n: float(r.value("w1", n)) < -0.2 and float(r.value("E", n)) < 0.1,
    "w1 - hidden.weights[0,1] < 0.74": lambda r, n: r.parameters(n)["hidden.weights"][0, 0]
        - r.parameters(n)["hidden.weights"][0, 1] < 0.74,
    "norm(output.weights) > 1.73": lambda r, n: float(np.linalg.norm(r.parameters(n)["output.weights"])) > 1.73,
    "not (E > 0.1)": lambda r, n: not float(r.value("E", n)) > 0.1,
    "E < 1e-9": lambda r, n: False,
    "E < 100": lambda r, n: True,
    "all(abs(out_o1.validation - t1.validation) < 0.5)": lambda r, n: bool(
        (abs(forward(r, n, VX)["output.out"][:, 0] - VT[:, 0]) < 0.5).all()),
}  # fmt: skip


def scan(run: Run, condition: Callable[[Run, int], bool], updates: int = UPDATES) -> int:
    """The first update after which it holds; the run is looked at after each update, not before the first."""
    return next((n for n in range(1, updates) if condition(run, n)), updates)


def test_the_conditions_are_worth_scanning(open_text: Open) -> None:
    ends = {scan(open_text(scenario()), holds) for holds in CONDITIONS.values()}
    assert len(ends & set(range(2, UPDATES))) >= 4 and {1, UPDATES} <= ends


@EXECUTORS
@pytest.mark.parametrize("frames", [None, 4])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_until_ends_where_a_plain_scan_says(condition: str, frames: int | None, executor: str,
                                            open_text: Open) -> None:  # fmt: skip
    free, run = open_text(scenario(), executor), open_text(scenario(f"until = '{condition}'"), executor)
    end = scan(free, CONDITIONS[condition])
    if frames:
        run.keyframes = Keyframes(run.schedule.start(), frames * state_size(run.schedule.start()))
    assert run.may_end and run.finish() == end == run.updates == run.known
    assert (run.ended == "") == (end == UPDATES)
    assert run.curve.tolist() == [free.value("E", n) for n in range(end + 1)]
    for n in (end, end // 2, end + 3):
        for name, value in free.parameters(n).items():
            assert run.parameters(n)[name].tobytes() == value.tobytes()


@EXECUTORS
@pytest.mark.parametrize("slices", [0.0, 10.0])
def test_until_is_the_same_in_slices_and_beyond_a_hop(slices: float, executor: str, open_text: Open) -> None:
    """Past some thousand updates, with strides of keyframes between the looks."""
    text = scenario("until = 'E < 0.0165'", "all").replace(f"updates = {UPDATES}", "updates = 4000")
    free, run = open_text(text.replace("until", "# until"), executor), open_text(text, executor)
    run.keyframes = Keyframes(run.schedule.start(), 8 * state_size(run.schedule.start()))
    while run.work(slices):
        pass
    watched = Wanted(((free.program(0).cost, 0),))
    costs = [row[0] for row in free.schedule.watch(lambda p: watched, free.schedule.start(), 0, 4000)[1]]
    end = next(n for n in range(1, 4000) if costs[n] < 0.0165)
    assert 1000 < end == run.updates == run.known and run.keyframes.stride > 64
    assert run.curve.tolist() == costs[:end + 1] and max(run.keyframes.frames) <= end


@EXECUTORS
@pytest.mark.parametrize("condition", ["w < 1", "w > -1e9", "not (w > -1)", "w != w", "isnan(w)", "isnan(w) or w < 0",
                                       "abs(w) < 1", "not isfinite(w)", "w@prev < 1", "abs(w) > 1e300",
                                       "w == 5 or v < -3.5e155", "not (w > -1e200)",
                                       "w > 1e9 and w - w == 0"])  # fmt: skip
def test_until_with_nan(condition: str, executor: str, open_text: Open) -> None:
    """w grows by 2e155 in size each time: 2, -4e155, then it overflows, and from there on is NaN."""
    text = f"""
[equations]
forward = ["E = w*w + v"]
loss = "E"
[parameters]
w = 2.0
v = 0.0
[training]
learning_rate = 1e155
updates = 8
until = "{condition}"
"""
    free = open_text(text.replace("until", "# until"), executor)
    values, others = ([float(free.value(name, n)) for n in range(9)] for name in ("w", "v"))
    scans: dict[str, Callable[[int], bool]] = {
        "w < 1": lambda n: values[n] < 1, "w > -1e9": lambda n: values[n] > -1e9,
        "not (w > -1)": lambda n: not values[n] > -1, "w != w": lambda n: False,
        "isnan(w)": lambda n: math.isnan(values[n]),
        "isnan(w) or w < 0": lambda n: values[n] < 0 or math.isnan(values[n]),
        "abs(w) < 1": lambda n: abs(values[n]) < 1, "not isfinite(w)": lambda n: not math.isfinite(values[n]),
        "w@prev < 1": lambda n: values[n - 1] < 1, "abs(w) > 1e300": lambda n: abs(values[n]) > 1e300,
        "w == 5 or v < -3.5e155": lambda n: values[n] == 5 or others[n] < -3.5e155,
        "not (w > -1e200)": lambda n: not values[n] > -1e200, "w > 1e9 and w - w == 0": lambda n: False,
    }  # fmt: skip
    assert math.isnan(values[-1]) and math.isfinite(values[1])
    run = open_text(text, executor)
    assert run.finish() == next((n for n in range(1, 8) if scans[condition](n)), 8)
    assert run.finish() == next((n for n in range(1, 8) if free.value(condition, n)), 8)


# The end of a run


@EXECUTORS
def test_the_end_has_no_update_phase(executor: str, open_text: Open) -> None:
    run = open_text(scenario("until = 'E < 0.06'"), executor)
    end = scan(open_text(scenario(), executor), CONDITIONS["E < 0.06"])
    assert 2 < end < UPDATES
    assert run.goes_on(0) and run.goes_on(end - 1) and not run.goes_on(end) and not run.goes_on(end + 1)
    assert {b.phase for b in run.times(end - 1).blocks} == {"forward", "loss", "backward", "update"}
    assert {b.phase for b in run.times(end).blocks} == {"forward", "loss", "backward"}
    assert run.times(end).count < run.times(end - 1).count
    assert run.finish() == end
    late = run.value("E", end + 4)                  # a claim may look past the end
    assert late == open_text(scenario(), executor).value("E", end + 4)
    assert run.value("w1.next", end) == run.value("w1", end + 1)
    assert run.updates == end


def test_moves_stop_at_the_end(open_text: Open) -> None:
    run = open_text(scenario("until = 'E < 0.06'"))
    end = scan(open_text(scenario()), CONDITIONS["E < 0.06"])
    path = Path(run)
    last = path.close(end - 1, run.times(end - 1).count)
    assert path.over(last) == Position(end)
    at, seen = Position(end), 0
    while (further := path.into(at)) is not None:
        at, seen = further, seen + 1
    assert at == path.end() and at.update == end and at.value == run.times(end).count and seen > 20
    assert path.over(at) is None
    assert path.back_over(Position(end)) == last
    fresh = open_text(scenario("until = 'E < 0.06'"))
    epoch = {frame.level: frame.end for frame in frames(fresh, Position(end - 1))}["epoch"]
    assert epoch.update <= end and Path(fresh).end() == path.end()


def test_places_respect_the_end(open_text: Open) -> None:
    end = scan(open_text(scenario()), CONDITIONS["E < 0.06"])

    def read(text: str, update: int = 0) -> Position:
        fresh = open_text(scenario("until = 'E < 0.06'"))        # that nobody has run
        return places.read_position(fresh, text, update)
    assert read("50%") == Position(end // 2) and read("100%") == Position(end) and read("0%") == Position(0)
    assert read(f"#{end}") == Position(end) and read("w1@2").update == 2
    for text in (f"#{end + 1}", f"{end + 1}", f"#{UPDATES}:3", f"E@{end + 1}", "e6"):
        with pytest.raises(QuantityError, match=f"the run ends after {end} updates"):
            read(text)
    with pytest.raises(QuantityError, match=f"the run ends after at most {UPDATES} updates"):
        read("#999999999")                          # said without running it
    with pytest.raises(QuantityError, match="past the end"):
        read("101%")
    with pytest.raises(QuantityError, match="is past its end"):
        read(f"#{end}:999")
    with pytest.raises(QuantityError, match="after the last update nothing is updated"):
        read("w1.next", end)


def test_a_run_without_a_condition_is_not_run_to_ask_for_its_end(open_text: Open) -> None:
    run = open_text(scenario().replace(f"updates = {UPDATES}", "updates = 1000000"))
    assert not run.may_end and run.finish() == 1_000_000 and run.known == 0
    assert run.goes_on(999_999) and not run.goes_on(1_000_000)


@pytest.mark.parametrize("until, message", [
    ("E", "until must be a comparison"), ("EE < 1", "until: 'EE' is not a quantity"), ("E <", "until"),
    ("output.weights > 1", "until: a tensor is neither true nor false"), ("E < output.weights", "until"),
])  # fmt: skip
def test_a_wrong_condition_is_one_clear_error(until: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        open_scenario(read_scenario_text(scenario(f"until = '{until}'"), "here"))
    (problem,) = caught.value.problems
    assert problem.key == ("training", "until") and message in problem.message, problem
