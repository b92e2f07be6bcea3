"""A session survives being written as text, whatever its texts are; what is no session is said to be none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.debugger.state.saved import MOST_PLACES, Newer, Saved, SavedRun, SavedStop, Unreadable, read, read_old, write

OLD = Path(__file__).with_name("old") / "two_layer.toml"
# Controls too, and lone surrogates: bytes of a path that are no text are read as low ones. High ones come from nowhere.
ANY = st.text(st.characters()).map(lambda text: "".join(c for c in text if not "\ud800" <= c <= "\udbff"))
COUNT = st.integers(1, 10**15)
SAVED = st.builds(
    Saved, scenario=ANY, digest=ANY, saved=ANY, position=ANY, sample=COUNT, run=ANY, following=ANY, only=st.booleans(),
    focus=ANY, left=ANY, right=ANY,
    stops=st.lists(st.builds(SavedStop, number=COUNT, text=ANY, enabled=st.booleans())).map(tuple),
    watches=st.lists(ANY).map(tuple), marks=st.lists(st.tuples(ANY, ANY)).map(tuple),
    cursors=st.lists(st.tuples(ANY, st.integers(0, 10**15))).map(tuple),
    past=st.lists(ANY).map(tuple), future=st.lists(ANY).map(tuple),
    runs=st.lists(st.builds(SavedRun, name=ANY, parent=ANY, since=st.integers(0, 10**15),
                            edits=st.lists(ANY).map(tuple), sample=COUNT)).map(tuple))
FULL = Saved(
    scenario="/home/mo/two_layer.toml", digest="9f2c", bits="numpy 2", saved="2026-11-22 18:40:05",
    position="#120:31.2", sample=2, run="B", following="d(E, w5)", only=False, focus="stops",
    stops=(SavedStop(1, 'E < 1e-4 # "soon"', True), SavedStop(3, "changed(w5)\x1b[31m", False)), watches=("∂E/∂w5",),
    marks=(("a", "#3"),), past=("#0", "#7:2"), runs=(SavedRun("B", "A", 120, ("w5 = 0.4", "w6 = 0"), 2),))
TEXT = r"""{
 "version": 1,
 "scenario": "/home/mo/two_layer.toml",
 "digest": "9f2c",
 "bits": "numpy 2",
 "saved": "2026-11-22 18:40:05",
 "position": "#120:31.2",
 "sample": 2,
 "run": "B",
 "following": "d(E, w5)",
 "only": false,
 "focus": "stops",
 "stops": [{"number": 1, "text": "E < 1e-4 # \"soon\"", "enabled": true}, {"number": 3, "text": "changed(w5)\u001b[31m", "enabled": false}],
 "watches": ["\u2202E/\u2202w5"],
 "marks": [["a", "#3"]],
 "past": ["#0", "#7:2"],
 "runs": [{"name": "B", "parent": "A", "since": 120, "edits": ["w5 = 0.4", "w6 = 0"], "sample": 2, "called": ""}]
}
"""  # noqa: E501


def test_it_is_a_readable_text() -> None:
    assert write(FULL) == TEXT


def test_it_says_what_differs_from_a_fresh_start() -> None:
    assert json.loads(write(Saved())) == {"version": 1, "scenario": "", "digest": "", "bits": "", "saved": "",
                                          "position": "#0", "sample": 1, "run": "A"}


@pytest.mark.slow
@settings(max_examples=500)
@given(SAVED)
def test_any_session_comes_back(saved: Saved) -> None:
    text = write(saved)
    assert text.isascii() and all(line.isprintable() for line in text.splitlines())
    assert read(text.encode()) == saved


def test_every_character_survives() -> None:
    everything = "".join(map(chr, range(0x3000))) + "\udc80\udfff\ufeff\uffff\U0001f600\U000e0001\U0010ffff"
    saved = Saved(watches=(everything, everything[::-1]))
    assert read(write(saved).encode()) == saved


def test_the_nearest_places_are_kept() -> None:
    places = tuple(f"#{n}" for n in range(3 * MOST_PLACES))
    saved = read(write(Saved(past=places, future=places)).encode())
    assert saved.past == saved.future == places[-MOST_PLACES:]


@settings(max_examples=300)
@given(st.binary())
def test_no_bytes_are_too_strange(content: bytes) -> None:
    for reader in (read, read_old):
        with pytest.raises((Unreadable, Newer)):
            raise Unreadable(str(reader(content)))


@settings(max_examples=300)
@given(st.integers(0, len(TEXT)), st.integers(0, 40), st.text(max_size=5))
def test_no_damage_is_too_strange(at: int, length: int, put: str) -> None:
    try:
        assert isinstance(read((TEXT[:at] + put + TEXT[at + length:]).encode("utf-8", "surrogatepass")), Saved)
    except (Unreadable, Newer) as error:
        assert str(error)


WRONG = {
    "[]": "it has no version",
    "{}": "it has no version",
    '{"version": true}': "it has no version",
    '{"version": 1, "sample": "2"}': "sample is not a whole number",
    '{"version": 1, "sample": true}': "sample is not a whole number",
    '{"version": 1, "sample": 0}': "sample is not a whole number from 1",
    '{"version": 1, "sample": 1e999}': "sample is not a whole number",
    '{"version": 1, "only": 1}': "only is not true or false",
    '{"version": 1, "position": 120}': "position is not a text",
    '{"version": 1, "watches": "w5"}': "watches is not a list",
    '{"version": 1, "watches": ["w5", 5]}': "watches is not a text",
    '{"version": 1, "stops": {}}': "stops is not a list",
    '{"version": 1, "stops": [{"number": -1, "text": "E"}]}': "number is not a whole number from 1",
    '{"version": 1, "stops": [{"number": 1, "hits": 3}]}': "an item of stops is not { number, text, enabled }",
    '{"version": 1, "marks": [["a"]]}': "marks is not a list",
    '{"version": 1, "runs": [{"name": "B", "edits": [2]}]}': "edits is not a text",
    '{"version": 1, "zoom": 3}': "the session is not { scenario, digest,",
    "": "this is not JSON: Expecting value (line 1, column 1)",
    '{"version": 1,\n "a"}': "this is not JSON: Expecting ':' delimiter (line 2, column 5)",
    "[" * 200_000: "nested too deeply",
    '{"version": ' + "9" * 5000 + "}": "a number has too many digits",
}


@pytest.mark.parametrize("text, why", WRONG.items(), ids=range(len(WRONG)))
def test_what_is_no_session_is_said_in_a_phrase(text: str, why: str) -> None:
    with pytest.raises(Unreadable) as error:
        read(text.encode())
    assert why in str(error.value)


def test_a_version_to_come_is_told_from_what_is_broken() -> None:
    with pytest.raises(Newer):
        read(b'{"version": 2, "position": {"update": 3}}')


def test_a_session_of_before_there_were_versions_opens() -> None:
    """The file was written by bptui 0.1.0."""
    assert read_old(OLD.read_bytes()) == Saved(
        scenario="/home/mo/two_layer.toml", saved="2026-11-22 18:40:05",
        digest="942ac18f4833286d8b463c3a8b21482a646c06f9b1b98c967255aa2d02bc5e2f",
        position="#300:12", run="B", level="phase", focus="stops", right="stops", cursors=(("stops", 1),),
        looks=(("lower", "stops"),), stops=(SavedStop(1, "E < 0.25"), SavedStop(2, "d(E, w5) hit % 10")),
        watches=("w5", "abs(w5 - w5@0)"), marks=(("a", "A #7:11"),), past=("A #0:0", "B #7:27"),
        runs=(SavedRun("B", "A", 7, ("w5 = 0.1",)),))


@pytest.mark.parametrize("text", ["a = 1\n= 2", "", "stops = [{ number = 1, hits = 2 }]", 'marks = [{ letter = "a" }]'])
def test_a_broken_one_of_then_is_said_too(text: str) -> None:
    with pytest.raises(Unreadable):
        read_old(text.encode())
