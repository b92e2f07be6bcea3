"""A number that is typed is compared as it stands: one that no value can be is refused by every command."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bptui.debugger.commands import find
from bptui.debugger.commands import got as got_commands
from bptui.debugger.home.gallery import Gallery
from bptui.debugger.state.session import Session
from bptui.explain import got
from bptui.explain.search import read_number
from bptui.replay.open import open_run
from bptui.replay.timeline import Position

# The greatest double is 1.797…e308, the least above 0 is 4.94…e-324.
LARGER, CLOSER = ("1e400", "1e309", "-1e400", "1.8e308"), ("1e-400", "-1e-330", "0.2e-324")


@pytest.mark.parametrize("typed", LARGER + CLOSER)
def test_a_number_that_no_value_can_be_is_refused_by_every_command(typed: str) -> None:
    session = Session(open_run("two_layer"))
    session.jump(Position(0, 2, session.times.stops(2)))
    said = "larger than" if typed in LARGER else "closer to 0 than"
    began = session.position
    for command in (find.find, got_commands.compare):
        session.message = ""
        command(session, typed)
        assert session.message == f"{typed} is {said} any number here can be.", command
        assert session.position == began and session.finding is None and session.yours is None


@pytest.mark.parametrize("typed", LARGER + CLOSER)
def test_it_matches_no_value_and_no_printed_figure(typed: str) -> None:
    number = read_number(typed)
    assert number is not None and not number.matches(np.array([0.0, 1.0, -1e308, np.inf, -np.inf, np.nan])).any()
    gallery = Gallery(remembers=False)
    gallery.read()
    assert not any(gallery.prints(entry, typed) for entry in gallery.entries)


@pytest.mark.parametrize("typed", ["1e308", "+1e308", "-1e308", "1.797e308", "5e-324", "0", "0.000"])
def test_the_largest_and_the_least_are_looked_for_without_a_warning(typed: str) -> None:
    """Warnings are errors in these tests."""
    values = np.array([1e308, -1e308, 1.79e308, -1.79e308, 0.0, 5e-324, np.inf, np.nan])
    number = read_number(typed)
    assert number is not None and not number.beyond
    for cut in (False, True):
        assert replace(number, cut=cut).matches(values).shape == values.shape


@pytest.mark.parametrize(("typed", "here", "said"), [
    ("1e308", 1e-10, "1.00e+318 times as much"), ("5", 4e-320, "1.25e+320 times as much"),
    ("3e10", 1.5, "2.00e+10 times as much"), ("3000", 1.5, "2,000 times as much")])
def test_how_many_times_as_much_is_a_number(typed: str, here: float, said: str) -> None:
    number = read_number(typed)
    assert number is not None and got.compare(number, here) == (said, False)
