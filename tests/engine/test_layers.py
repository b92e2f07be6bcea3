"""Layers: what cannot be is one clear line, and derivatives are the sums that a person expects to see.

Values, gradients and updates are held against PyTorch in `tests/pytorch`; here against differences, 50 digits (by
`check`), and counting.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

import numpy as np
import pytest

from bptui.engine.scalars import Scalars
from bptui.explain.chain import Explainer
from bptui.explain.check import check_run
from bptui.explain.listing import listing
from bptui.explain.namer import Namer
from bptui.explain.words import about_step
from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.replay.timeline import Position
from bptui.scenario.errors import ScenarioError
from bptui.scenario.reader import read_scenario_text, render


def layer(kind: str, **keys: object) -> str:
    """A layer as TOML; `from_` is written from."""
    written = "".join(f"{k.rstrip('_')} = {v!r}\n".replace("True", "true") for k, v in keys.items())
    return f"[[network.layers]]\nkind = {kind!r}\n{written}"


def text(inputs: int | list[int], layers: list[str], outputs: int, samples: int = 3, loss: str = "half_squared_error",
         data: object = None, targets: object = None, training: str = "") -> str:
    """A scenario with random data."""
    random = np.random.default_rng(7)
    fed = prod(inputs) if isinstance(inputs, list) else inputs
    data = random.normal(size=(samples, fed)).round(3).tolist() if data is None else data
    targets = random.normal(size=(samples, outputs)).round(3).tolist() if targets is None else targets
    return (f"[network]\ninputs = {inputs}\n{''.join(layers)}[loss]\nkind = {loss!r}\n"
            f"[data]\ninputs = {data}\ntargets = {targets}\n[training]\nlearning_rate = 0.1\nupdates = 6\n{training}")


def opened(written: str, executor: str | None = None) -> Run:
    return open_scenario(read_scenario_text(written, "layers"), executor)


TANH = {"activation": "tanh"}
KINDS: dict[str, str] = {
    "dense over steps": text([3, 2], [layer("dense", units=2, **TANH), layer("flatten"), layer("dense", units=1)], 1),
    "conv2d": text([2, 4, 4], [layer("conv2d", filters=2, kernel=[3, 2], stride=2, padding=1, **TANH),
                               layer("conv2d", filters=1, kernel=2), layer("flatten"), layer("dense", units=1)], 1),
    "max_pool": text([1, 4, 4], [layer("conv2d", filters=2, kernel=1), layer("max_pool", size=2, stride=1),
                                 layer("flatten"), layer("dense", units=1)], 1),
    "average_pool": text([1, 4, 4], [layer("conv2d", filters=1, kernel=1), layer("average_pool", size=2),
                                     layer("flatten"), layer("dense", units=1)], 1),
    "dropout": text(3, [layer("dense", units=4, **TANH), layer("dropout", rate=0.5), layer("dense", units=1)], 1),
    "rnn": text([3, 2], [layer("rnn", units=2, return_sequence=True), layer("rnn", units=2), layer("dense", units=1)],
                1),
    "lstm": text([2, 2], [layer("lstm", units=2), layer("dense", units=1)], 1, 2),
    "gru": text([2, 2], [layer("gru", units=2), layer("dense", units=1)], 1, 2),
    "embedding": text(3, [layer("embedding", vocabulary=4, size=2), layer("rnn", units=2), layer("dense", units=1)], 1,
                      data=[[0, 1, 2], [3, 3, 1], [1, 0, 2]]),
    "batch_norm": text(2, [layer("dense", units=3), layer("batch_norm"), layer("activation", activation="tanh"),
                           layer("dense", units=1)], 1, 4),
    "batch_norm of images": text([1, 3, 3], [layer("conv2d", filters=2, kernel=2), layer("batch_norm"),
                                             layer("flatten"), layer("dense", units=1)], 1, 4),
    "layer_norm": text([2, 3], [layer("layer_norm"), layer("flatten"), layer("dense", units=1)], 1),
    "attention": text([3, 2], [layer("attention", causal=True), layer("flatten"), layer("dense", units=1)], 1, 2),
    "attention with heads": text([2, 4], [layer("attention", heads=2), layer("flatten"), layer("dense", units=1)], 1,
                                 1),
    "add": text(3, [layer("dense", name="a", units=3, **TANH), layer("dense", units=3, **TANH),
                    layer("add", from_="a"), layer("dense", units=1)], 1),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_is_right_by_differences_and_fifty_digits(kind: str) -> None:
    assert check_run(opened(KINDS[kind])).ok


@pytest.mark.parametrize("kind", KINDS)
def test_both_executors_agree(kind: str) -> None:
    straight, arrays = (opened(KINDS[kind], e) for e in ("straight", "arrays"))
    for name, value in straight.parameters(6).items():
        other = arrays.parameters(6)[name]
        assert np.all(np.abs(value - other) <= 1e-10 * (np.abs(other) + 1e-6)), name


IMPOSSIBLE = {
    "a kernel larger than the image": (text([1, 4, 4], [layer("conv2d", filters=1, kernel=5)], 1),
                                       "6: the kernel is 5 x 5, larger than the image, 4 x 4"),
    "also with padding": (text([1, 2, 2], [layer("conv2d", filters=1, kernel=[1, 5], padding=1)], 1),
                          "6: the kernel is 1 x 5, larger than the image with its padding, 4 x 4"),
    "a window larger than the image": (text([1, 4, 4], [layer("max_pool", size=9)], 1),
                                       "5: the size is 9 x 9, larger than the image, 4 x 4"),
    "no image": (text(3, [layer("conv2d", filters=1, kernel=1)], 1),
                 "4: conv2d reads [channels, rows, columns], and what comes here is 3"),
    "no sequence": (text(3, [layer("gru", units=1)], 1),
                    "4: gru reads [steps, features], and what comes here is 3"),
    "heads that do not divide": (text([2, 4], [layer("attention", heads=3)], 8), "5: 3 heads do not divide 4 features"),
    "another shape": (text(3, [layer("dense", name="a", units=3), layer("dense", units=2), layer("add", from_="a")], 2),
                      "12: 'a' makes 3, and what comes here is 2: only equal shapes can be added"),
    "a layer that is none": (text(3, [layer("dense", name="a", units=3), layer("add", from_="b")], 3),
                             "9: 'b' is no layer before this one; before it stand a"),
    "an embedding in the middle": (text([2, 2], [layer("dense", units=2), layer("embedding", vocabulary=3, size=2)], 4),
                                   "7: an embedding reads numbers of words, so it must be the first layer"),
    "a word out of range": (text(2, [layer("embedding", vocabulary=2, size=1), layer("flatten")], 2,
                                 data=[[0, 1], [1, 2]], targets=[[0, 0], [0, 0]]),
                            "12: input 2, number 2, is 2: a word is a whole number from 0 to 1, as the vocabulary has "
                            "2 words"),
    "gates of another number": (text([2, 3], [layer("lstm", units=2, weights=[[1]])], 2),
                                "6: weights of 'layer1' must be 8 rows of 3: 4 gates of 2 rows; here: 1 x 1 (1 "
                                "numbers)"),
    "a batch of sequences normalised": (text([2, 3], [layer("batch_norm")], 6),
                                        "4: batch_norm reads units, or [channels, rows, columns]; what comes here is "
                                        "2 x 3"),
}


@pytest.mark.parametrize("kind", IMPOSSIBLE)
def test_impossible_geometry_is_one_clear_line(kind: str) -> None:
    written, line = IMPOSSIBLE[kind]
    scenario = read_scenario_text(written, "layers")
    with pytest.raises(ScenarioError) as caught:
        open_scenario(scenario)
    assert render(caught.value, "x", scenario.lines) == [f"x:{line}"]


def test_a_recurrent_weight_has_a_share_for_every_step_and_their_sum_is_the_gradient() -> None:
    run = opened(text([3, 2], [layer("rnn", name="memory", units=2), layer("dense", units=1)], 1))
    for name, steps in (("w1", ["step 2", "step 1", "step 0"]), ("w5", ["step 2", "step 1", "step 0"])):
        chain = Explainer(run, 0, 0).derivative(*run.program(0).names[name])
        assert chain is not None
        paths = [r for r in chain.rows if r.kind == "path"]
        assert [r.name for r in paths] == [f"at {step}" for step in steps]
        assert abs(sum(r.value or 0 for r in paths) - run.value(f"d(E, {name})")) <= 1e-15
        for row in paths:                           # and each has a chain of its own
            assert row.cell is not None
            own = Explainer(run, 0, 0).backward(row.cell)
            assert own.rows[-1].value == row.value and len(own.rows) > 2
    # The state before the first step is 0, so the recurrent weight's share there is exactly 0.
    assert [r.value for r in paths][-1] == 0


def test_a_kernel_element_lists_exactly_the_positions_it_was_used_at() -> None:
    run = opened(text([1, 3, 4], [layer("conv2d", name="conv", filters=1, kernel=2), layer("flatten"),
                                  layer("dense", units=1)], 1, samples=1))
    program = run.program(0)
    adjoint = program.gradients[program.variables["conv.weights"]]
    terms = list(Scalars(program.made_by[adjoint]).all_cells(3))       # kernel[0,0,1,1]
    net = program.variables["conv.out"]                                # linear: out is net
    positions = [c[1] for cells in terms for c in cells if c[0].of == (net,)]
    assert positions == [0, 1, 2, 3, 4, 5]                             # 2 x 3 windows, each once
    env = run.env(0)
    read = [env.scalar(c) for cells in terms for c in cells if c[0].role == "temporary"]
    image = np.asarray(run.value("inputs"))
    assert read == [image[0, r + 1, c + 1] for r in range(2) for c in range(3)]


def test_dropped_units_have_derivatives_of_exactly_0_and_the_mask_repeats() -> None:
    run = opened(KINDS["dropout"])
    masks = [np.asarray(run.value("layer2.mask", n)) for n in range(6)]
    assert any(not np.array_equal(a, b) for a, b in pairwise(masks))
    assert set(np.concatenate(masks)) == {0.0, 2.0}
    for n, mask in enumerate(masks):
        assert np.array_equal(np.asarray(run.value("d(E, layer1.out)", n)) == 0, mask == 0)
        assert np.array_equal(opened(KINDS["dropout"]).value("layer2.mask", n), mask)
    assert np.array_equal(run.value("layer2.out.training"), run.value("layer1.out.training"))


def test_running_statistics_are_state_and_serve_evaluation() -> None:
    run = opened(KINDS["batch_norm"])
    mean, spread = np.zeros(3), np.ones(3)
    for n in range(5):
        assert np.allclose(run.value("layer2.running_mean", n), mean, rtol=1e-12)
        assert np.allclose(run.value("layer2.running_variance", n), spread, rtol=1e-12)
        out = np.array([run.value("layer1.out", n, k) for k in range(1, 5)])
        mean, spread = 0.9 * mean + 0.1 * out.mean(0), 0.9 * spread + 0.1 * out.var(0, ddof=1)
    rows = np.asarray(run.value("layer1.out.training", 5))
    normal = (rows - mean) / np.sqrt(spread + 1e-5)
    gain, bias = (np.asarray(run.value(f"layer2.{part}", 5)) for part in ("gain", "bias"))
    assert np.allclose(run.value("layer2.out.training", 5), gain * normal + bias, rtol=1e-10)


def test_a_causal_step_sees_nothing_that_comes_after_it() -> None:
    run = opened(KINDS["attention"])
    p = np.asarray(run.value("layer1.probabilities"))[0]
    assert np.array_equal(np.triu(p, 1), np.zeros((3, 3))) and np.allclose(p.sum(1), 1, rtol=1e-15)
    assert run.value("d(layer1.out[0,0], inputs[2,1])") == 0


@pytest.mark.parametrize(("batch", "which"), [(1, "a batch"), (2, "the last batch of an epoch")])
def test_a_batch_of_one_cannot_be_normalised(batch: int, which: str) -> None:
    written = text(2, [layer("batch_norm", name="bn"), layer("dense", units=1)], 1, 3, training=f"batch = {batch}\n")
    with pytest.raises(ScenarioError) as caught:
        opened(written)
    assert [p.message for p in caught.value.problems] == [
        f"batch_norm needs two samples or more, and {which} has one: give another batch"]


def test_rows_may_be_flat_beside_nested_ones() -> None:
    written = text([2, 2], [layer("flatten"), layer("dense", units=1)], 1, 1)
    written = written.replace("[training]", "validation = { inputs = [[[1, 2], [3, 4]]], targets = [[0]] }\n[training]")
    assert np.array_equal(opened(written).value("inputs.validation"), [[[1, 2], [3, 4]]])


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_of_a_layer_is_explained_and_said_in_words(kind: str) -> None:
    run = opened(KINDS[kind])
    times = run.times(0)
    for value in range(1, times.count + 1):
        at = Explainer(run, 0, 0)
        chain = at.chain(value)
        assert chain.rows[-1].value == at.reader.value(at.cell(value)) or np.isnan(chain.rows[-1].value or 0.0)
        assert about_step(at, Position(0, value, times.stops(value)), chain)


@pytest.mark.parametrize("kind", ["batch_norm", "layer_norm"])
def test_a_norm_without_bias_has_none(kind: str) -> None:
    norm = f"{layer(kind, name='norm')}bias = false\n"
    run = opened(text(3, [layer("dense", units=3), norm, layer("dense", units=1)], 1, 4))
    assert "norm.bias" not in run.parameters(0) and "norm.gain" in run.parameters(0)
    assert np.array_equal(run.value("norm.out"), np.asarray(run.value("norm.gain")) * run.value("norm.normal"))
    assert check_run(run).ok


def test_an_embedding_that_says_nothing_is_drawn_from_the_normal_distribution() -> None:
    written = text(2, [layer("embedding", name="words", vocabulary=500, size=4), layer("flatten"),
                       layer("dense", units=1)], 1, data=[[0, 1], [2, 3], [4, 5]])
    drawn = np.asarray(opened(written).value("words.weights"))
    assert abs(drawn.mean()) < 0.1 and abs(drawn.std() - 1) < 0.05      # as torch.nn.Embedding


def test_a_listing_names_the_step_of_each_share() -> None:
    run = opened(text([3, 2], [layer("rnn", name="memory", units=2), layer("dense", units=1)], 1))
    shown = {line.left: line.right for line in listing(run.program(0), run.times(0), Namer(run.scenario))}
    assert shown["∂E/∂W_h"] == "∂E/∂W_h at step 2 + ∂E/∂W_h at step 1 + ∂E/∂W_h at step 0"


@pytest.mark.parametrize("inputs, before, samples, batch, fine", [
    (2, "", 2, 1, False), (2, "", 3, 2, False), (2, "", 4, 2, True),
    ([2, 1, 1], "", 1, 1, False), ([2, 1, 1], "", 3, 2, False), ([2, 1, 1], "", 2, 2, True),
    ([1, 2, 2], layer("max_pool", size=2), 1, 1, False), ([1, 2, 2], layer("average_pool", size=2), 5, 4, False),
    ([1, 3, 3], layer("conv2d", filters=2, kernel=3), 3, 2, False), ([1, 1, 2], "", 1, 1, True),
    ([1, 2, 1], "", 3, 2, True),
    ([1, 1, 1], layer("conv2d", filters=1, kernel=1, padding=1), 1, 1, True),
    ([1, 1, 1], layer("conv2d", filters=3, kernel=1), 1, 1, False),
])  # fmt: skip
def test_a_batch_norm_over_one_value_is_refused_in_every_shape(inputs: int | list[int], before: str, samples: int,
                                                              batch: int, fine: bool) -> None:  # fmt: skip
    """Samples of the batch × rows × columns, the last short batch too: PyTorch refuses one value a channel as well."""
    flat = layer("flatten") if isinstance(inputs, list) else ""
    written = text(inputs, [before, layer("batch_norm", name="norm"), flat, layer("dense", units=1)], 1, samples,
                   training=f"batch = {batch}\n")
    if fine:
        run = opened(written)
        assert all(np.isfinite(value).all() for value in run.parameters(3).values())
        assert np.isfinite(run.value("norm.running_variance", 3)).all() and check_run(run).ok
        return
    with pytest.raises(ScenarioError, match=r"batch_norm needs two samples or more, and .* has one"):
        opened(written)
