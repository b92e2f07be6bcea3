"""Every figure that a source prints can be found on the screen, with a mark that tells the truth.

The paths are those of a person who has just read the tutorial: following w5 and w1, stepping value by value,
typing digits after `/`, and typing a number of one's own after `i`. What is expected is written down here from
the tutorial's text, or computed by the run for the claim's own words; never read from what draws the screen.
"""

from __future__ import annotations

import re
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from bptui.debugger.panes.cursor import show
from bptui.debugger.scene import Scene
from bptui.replay.timeline import Position

GLYPHS = {"agrees": "=", "last digit": "≈", "known erratum": "≠", "differs": "≠"}
SCENARIOS = ["two_layer", "two_layer_in_place", "single_neuron", "single_neuron_second_pass"]
NUMBER = r"[+-]?\d+(?:\.\d+)?(?:e[+-]\d+)?"
ROW = re.compile(rf"({NUMBER})\s+([=≈≠]) ?$")
PRINTED_ROW = re.compile(r" ~?(-?[\d.]+) +(-?[\d.]+) +([=≈≠]) ?$")

# The tutorial on ∂E/∂w5, and on ∂E/∂w1, as it prints them.
W5 = ["0.74136507", "0.186815602", "0.593269992", "0.138498562", "0.082167041"]
W1 = ["0.055399425", "0.036350306", "0.241300709", "0.05", "0.000438568"]


def figure(text: str) -> Decimal:
    return Decimal(text.removeprefix("~"))


def places(text: str) -> int:
    return max(0, -int(figure(text).as_tuple().exponent))


def verdict(printed: str, erratum: str | None, shown: Decimal) -> str:
    """The glyph that a printed figure deserves beside a shown number, by its last printed digit."""
    decimals = min(places(printed), -int(shown.as_tuple().exponent))
    unit = Decimal(1).scaleb(-decimals)             # of what both have
    off = abs(round(figure(printed), decimals) - shown)
    if off <= unit / 2:
        return "=" if erratum is None else "≠"
    return "≈" if off <= unit * 3 / 2 and erratum is None else "≠"


def same_digits(printed: str, shown: Decimal) -> bool:
    """Whether a printed figure and a shown number have the same digits, as far as both have any."""
    decimals = min(places(printed), -int(shown.as_tuple().exponent))
    return round(shown, decimals) == round(figure(printed), decimals)


def written(value: float) -> str:
    """A value with nine decimals, as the chain writes it, without its sign."""
    return "0" if value == 0 else f"{abs(value):.9f}"


def chain_rows(shown: str) -> list[tuple[str, str, str]]:
    """The rows of the chain pane of an 80x24 screen that have a mark: (line, number, mark)."""
    found = [(line, ROW.search(line.rstrip())) for line in shown.splitlines()[3:12]]
    return [(line, match[1], match[2]) for line, match in found if match]


def claims_of(session: Any) -> list[Any]:
    return [p for p in session.marks.printed if p.claim.value is not None]


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_printed_figure_is_shown_where_it_is_made(tui: ModuleType, name: str) -> None:
    """Enter on a line of the printed figures: the value with its mark is in the chain, or in the list itself."""
    session = tui.open_session(name)
    hands = tui.Hands(session)
    seen_in_chain = 0
    for number, printed in enumerate(claims_of(session)):
        claim = printed.claim
        session.unfollow()
        show(session, "printed")
        session.cursor["printed"] = number
        hands.press("enter")
        lane = 0 if claim.sample is None else claim.sample - 1
        computed = float(session.run.value(claim.what, claim.after, lane + 1))
        assert session.position == printed.made
        # the list: the figure as printed, ours to as many digits, and the mark
        ours = "0" if computed == 0 else f"{computed:.{places(claim.value)}f}"
        found = [match for x in tui.text(session, (120, 40)).splitlines() if (match := PRINTED_ROW.search(x))
                 and (match[1], match[2]) == (claim.value.removeprefix("~"), ours)]
        assert found, claim
        assert found[0][3] == verdict(claim.value, claim.erratum, Decimal(repr(computed)))
        # the chain: the value that is shown there, which an update in place may have changed
        rows = [row for row in chain_rows(tui.text(session)) if row[1].lstrip("+-") == written(computed)]
        if rows and not claim.value.startswith("~"):    # the second of two figures for one value is in the list
            seen_in_chain += 1
            assert rows[0][2] == verdict(claim.value, claim.erratum, Decimal(repr(computed)))
        elif name != "two_layer_in_place":
            # only what is no value of its own: ∂s/∂b = 1 passes through, a difference, a second rounding of E, …
            assert claim.what in ("d(s, b)", "0.356465271 - E") or claim.value.startswith("~") or computed < 1e-4, \
                f"{claim.what} = {claim.value} is not in the chain\n{tui.text(session)}"
    assert seen_in_chain >= len(claims_of(session)) * 3 // 5


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_mark_never_stands_beside_another_number(tui: ModuleType, name: str) -> None:
    """At every value of two updates: `=` only where the digits shown are the digits of a printed figure."""
    session = tui.open_session(name)
    figures = [p.claim for p in claims_of(session)]
    marks = 0
    for followed in (None, Scene(session).parameter(session.cursor["parameters"] or 0), Scene(session).parameter(0)):
        session.followed = None
        if followed is not None:
            session.follow(tui.Place(*followed))
        for update in (0, 1):
            for value in range(1, session.run.times(update).count + 1):
                tui.stand(session, Position(update, value, session.run.times(update).stops(value)))
                for line, number, mark in chain_rows(tui.text(session)):
                    marks += 1
                    fit = [c for c in figures if verdict(c.value, c.erratum, Decimal(number)) == mark]
                    assert fit, line
                    if mark == "=":
                        assert any(same_digits(c.value, Decimal(number)) for c in fit), line
                    if mark == "≠":                 # never beside a number that is what the source prints
                        assert [c for c in fit if c.erratum or not same_digits(c.value, Decimal(number))], line
                for line in tui.text(session, tui.LARGE).splitlines() if value % 5 == 0 else ():
                    if match := PRINTED_ROW.search(line):
                        assert (match[3] == "=") == (figure(match[1]) == figure(match[2])), line
    assert marks >= 4


