"""A session survives being written as text, whatever its texts are; what the text does not tell is named."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.debugger.saved import MOST_NOTES, MOST_PLACES, SURROGATES, Saved, SavedRun, SavedStop, read, write

ANY = st.text(st.characters())                      # controls and lone surrogates too
COUNT = st.integers(1, 10**15)
SAVED = st.builds(
    Saved, scenario=ANY, digest=ANY, saved=ANY, position=ANY, sample=COUNT, run=ANY, following=ANY, only=st.booleans(),
    focus=ANY, left=ANY, right=ANY,
    stops=st.lists(st.builds(SavedStop, number=COUNT, text=ANY, enabled=st.booleans())).map(tuple),
    watches=st.lists(ANY).map(tuple), marks=st.lists(st.tuples(ANY, ANY)).map(tuple),
    past=st.lists(ANY).map(tuple), future=st.lists(ANY).map(tuple),
    runs=st.lists(st.builds(SavedRun, name=ANY, parent=ANY, since=st.integers(0, 10**15),
                            edits=st.lists(ANY).map(tuple), sample=COUNT)).map(tuple),
    unread=st.just(()))
FULL = Saved(
    scenario="/home/mo/two_layer.toml", digest="9f2c", saved="2026-11-22 18:40:05", position="#120:31.2", sample=2,
    run="B", following="d(E, w5)", only=False, focus="stops",
    stops=(SavedStop(1, 'E < 1e-4 # "soon"', True), SavedStop(3, "changed(w5)\x1b[31m", False)), watches=("∂E/∂w5",),
    marks=(("a", "#3"),), past=("#0", "#7:2"), runs=(SavedRun("B", "A", 120, ("w5 = 0.4", "w6 = 0"), 2),))
TEXT = r"""
scenario = "/home/mo/two_layer.toml"
digest = "9f2c"
saved = "2026-11-22 18:40:05"
position = "#120:31.2"
sample = 2
run = "B"
following = "d(E, w5)"
only = false
focus = "stops"

stops = [
  { number = 1, text = "E < 1e-4 # \"soon\"", enabled = true },
  { number = 3, text = "changed(w5)\u001b[31m", enabled = false },
]

watches = [
  "∂E/∂w5",
]

marks = [
  { letter = "a", place = "#3" },
]

past = [
  "#0",
  "#7:2",
]

