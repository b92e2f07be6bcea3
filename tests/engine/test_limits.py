"""What an update may hold is counted in bytes of one batch, whatever the number of all rows; what would fit is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bptui.engine import limits
from bptui.engine.limits import fitting, size_of
from bptui.replay import run as running
from bptui.replay.open import model_of, open_scenario
from bptui.replay.run import Run
from bptui.scenario.errors import QuantityError, ScenarioError
from bptui.scenario.reader import read_scenario, read_scenario_text, render

Open = Callable[..., Run]


def layer(kind: str, **keys: object) -> str:
    return f"[[network.layers]]\nkind = {kind!r}\n" + "".join(f"{k} = {v!r}\n" for k, v in keys.items())


LENET = "".join((
    layer("conv2d", filters=6, kernel=5, padding=2, activation="tanh"), layer("average_pool", size=2),
    layer("conv2d", filters=16, kernel=5, activation="tanh"), layer("average_pool", size=2), layer("flatten"),
    layer("dense", units=120, activation="tanh"), layer("dense", units=84, activation="tanh"),
    layer("dense", units=10)))


def lenet(folder: Path, rows: int, batch: int) -> Path:
    """LeNet-5 over images of 28 x 28, and class numbers in a column."""
    random = np.random.default_rng(5)
    np.savez(folder / "images.npz", x=random.normal(size=(rows, 784)).astype(np.float32),
             y=random.integers(0, 10, size=(rows, 1)))  # fmt: skip
    path = folder / "lenet.toml"
    path.write_text(f"[network]\ninputs = [1, 28, 28]\n{LENET}[loss]\nkind = 'softmax_cross_entropy'\nname = 'E'\n"
                    f"[data]\nfile = 'images.npz'\ninputs = ['x']\ntargets = ['y']\nvalidation = 0.125\n"
                    f"[training]\nbatch = {batch}\nlearning_rate = 0.1\n")  # fmt: skip
    return path


def test_lenet_5_opens_and_trains_with_batches_of_64(tmp_path: Path) -> None:
    run = open_scenario(read_scenario(lenet(tmp_path, 320, 64)))
    assert run.program(0).samples == 64 and run.model.rows.count == 280
    assert run.value("E", 5) < run.value("E", 0) < 4.0      # of the same 64 rows, an epoch later


def test_a_block_of_64_steps_opens(open_text: Open) -> None:
    rows = np.random.default_rng(2).normal(size=(2, 64 * 64)).round(2).tolist()
    run = open_text(f"[network]\ninputs = [64, 64]\n{layer('attention', name='att', heads=4)}{layer('layer_norm')}"
                    f"{layer('dense', units=64, activation='gelu')}{layer('add', **{'from': 'att'})}"
                    f"[loss]\nkind = 'sum'\n[data]\ninputs = {rows}\n[training]\nbatch = 'all'\n")  # fmt: skip
    assert size_of(run.program(0)).numbers > 4 * 10**6
    assert np.isfinite(run.value("E"))


# What does not fit

DENSE = f"[network]\ninputs = 2\n{layer('dense', units=10)}[loss]\nkind = 'sum'\n[data]\n"


def dense(rows: int, batch: object = "all", held: int = 0) -> str:
    validation = f"[data.validation]\ninputs = {[[1, 2]] * held}\n" if held else ""
    return f"{DENSE}inputs = {[[1, 2]] * rows}\n{validation}[training]\nbatch = {batch!r}\n"


def refused(text: str) -> str:
    lines = None
    with pytest.raises(ScenarioError) as caught:
        read = read_scenario_text(text, "here")
        lines = read.lines
        open_scenario(read)
    [line] = render(caught.value, "m.toml", lines)
    return line


@pytest.fixture
def kilobytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """8 KiB are all that there is: 1,024 numbers."""
    monkeypatch.setattr(limits, "MOST_BYTES", 8192)
    monkeypatch.setattr(running, "MOST_BYTES", 8192)
    monkeypatch.setitem(limits.LIMITS, "numbers", (1024, limits.LIMITS["numbers"][1]))


def test_a_batch_that_is_too_large_is_told_what_fits(kilobytes: None, open_text: Open) -> None:
    line = refused(dense(200))
    assert "an update of 200 rows makes" in line and "0.00781 MiB can be held: a batch of " in line, line
    fit = int(line.partition("a batch of ")[2].split()[0])
    assert 10 < fit < 200 and open_text(dense(200, fit)).program(0).samples == fit
    assert refused(dense(200, fit + 2)).endswith(f"a batch of {fit} rows fits")     # one more may just fit


def test_all_rows_together_may_be_more_than_fits(kilobytes: None, open_text: Open) -> None:
    """Only a batch is held; what is asked of all rows at once is refused when it is asked."""
    run = open_text(dense(500, 4))
    assert np.isfinite(run.value("E", 30))
    with pytest.raises(QuantityError, match=r"over 500 rows the layers make [\d,]+ numbers, .*: \d+ rows fit"):
        run.value("E.training")


def test_validation_is_counted_by_itself(kilobytes: None, open_text: Open) -> None:
    line = refused(dense(4, held=300))
    assert "over 300 rows the layers make 3,000 numbers" in line and line.endswith("102 rows fit"), line
    assert open_text(dense(4, held=102)).model.held is not None


def test_one_row_that_is_too_large_is_at_its_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"[network]\ninputs = 2\n{layer('dense', units=9)}{layer('dense', units=90)}[loss]\nkind = 'sum'\n" \
           f"[data]\ninputs = [[1, 2]]\n"
    from bptui.engine import network
    monkeypatch.setattr(network, "MOST_BYTES", 80 * 8)
    line = refused(text)
    assert "one row makes 99 numbers up to this layer" in line, line
    assert text.splitlines()[int(line.split(":")[1]) - 1] == "kind = 'dense'" and int(line.split(":")[1]) > 5


@pytest.mark.parametrize("most, rows, found, of_one, fit", [
    (100, 10, 1000, 100, 1), (100, 10, 1010, 101, 0), (550, 10, 1000, 100, 5), (999, 10, 1000, 100, 9),
    (400, 3, 500, 300, 2), (50, 2, 51, 10, 1)])  # fmt: skip
def test_how_many_rows_fit(most: int, rows: int, found: int, of_one: int, fit: int) -> None:
    assert fitting(most, rows, found, of_one) == fit


def test_what_fits_does_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """For each kind of limit: the batch that is named is within it."""
    model = model_of(read_scenario_text(dense(60), "here"))
    for field in ("numbers", "products", "summed"):
        whole, one = (getattr(size_of(model.program(n)), field) for n in (60, 1))
        for share in range(1, 10):
            most = max(one, whole * share // 10)
            if most < whole:
                fit = fitting(most, 60, whole, one)
                assert getattr(size_of(model.program(fit)), field) <= most


def test_large_updates_are_not_kept_beside_each_other(kilobytes: None, open_text: Open) -> None:
    one = size_of(open_text(dense(1)).program(0)).numbers
    assert one < 1024 // 4 and size_of(open_text(dense(20)).program(0)).numbers > 1024 // 2
    for run, kept in ((open_text(dense(1)), 4), (open_text(dense(20)), 1)):
        for update in range(6):
            run.env(update)
        assert len(run._envs) == kept


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "cross_entropy"])
@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_class_numbers_may_stand_in_a_column(loss: str, shape: tuple[int, ...], open_text: Open) -> None:
    last = layer("dense", units=3, activation="softmax" if loss == "cross_entropy" else "linear")
    targets = np.array([0, 2, 1, 1]).reshape(shape).tolist()
    run = open_text(f"[network]\ninputs = 2\n{last}[loss]\nkind = '{loss}'\n"
                    f"[data]\ninputs = {[[1, 2]] * 4}\ntargets = {targets}\n")  # fmt: skip
    assert run.model.rows.tensors["targets"].tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 0]]