def test_in_place_the_true_derivative_and_what_was_given_have_marks_of_their_own(tui: ModuleType) -> None:
    """Its source prints 0.000438568 for ∂E/∂w1; w1.grad is 0.000364723, and no `=` may stand beside it."""
    session = tui.open_session("two_layer_in_place")
    tui.follow(session, "w1")
    session.go("w1.grad")
    row = next(r for r in chain_rows(tui.text(session)) if r[1] == "+0.000364723")
    assert row[2] == "≠"
    assert "The source prints 0.000438568; here it is 0.000364723." in tui.text(session)


def stops_of(tui: ModuleType, session: Any, key: str, last: Position) -> list[str]:
    """The screens on the way, stepping with one command until `last` is passed."""
    hands = tui.Hands(session)
    seen = [tui.text(session)]
    while session.position < last:
        before = session.position
        hands.press(key)
        assert session.position > before
        seen.append(tui.text(session))
    return seen


@pytest.mark.parametrize(("weight", "figures"), [("w5", W5), ("w1", W1)])
def test_following_a_weight_tells_it_as_the_tutorial_does(tui: ModuleType, weight: str, figures: list[str]) -> None:
    """Enter on the weight, then s again and again: its figures appear, none before its turn, and all at the end."""
    session = tui.open_session("two_layer")
    assert session.focus == "parameters"
    session.cursor["parameters"] = int(weight[1:]) - 1
    hands = tui.Hands(session)
    hands.press("enter")
    assert session.follow_name() == f"∂E/∂{weight}"
    own = int(session.needed(0, session.followed).numbers[-1])
    seen = stops_of(tui, session, "into", Position(0, own, 1))
    chains = ["\n".join(s.splitlines()[3:12]) for s in seen]
    for figure_ in figures:
        digits = f"+{float(figure_):.9f}"
        assert digits not in chains[0]
        assert digits in chains[-1], f"{figure_} is not in the finished chain\n{chains[-1]}"
    assert "≠" not in chains[-1]
    if weight == "w1":
        assert any("-0.019049118   ≈" in c for c in chains)
        told = [s for s in seen if "≈ The source prints -0.019049119: 0.036350306 - 0.055399425 gives just that." in s]
        assert told