runs = [
  { name = "B", parent = "A", since = 120, edits = ["w5 = 0.4", "w6 = 0"], sample = 2 },
]
"""


def test_it_is_a_readable_text() -> None:
    header, _, rest = write(FULL).partition("\n\n")
    assert all(line.startswith("# ") and len(line) <= 120 for line in header.splitlines())
    assert "\n" + rest == TEXT


def test_it_says_what_differs_from_a_fresh_start() -> None:
    assert write(Saved()).partition("\n\n")[2].splitlines() == [
        'scenario = ""', 'digest = ""', 'saved = ""', 'position = "#0"', "sample = 1", 'run = "A"']


@settings(max_examples=500)
@given(SAVED)
def test_any_session_comes_back(saved: Saved) -> None:
    text = write(saved)
    assert read(text) == (saved, ())
    assert text.encode("utf-8", SURROGATES).decode("utf-8", SURROGATES) == text
    assert all(line.isprintable() or max(line) >= "\ud800" for line in text.splitlines())


@settings(max_examples=300)
@given(SAVED)
def test_it_is_toml_for_others_too(saved: Saved) -> None:
    table = tomllib.loads(write(saved))
    assert table["position"] == saved.position and table.get("watches", []) == list(saved.watches)
    assert [(s["number"], s["text"], s["enabled"]) for s in table.get("stops", [])] == \
        [(s.number, s.text, s.enabled) for s in saved.stops]


def test_every_character_survives() -> None:
    everything = "".join(map(chr, range(0x3000))) + "\ud800\udfff\ufeff\uffff\U0001f600\U000e0001\U0010ffff"
    saved = Saved(watches=(everything, everything[::-1]))
    assert read(write(saved)) == (saved, ())


def test_the_nearest_places_are_kept() -> None:
    places = tuple(f"#{n}" for n in range(3 * MOST_PLACES))
    saved, notes = read(write(Saved(past=places, future=places)))
    assert saved.past == saved.future == places[-MOST_PLACES:] and notes == ()


@settings(max_examples=300)
@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    saved, notes = read(text)
    assert isinstance(saved, Saved) and all(note.isprintable() and note.endswith(".") for note in notes)


@settings(max_examples=300)
@given(st.integers(0, len(TEXT)), st.integers(0, 40), st.text(max_size=5))
def test_no_damage_is_too_strange(at: int, length: int, put: str) -> None:
    _, notes = read(TEXT[:at] + put + TEXT[at + length:])
    assert all(note.isprintable() for note in notes)


# What is not understood

LEFT_OUT = {
    'sample = "2"': "Left out of the saved session: sample, which must be a whole number from 1.",
    "sample = true": "Left out of the saved session: sample, which must be a whole number from 1.",
    "sample = 0": "Left out of the saved session: sample, which must be a whole number from 1.",
    f"sample = 0x{'f' * 9000}": "Left out of the saved session: sample, which must be a whole number from 1.",
    "only = 1": "Left out of the saved session: only, which must be true or false.",
    "position = 120": "Left out of the saved session: position, which must be a text.",
    'watches = "w5"': "Left out of the saved session: watches, which must be a list.",
    'watches = ["w5", 5]': "Left out of the saved session: item 2 of watches, which must be a text.",
    "[stops]": "Left out of the saved session: stops, which must be a list.",
    "stops = [{ number = 1 }]":
        "Left out of the saved session: item 1 of stops, which must be { number, text, enabled }.",
    'stops = [{ number = -1, text = "E" }]':
        "Left out of the saved session: item 1 of stops, which must be { number, text, enabled }.",
    'marks = [["a", "#1"]]': "Left out of the saved session: item 1 of marks, which must be { letter, place }.",
    'runs = [{ name = "B", parent = "A", since = 1, edits = ["w5 = 1", 2] }]':
        "Left out of the saved session: item 1 of runs, which must be { name, parent, since, edits, sample }.",
    'stops = [{ number = 1, text = "E", hits = 3 }]':
        "The saved session has 'hits' of item 1 of stops, which this bptui does not know.",
    "zoom = 3": "The saved session has 'zoom', which this bptui does not know.",
    '"\\u001b[31m" = 3': "The saved session has '\\x1b[31m', which this bptui does not know.",
}


@pytest.mark.parametrize("text, note", LEFT_OUT.items())
def test_what_is_not_understood_is_named(text: str, note: str) -> None:
    saved, notes = read(f'run = "C"\n{text}\n')
    assert notes == (note,) and saved.run == "C"


def test_the_rest_of_a_list_is_kept() -> None:
    saved, notes = read('watches = ["w5", 5, "w6"]\nstops = [7, { number = 2, text = "E", enabled = 0 }]')
    assert saved.watches == ("w5", "w6") and saved.stops == (SavedStop(2, "E", True),) and len(notes) == 3


def test_many_mistakes_are_a_short_list() -> None:
    saved, notes = read(f"watches = [{'0, ' * 5000}]")
    assert saved.watches == () and len(notes) == MOST_NOTES + 1
    assert notes[-1] == "The saved session has 4,980 more that this bptui does not understand."


def test_keys_of_a_later_bptui_are_carried_along() -> None:
    later = ('zoom = 3\nnan = [nan, -inf, 1e-7, 0.1]\nwhen = [1979-05-27T07:32:00-08:00, 1979-05-27, 07:32:00.5]\n'
             '"a \\"b\\"\\u0007" = "c\\u0007"\n[panes.deep]\n"x.y" = [[true], {}]\n[[list]]\na = 1\n')
    saved, notes = read(later)
    assert len(notes) == 6
    again = write(replace(saved, run="D"))
    there, here = tomllib.loads(later), tomllib.loads(again)
    assert repr({key: here[key] for key in there}) == repr(there) and here["run"] == "D"
    assert read(again)[0].unread == saved.unread


def test_what_is_too_deep_to_be_read_again_is_not_carried_along() -> None:
    saved, notes = read(f"deep = {'[' * 60}{']' * 60}\nlong = '{'x' * 70000}'\nplain = 1")
    assert saved.unread == ("plain = 1",) and len(notes) == 3


@pytest.mark.parametrize("text, why", {
    "": "; line 1: the file is empty.",
    "a = 1\n= 2": "; line 2: this is not TOML: ",      # and then tomllib's words
    f"a = {'[' * 5000}": ": lists or tables are nested too deeply.",
    f"\na{'.a' * 200} = 1": "; line 2: a key has more than 100 parts.",
    f"a = {'1' * 5000}": "; line 1: a number has too many digits.",
    "a = '\x1b'": "; line 1: this is not TOML: ",
}.items())
def test_what_cannot_be_read_at_all_is_one_sentence(text: str, why: str) -> None:
    saved, (note,) = read(text)
    assert saved == Saved() and note.isprintable() and note.endswith(".")
    assert note.startswith(f"The saved session cannot be read, and is set aside{why}")
