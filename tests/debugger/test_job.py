"""What takes longer than a key: Ctrl-C stops each kind, on the screen and without one, and leaves what there was."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import pytest
from textual.events import Key

from bptui.debugger import job
from bptui.debugger.commands import got as got_commands
from bptui.debugger.commands import travel
from bptui.debugger.commands.find import Find
from bptui.debugger.commands.got import DigitSearch
from bptui.debugger.commands.seek import Seek
from bptui.debugger.job import Job, Onward
from bptui.debugger.plain import plain, verbs
from bptui.debugger.saved import keeper
from bptui.debugger.side_by_side.compare import DifferenceSearch
from bptui.debugger.state import stops as set_stops
from bptui.debugger.state.session import Session
from bptui.explain import got, search
from bptui.replay.open import open_scenario
from bptui.replay.run import Run
from bptui.scenario.reader import read_scenario_text
from bptui.tui.app import BptuiApp

LONG = """
[equations]
forward = ["y = w*x", "E = (y - 1)**2"]
loss = "E"
[parameters]
w = 0.5
[values]
x = 2
[training]
learning_rate = 1e-12
updates = 1_000_000_000
"""


@dataclass(frozen=True)
class Kind:
    """A kind of job: the keys that begin it, the line that does, and what is said when it is stopped."""

    job: type[Job]
    keys: tuple[str, ...]
    line: str
    said: str


KINDS = {
    "find": Kind(Find, ("slash", *"0.876", "enter"), "/ 0.876",
                 "Search for 0.876 stopped; you are where you were."),
    "stop": Kind(Seek, ("c",), "c", "Search stopped; you are where you were."),
    "change": Kind(Seek, ("v",), "v x", "Search stopped; you are where you were."),
    "onward": Kind(Onward, ("G",), "G", "Search stopped; you are where you were."),
    "digits": Kind(DigitSearch, ("i", *"0.876", "enter"), "i 0.876", "Stopped looking for your digits."),
    "difference": Kind(DifferenceSearch, ("E",), "E", "Search stopped after "),
}


def run() -> Run:
    return open_scenario(read_scenario_text(LONG, "here"))


def begun(waits: bool = False) -> Session:
    """A session in the middle of its first update, with a stop that is never hit, and an equal run beside it."""
    session = Session(run(), "#0:2", waits=waits)
    session.__dict__["beside"] = (run(),)
    while session.run.known < 100_000:              # a number is looked for in what is known
        session.run.work(0.1)
    set_stops.set_stop(session, "E < 0")
    session.right = session.focus = "values"
    session.message = ""
    return session


@pytest.fixture(autouse=True)
def long_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is over before a key can come between."""
    monkeypatch.setattr(job, "FIRST_LOOK", 0.0)
    monkeypatch.setattr(got, "MOST_UPDATES", 10**9)
    monkeypatch.setattr(search, "CHUNK", 1)


async def press(app: BptuiApp, *keys: str) -> None:
    """As the terminal sends them. The pilot would wait for a run that is always busy."""
    for key in keys:
        await app.hear(Key(key, key if len(key) == 1 else None))


@pytest.mark.parametrize("name", KINDS)
async def test_ctrl_c_stops_it_on_the_screen(tui: ModuleType, name: str) -> None:
    kind, session = KINDS[name], begun()
    if name == "change":
        session.cursor["values"] = 0
    before = keeper.taken(session), session.position
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=(80, 24)):
        await press(app, *kind.keys)
        await tui.until(lambda: isinstance(session.job, kind.job))
        assert (keeper.taken(session), session.position) == before
        await press(app, "ctrl+c")
        assert session.job is None and session.message.startswith(kind.said)
        assert (keeper.taken(session), session.position) == before
        await tui.until(lambda: kind.said.split(".")[0] in " ".join(tui.shown(app).split()))
        if name == "digits":
            assert session.yours is not None and session.yours.state == "stopped"
        if name == "difference":
            assert session.sides is not None and not session.sides.searching
            assert session.sides.at.update == session.sides.looked > 0
        await press(app, "ctrl+c")
        assert session.message == "Press q to quit."


@pytest.mark.parametrize("name", KINDS)
def test_ctrl_c_stops_it_without_a_screen(name: str) -> None:
    kind, session = KINDS[name], begun(waits=True)
    before = keeper.taken(session), session.position
    attention, looked = plain.Attention(), list[str]()

    def goes_on(said: str) -> bool:
        looked.append(said)
        if len(looked) == 3:
            assert isinstance(session.job, kind.job)
            attention.heard(signal.SIGINT, None)
        return attention.goes_on(said)
    attention.begin()
    verb = verbs.read(kind.line)
    assert verb is not None
    answered = list(verbs.answer(session, verb, goes_on))
    attention.end()
    assert len(looked) == 3 and session.job is None
    assert answered[-1].startswith(kind.said) and not attention.wanted
    assert (keeper.taken(session), session.position) == before and session.yours is None


@pytest.mark.parametrize("typed", ["stops", "hits 1"])
def test_ctrl_c_stops_the_count_of_hits_without_a_screen(typed: str) -> None:
    session, attention, looked = begun(waits=True), plain.Attention(), list[str]()
    before = keeper.taken(session), session.position

    def goes_on(said: str) -> bool:
        looked.append(said)
        assert len(looked) < 100, "nobody can stop it"
        if len(looked) == 3:
            attention.heard(signal.SIGINT, None)
        return attention.goes_on(said)
    attention.begin()
    verb = verbs.read(typed)
    assert verb is not None
    answered = list(verbs.answer(session, verb, goes_on))
    attention.end()
    assert looked[2] == "Counting the hits …" and not attention.wanted
    assert "no hit yet" in answered[-1] and (keeper.taken(session), session.position) == before


# on the way to a far update

WAYS: dict[str, Callable[[Session], object]] = {
    "go": lambda session: session.go("#900000000"), "end": Session.end,
    "scrub": lambda session: travel.scrub(session, 900_000_000)}


@pytest.mark.parametrize("way", WAYS)
def test_a_long_way_is_gone_in_slices_and_can_be_left(way: str) -> None:
    session = Session(run())
    travel.step(session, "into")
    before = session.position
    WAYS[way](session)
    assert session.job is not None and session.position == before
    known = session.run.known
    job.go_on(session, 0.05)
    assert session.run.known > known and session.position == before
    assert session.message.startswith(f"Running on: after {session.run.known:,} of ") and "Ctrl-C" in session.message
    assert job.stop(session) and session.job is None and session.position == before


def test_it_arrives_and_comes_back() -> None:
    session = Session(run())
    target = session.run.known + 3_000_000
    session.go(f"#{target}:2")
    while job.go_on(session, 0.05):
        pass
    assert (session.position.update, session.position.value) == (target, 2)
    assert session.message == ""
    session.back()
    assert session.position.update == 0


def test_what_is_begun_takes_the_place_of_what_was_being_done() -> None:
    session = begun()
    got_commands.compare(session, "0.987654321")
    assert isinstance(session.job, DigitSearch) and session.yours is not None
    session.go("#900000000")
    assert isinstance(session.job, Onward) and session.yours.state == "stopped"
    travel.step(session, "into")
    assert session.job is None and session.position.update == 0
