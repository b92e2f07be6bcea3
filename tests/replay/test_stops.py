"""Lines of stops: what is read is written and read again, and every mistake is said in one sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from bptui.replay.open import open_run
from bptui.replay.run import Run
from bptui.replay.stops import Stop, fitted, read_stop, write_stop
from bptui.replay.trouble import KINDS
from bptui.scenario.errors import QuantityError, sentence
from bptui.scenario.shipped import find

LINES = {
    "d(E, w5)": Stop("d(E, w5)"),
    "update/w5": Stop("update/w5"),
    "  backward/output/*  once ": Stop("backward/output/*", once=True),
    "E < 0.001": Stop(condition="E < 0.001"),
    "becomes   E < 0.001": Stop(condition="E < 0.001", becomes=True),
    "changed(w5)": Stop(condition="changed(w5)"),
    "not E > 1 and isnan(w5)": Stop(condition="not E > 1 and isnan(w5)"),
    "d(E, w5) if E < 0.1": Stop("d(E, w5)", "E < 0.1"),
    "update/* if becomes_small < 1": Stop("update/*", "becomes_small < 1"),
    "out_o1 > 0.5 sample 4": Stop(condition="out_o1 > 0.5", sample=4),
    "update/w5 after 2": Stop("update/w5", after=2),
    "update/w5 hit 3": Stop("update/w5", hit=("==", 3)),
    "update/w5 hit >= 10": Stop("update/w5", hit=(">=", 10)),
    "update/w5 hit%100": Stop("update/w5", hit=("%", 100)),
    "update/w5 hit < 2": Stop("update/w5", hit=("<", 2)),
    "E < 1 hit != 2 once after 3 sample 1": Stop(condition="E < 1", hit=("!=", 2), once=True, after=3, sample=1),
    "update/w5 log E, d(E, w5), hidden.weights[0,1]": Stop("update/w5", log=("E", "d(E, w5)", "hidden.weights[0,1]")),
    "E < log(2) log log(E)": Stop(condition="E < log(2)", log=("log(E)",)),
    "nan": Stop(trouble="nan"),
    "NaN once": Stop(trouble="nan", once=True),
    "zero gradient hit 2": Stop(trouble="zero gradient", hit=("==", 2)),
    "trouble": Stop(trouble="trouble"),
    "loss/E": Stop("loss/E"),
    "∂E/∂w5 if ∂E/∂w5 > 0": Stop("∂E/∂w5", "∂E/∂w5 > 0"),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_read_and_written(line: str) -> None:
    stop = read_stop(line)
    assert stop == LINES[line]
    assert read_stop(write_stop(stop)) == stop and write_stop(read_stop(write_stop(stop))) == write_stop(stop)


def random_stop(random: Random) -> Stop:
    conditions = ["E < 0.5", "changed(w5)", "not isnan(E)", "any(hidden.weights > 0)", "E < log(2) or w5 > 1"]
    places = ["d(E, w5)", "update/*", "backward/output/w[0,1]", "out_h1", "w5.next", "∂E/∂w5"]
    stop = random.choice([
        Stop(random.choice(places)), Stop(condition=random.choice(conditions), becomes=random.random() < 0.5),
        Stop(random.choice(places), random.choice(conditions)), Stop(trouble=random.choice([*KINDS, "trouble"]))])
    compared = random.choice(["==", "!=", ">=", "<=", ">", "<", "%"])
    options: dict[str, Any] = {"sample": random.randint(1, 10**9 - 1), "after": random.randint(1, 10**6 - 1),
               "hit": (compared, random.randint(1, 10**12 - 1)), "once": True,
               "log": tuple(random.sample(["E", "d(E, w5)", "max(w5, w6, 1)", "log(E)", "w5@0"], random.randint(1, 4)))}
    said = random.sample(sorted(options), random.randint(0, 5))
    return replace(stop, **{name: options[name] for name in said})


def test_any_stop_is_written_and_read() -> None:
    random = Random(7)
    for _ in range(2000):
        stop = random_stop(random)
        assert read_stop(write_stop(stop)) == stop


def test_options_come_in_any_order() -> None:
    random, options = Random(8), ["sample 2", "after 3", "hit >= 4", "once"]
    for _ in range(50):
        random.shuffle(options)
        said = options[:random.randint(0, 4)]
        stop = read_stop(" ".join(["E < 1", *said]))
        assert (stop.sample, stop.after, stop.hit, stop.once) == (
            2 if "sample 2" in said else None, 3 if "after 3" in said else None,
            (">=", 4) if "hit >= 4" in said else None, "once" in said)


WRONG = {                                           # what the sentence says
    "": "say what to stop at", "  \t ": "say what to stop at", "x" * 600: "at most 500 characters",
    "E < 1 and " * 60 + "E < 1": "at most 500 characters", "update/\x1b[31m": "cannot be shown",
    "E < \x00 1": "cannot be shown", "E < 1\u202e": "cannot be shown", "d(E, w5) if E": "is a number, not a condition",
    "becomes E": "is a number, not a condition", "becomes w5 + 1": "compare it with one", "E < 1 if E < 2": "write and",
    "E < 1 once once": "once is said twice", "E < 1 sample 2 sample 2": "sample is said twice",
    "E < 1 hit 2 after 1 hit >= 3": "hit is said twice", "E < 1 after 1 after 2": "after is said twice",
    "E < 1 hit 0": "hits count from 1", "update/w5 hit % 0": "hits count from 1",
    "E < 1 sample 0": "samples count from 1", "E < 1 after 0": "stops count from 1", "E < 1 after": "'after'",
    "E < 1 after two": "nothing to stop at",
    "E < 1 hit": "nothing to stop at", "E < 1 hit -3": "nothing to stop at", "E < 1 sample": "nothing to stop at",
    "E < 1 after 2.5": "nothing to stop at", "E < 1 log": "say what to log", "E < 1 log ,": "say what to log",
    "E < 1 log E +": "log 'E +'", "E < 1 log (E": "nothing to stop at", "E < 1 log E once": "log 'E once'",
    "E < 1 log E, d(E": "log 'd(E'", "E <": "missing after '<'", "< 1": "nothing to stop at", "E = 1": "write ==",
    "E < 1 < 2": "two sides", "d(E, w5) if": "if", "((( if E < 1": "nothing to stop at", "saturate d": "did you mean",
    "zero gradiant": "did you mean 'zero gradient'", "E ≤ 1": "write <=", "w5 < 'a'": "it holds no text",
    "__import__('os').system('x')": "nothing to stop at", "E.__class__ < 1": "underscores",
    "(lambda: 1)() < 2": "nothing to stop at", "[E for E in w5] < 1": "nothing to stop at",
    "E < 1; w5": "one expression",
    "E if E else E < 1": "reserved word", "(" * 200 + "E" + ")" * 200 + " < 1": "nested too deeply",
    "not " * 120 + "E < 1": "too deeply", "9" * 400 + " < E": "too large", "E < 1e999": "too large",
    "open('f') < 1": "nothing to stop at", "E := 1": "nothing to stop at", "f'{E}' < 1": "nothing to stop at",
    "E\\ < 1": "nothing to stop at", "changed()": "takes 1 argument", "changd(w5)": "did you mean 'changed'?"}


@pytest.mark.parametrize("line", WRONG, ids=lambda line: ascii(line[:40]))
def test_what_is_wrong_with_a_line_is_one_sentence(line: str) -> None:
    with pytest.raises(QuantityError) as caught:
        read_stop(line)
    said = str(caught.value)
    assert WRONG[line] in said
    assert said.isprintable() and len(said) < 250 and "\n" not in said and not said.endswith(".")
    typed = re.split(r"\W", said)[0] in line        # a sentence has a capital, or begins with what was typed
    assert sentence(said)[0] == said[0].upper() or typed


@pytest.fixture(scope="module")
def run() -> Run:
    return open_run(find("two_layer"))


@pytest.fixture(scope="module")
def rows() -> Run:
    return open_run(find("batch_random"))


UNFIT = {
    "E5 < 1": "'E5' is not a quantity of two_layer, did you mean 'E'?",
    "E < 1 or hiden.weights[0,0] > 1": "did you mean 'hidden.weights'?",
    "changed(w55)": "did you mean 'w5'?", "d(E, w55)": "did you mean 'w5'?", "w5.nxt > 1": "'w5.nxt' is not a quantity",
    "E@20000 > 1": "the run ends after 10,000 updates", "E@20000 < E": "the run ends after 10,000 updates",
    "3 < 4": "the same at every update", "w5@0 < 1": "the same at every update", "pi > 3": "the same at every update",
    "not 1 and 2": "the same at every update", "w5": "no step of an update makes 'w5'", "i1": "makes 'i1'",
    "hidden.weights": "makes 'hidden.weights', which is there from its start",
    "E + 1": "'E + 1'", "update/w9": "phase/layer/name", "E*2": "makes 'E*2'",
    "bakward/*": "makes 'bakward/*'", "d(E, w55) if E < 1": "did you mean 'w5'?", "nan if E < 1": "'nan'",
    "E < 1 sample 2": "the data has 1 rows; sample 2 is past their end", "w1.next if w9 < 1": "'w9'",
    "hidden.weights > 0": "any() or all()", "E < 1 log E, w55": "did you mean 'w5'?", "w5.m > 1": "w5.m",
    "E < 1 log hidden.weights[7,7]": "takes", "E.validation < 1": "no validation data",
    "d(w5, E) > 1": "forward or loss",
    "update/w5 log d(w5, E)": "forward or loss", "once": "'once'"}


@pytest.mark.parametrize("line", UNFIT)
def test_what_a_run_does_not_have_is_said(run: Run, line: str) -> None:
    with pytest.raises(QuantityError) as caught:
        fitted(run, read_stop(line), 1)
    assert UNFIT[line] in str(caught.value) and len(str(caught.value)) < 250


def test_a_stop_is_on_the_selected_row_where_it_is_about_one(rows: Run) -> None:
    assert fitted(rows, read_stop("out_y > 1"), 3).sample == 3
    assert fitted(rows, read_stop("out_y > 1 sample 5"), 3).sample == 5
    assert fitted(rows, read_stop("E < 1 log out_y"), 4).sample == 4
    for line in ("E < 1", "update/*", "changed(w)", "d(E, w) if E < 1 log E", "trouble"):
        assert fitted(rows, read_stop(line), 3) == read_stop(line)
    with pytest.raises(QuantityError, match="the data has 6 rows; sample 7"):
        fitted(rows, read_stop("out_y > 1 sample 7"), 1)


def test_what_fits_is_not_changed(run: Run) -> None:
    for line in ("d(E, w5)", "update/w5", "out_h1 if E < 0.1", "w5.next hit % 10", "E@prev < 0.1", "trouble once",
                 "changed(sign(d(E, w5))) log E, w5.change", "loss/E", "backward/hidden/out_*"):
        assert fitted(run, read_stop(line), 1) == read_stop(line)