def test_stepping_through_the_first_update_shows_every_figure_of_it(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    times = session.run.times(0)
    seen = "\n".join(stops_of(tui, session, "over", Position(0, times.count, times.stops(times.count))))
    for claim in (p.claim for p in claims_of(session)):
        if (claim.what == "E" and claim.after) or claim.after > 1:
            continue                                # the loss after one update, and what is left after 10,000
        shown = "-0.019049118" if claim.value == "-0.019049119" else f"{float(claim.value):.9f}"
        if places(claim.value) < 9:                 # printed shorter: ours begins with it, or rounds to it
            shown = f"{float(session.run.value(claim.what, claim.after)):.9f}"
            assert round(Decimal(shown), places(claim.value)) == figure(claim.value)
        assert shown in seen, claim


def test_the_loss_after_one_update_is_told_to_be_wrong(tui: ModuleType) -> None:
    session = tui.open_session("two_layer", "#1:10")
    tui.Hands(session).press("over")
    shown = tui.text(session)
    assert ("0.291027774", "≠") in [(number, mark) for _, number, mark in chain_rows(shown)]
    said = " ".join(" ".join(shown.splitlines()[3:12]).split())
    assert "≠ The source prints 0.291027924: the source's program changed w5…w8 before it went on to the hidden " \
        "layer." in said


@pytest.mark.parametrize("name", ["two_layer", "two_layer_in_place", "single_neuron"])
def test_typing_the_digits_of_a_figure_finds_it(tui: ModuleType, name: str) -> None:
    """`/` and the digits as they are printed: the value that they belong to stands on the screen, at its place."""
    session = tui.open_session(name)
    while session.run.work(1.0):
        pass
    for printed in claims_of(session):
        claim = printed.claim
        tui.stand(session, Position(0))
        session.followed = None
        hands = tui.Hands(session)
        hands.press("find", claim.value)
        assert session.finding.hits, claim
        shown = tui.text(session)
        assert claim.value in session.message
        number = session.finding.hits[0].value
        exact = session.run.value(claim.what, claim.after)
        if number == float(figure(claim.value)) and round(float(exact), places(claim.value)) != number:
            # a figure that is not a value of the run: what is wrong with it is on the same screen
            hands.press("printed")                  # two figures for one value: the list shows both
            shown += tui.text(session)
            assert ("≠" in shown or "≈" in shown), f"{claim.value}\n{shown}"
        else:
            given = "given." in shown and f"{abs(number):.4f}" in shown      # in a picture a number has four decimals
            assert given or f"{abs(number):.9f}" in shown or f"{abs(number):.6e}" in shown, f"{claim.value}\n{shown}"


@pytest.mark.parametrize(("digits", "said"), [
    ("-0.019049119", "≈ The source prints -0.019049119: 0.036350306 - 0.055399425 gives just that."),
    ("0.019049119", "≈ The source prints -0.019049119: 0.036350306 - 0.055399425 gives just that."),
    ("0.291027924", "≠ The source prints 0.291027924: the source's program changed w5…w8 before it went on to the "
     "hidden layer."),
    ("0.0000351085", "≠ The source prints 0.0000351085: it is the error of one pass earlier, after 9,999 updates."),
    ("0.015912196", "≠ The source prints 0.015912196: the source's program updated in place, against its text: see "
     "two_layer_in_place.")])
def test_a_find_of_a_figure_that_is_wrong_says_why(tui: ModuleType, digits: str, said: str) -> None:
    session = tui.open_session("two_layer")
    tui.Hands(session).press("find", digits)
    chain = " ".join(" ".join(tui.text(session).splitlines()[3:12]).split())
    assert said in chain


def test_the_same_number_of_one_own_is_found_in_the_run_beside(tui: ModuleType) -> None:
    session = tui.open_session("two_layer")
    hands = tui.Hands(session)
    hands.press("enter")                            # w5
    hands.press("close")
    session.focus, session.cursor["parameters"] = "parameters", 0
    session.go("d(E, w1)")
    hands.press("got", "0.000364723")
    shown = tui.text(session)
    assert "Your number for ∂E/∂w1" in shown
    for said in ("yours         +0.000364723    16.8 % less: that is not rounding", "here          +0.000438568",
                 "w1.grad in two_layer_in_place"):
        assert said in shown
    hands.press("got", "0.00043857")
    assert "the same, rounded to your 5 digits" in tui.text(session)
    assert "two_layer_in_place" not in tui.text(session)
    hands.press("got", "-0.000438568")
    assert "the other sign" in tui.text(session)
    hands.press("got", "twelve")
    assert "'twelve' is no number: type its digits, as in 0.000364723." in tui.text(session)
    hands.press("close")
    assert "Chain of ∂E/∂w1" in tui.text(session)


def test_a_number_of_one_own_for_what_is_not_made_yet(tui: ModuleType) -> None:
    """Before the value is made, ours is not told."""
    session = tui.open_session("two_layer", "#0:3")
    session.cursor["parameters"] = 0
    tui.Hands(session).press("got", "0.5")
    shown = tui.text(session)
    assert "not made yet: step to it, and compare" in shown
    assert "0.000438568" not in shown


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two_layer", "two_layer_in_place", "single_neuron", "batches", "partial_derivative"])
def test_whatever_is_followed_can_be_thought_about(tui: ModuleType, name: str) -> None:
    """Every quantity that Enter follows: its chain is drawn, and what sympy and 50 digits say belongs to it."""
    session = tui.open_session(name)
    said = 0
    for update in (0,) if name == "batches" else (0, 1):
        program = session.run.program(update)
        tui.stand(session, Position(update, session.run.times(update).count, 1))
        for var in (*program.parameters, *(v for v in program.inputs if v.role == "data"),
                    *(b.out for b in program.forward)):
            session.follow(tui.Place(var, 0))
            while (question := session.insights.question(Scene(session).chain, Scene(session).explainer)) is not None:
                question()
            shown = tui.text(session, tui.LARGE)
            assert "agree" in shown or "Chain" in shown
            said += "50 digits agree" in shown
    assert said >= 4
