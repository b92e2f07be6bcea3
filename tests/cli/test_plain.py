"""`bptui --plain`: the debugger without a screen, in this process, at the end of a pipe, or in a real terminal.

It and the screen are given the same verbs, and have to report the same positions. The figures of the tutorial are
the article's. What is not reached yet is not told: with another future the same lines are printed.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bptui.debugger.commands.command import Command
from bptui.debugger.commands.register import BY_ID, COMMANDS, others
from bptui.debugger.home.open import run_of
from bptui.debugger.panes import register
from bptui.debugger.plain import verbs
from bptui.debugger.state.session import Session
from bptui.replay import places
from bptui.replay.places import write_position
from bptui.replay.timeline import Position
from bptui.scenario.shipped import find
from tests.support.lines import told as told_here

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-W", "error", "-m", "bptui", "--plain"]
KNOWN: dict[str, Command] = {**BY_ID}
EVENT = re.compile(r"(#[0-9]+:[0-9]+(?:\.[0-9]+)?)( sample [0-9]+)?(?:  \S| in )")
PATIENCE = 30.0


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "PYTHONUNBUFFERED": "", **more}


def plain(*arguments: str, typed: str | bytes, code: int = 0, **more: str) -> list[str]:
    """The lines that answer what is typed, the first event among them; by a process where bytes, an encoding or an
    environment matter."""
    if isinstance(typed, str) and not more and "--ascii" not in arguments:
        ended, said, complaint = told_here("--plain", *arguments, typed=typed)
    else:
        done = subprocess.run([*COMMAND, *arguments], input=typed if isinstance(typed, bytes) else typed.encode(),
                              cwd=ROOT, env=environment(**more), timeout=120, capture_output=True, check=False)
        said, complaint = done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode()
        ended = done.returncode
    assert ended == code, complaint
    assert "\x1b" not in said + complaint and "Traceback" not in complaint
    return said.splitlines()


def talk(*typed: str, scenario: str = "two_layer") -> list[str]:
    """What is answered after the first event."""
    return plain(scenario, typed="\n".join(typed) + "\n")[1:]


# the same positions as on the screen

SCRIPTED = ("two_layer", "two_layer_in_place", "single_neuron", "gan", "batches", "recurrent_bit")
KEYS = ["into", "back_into", "over", "back_over", "out", "back_out", "again", "back_again", "frame_up", "frame_down",
        "end", "back", "forward", "next_sample", "previous_sample", "next_stop", "previous_stop", "next_trouble",
        "previous_trouble", "only", "next_find", "previous_find", "close"]
BARE = ["next_change", "previous_change", "enter", "stop", "watch", "to_cursor"]
OFTEN = {"into": 8, "back_into": 4, "over": 6, "back_over": 3, "out": 3, "back_out": 2, "end": 0.3}
TYPED = {"go": ["0", "50%", "#1:3", "#0:7", "#2", "e1", "nonsense(", "#0:99999", "E"],
         "find": ["0.5", "0.12", "net", "out", "nothing like it"], "mark": ["a", "b", "no"], "to_mark": ["a", "b", "c"],
         "stop": ["trouble", "E < 0.2", "hit 3", "1", "77"], "got": ["0.5", "twelve"]}


class Screen:
    """The hands of the screen, doing what a plain verb says."""

    def __init__(self, tui: ModuleType, name: str) -> None:
        self.session = tui.open_session(name)
        while self.session.run.work(1.0):           # a person has waited for the end to be known
            pass
        self.hands = tui.Hands(self.session)
        self.values = self.session.times.count

    def press(self, command: str, typed: str | None = None) -> None:
        self.hands.press(command, typed)

    def point(self, value: int | None = None) -> None:
        """Put the cursor on a value of the list of values; without a number it is where the run stands."""
        self.hands.press("values")
        self.session.cursor["values"] = None if value is None else value - 1


def script(screen: Screen, chance: random.Random, count: int) -> Iterator[tuple[str, Position]]:
    """Random verbs, each with where the screen stands after it."""
    session = screen.session
    for _ in range(count):
        kind = chance.choices(("key", "typed", "bare", "pointed", "repeat", "remove"), (10, 3, 1.5, 3, 1, 0.4))[0]
        command = chance.choices(KEYS, [OFTEN.get(k, 1) for k in KEYS])[0]
        shown = KNOWN[command].shown
        spelled = chance.choice((shown, command, KNOWN[command].title))
        if kind == "key":
            if command == "close" and session.yours is not None:
                screen.press(command)               # what is open on the screen is not open in lines
            screen.press(command)
            typed = spelled
        elif kind == "typed":
            command = chance.choice(list(TYPED))
            text = chance.choice(TYPED[command])
            screen.press(command, text)
            typed = f"{KNOWN[command].shown} {text}"
        elif kind == "bare":
            command = chance.choice(BARE)
            screen.point()
            asks = KNOWN[command].asks
            screen.press(command, asks.prefill(session) if asks else None)
            typed = chance.choice((KNOWN[command].shown, command))
        elif kind == "pointed":
            command = chance.choice(("next_change", "previous_change", "enter"))
            value = chance.randint(1, session.times.count)
            screen.point(value)
            screen.press(command)
            typed = f"{KNOWN[command].shown} {value}"
        elif kind == "repeat":
            command, often = chance.choice(("into", "over", "out", "back_over", "again")), chance.randint(2, 9)
            shown = KNOWN[command].shown
            screen.press("repeat", f"{often} {shown}")
            typed = chance.choice((f"{often} {shown}", f"{shown} {often}", f"* {often} {shown}", f"{often} {command}"))
        else:
            number = chance.choice(list(session.stops) or [5])
            if number in session.stops:
                screen.press("stops")
                session.cursor["stops"] = list(session.stops).index(number)
                screen.press("remove")
            typed = f"D {number}"
        yield typed, session.position


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTED)
def test_the_screen_and_the_lines_report_the_same_positions(tui: ModuleType, name: str, tmp_path: Path) -> None:
    screen = Screen(tui, name)
    verbs_and_places = list(script(screen, random.Random(f"plain {name}"), 160))
    scenario = name
    if name in tui.TEXTS:
        scenario = str(tmp_path / f"{name}.toml")
        Path(scenario).write_text(tui.TEXTS[name], "utf-8")
    typed = "".join(f"{verb}\nwhere\nsentinel{n}\n" for n, (verb, _) in enumerate(verbs_and_places))
    lines = iter(plain(scenario, typed=typed))
    assert next(lines).startswith("#0:0")
    here, seen = "#0:0", set[str]()
    for n, (verb, expected) in enumerate(verbs_and_places):
        answer: list[str] = []
        while not (said := next(lines)).startswith(f"There is no verb 'sentinel{n}'"):
            answer.append(said)
        *answer, where = answer
        found = EVENT.match(where)
        said = "\n".join(answer)
        assert found, where
        assert found[1] == write_position(screen.session.run, expected), f"{n}: {verb}\n{said}\n{where}"
        assert answer, f"{verb} is not answered"
        if found[1] != here:                        # a verb that moves answers with the position
            moved = EVENT.match(answer[-1])
            assert moved and moved[1] == found[1], f"{verb}\n{said}"
        here = found[1]
        seen.add(here)
    assert len(seen) > 40


def test_a_quantity_that_is_typed_is_the_cursor_on_it(tui: ModuleType) -> None:
    for verb, command in (("t", "to_cursor"), ("v", "next_change"), ("V", "previous_change"), ("Enter", "enter")):
        for name, at in (("net_h1", "#0:20"), ("d(E, w1)", "#0:3"), ("d(E, w5)", "#3:30"), ("out_o2", "#2:9"),
                         ("w5.next", "#1:7")):
            screen, other = Screen(tui, "two_layer"), tui.open_session("two_layer", at)
            screen.session.go(at)
            value = places.read_position(screen.session.run, name, screen.session.position.update).value
            screen.point(value)
            screen.press(command)
            read = verbs.read(f"{verb} {name}")
            assert read is not None
            list(verbs.answer(other, read, lambda said: True))
            assert other.position == screen.session.position, (verb, name)
            assert other.follow_name() == screen.session.follow_name()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_every_key_of_the_table_is_a_verb(command: Command) -> None:
    """As the README's table has them, the second and the third too; only h is help, as in a debugger's hands."""
    for key in {*([command.shown] if command.shown else []), *others(command)} - {"h"}:
        read = verbs.read(key)
        assert read is not None and read.command is command, key
        assert list(verbs.help_lines(key)) == list(verbs.help_lines(command.id)), key
        with suppress(verbs.Unclear):
            verbs.read(f"{key} 3 4")
            continue
        with pytest.raises(verbs.Unclear, match=rf"^(There is no verb|{re.escape(key)} takes nothing|Say how often)"):
            verbs.read(f"{key} 3 4")


def test_every_command_of_the_table_is_answered(tui: ModuleType) -> None:
    """By its key, its id and its title; also those that belong to the screen say something."""
    for command in COMMANDS:
        spellings = {command.shown or command.id, command.id, command.id.replace("_", " "),
                     command.title.removesuffix(" …"), command.title.upper().removesuffix(" …")}
        for spelled in spellings:
            read = verbs.read(spelled)
            assert read is not None and read.command is command, spelled
        session = tui.open_session("two_layer", "#0:20")
        said = list(verbs.answer(session, verbs.Verb(command), lambda said: True))
        between = command.id == "lesson"            # its paragraphs stand apart
        assert said and said[0].strip() and all(line.strip() or between for line in said), command.id
        assert all(line.isprintable() and "   " not in line for line in said)
    assert set(verbs.WANTING) <= set(BY_ID)
    for own in verbs.OWN:
        assert verbs.read(own.shown) == verbs.Verb(own)
    for shown in {c.shown for c in COMMANDS if c.shown}:
        assert sum(c.shown == shown for c in verbs.ALL) == 1


# the tutorial

def test_the_first_derivative_of_the_tutorial() -> None:
    """The article: 0.74136507 × 0.186815602 × 0.593269992 = 0.082167041, and w5⁺ = 0.35891648."""
    assert talk("follow w5", "s", "s", "s", "chain", "c") == [
        "Following ∂E/∂w5 = ∂E/∂out_o1 × ∂out_o1/∂net_o1 × ∂net_o1/∂w5: s visits only what it needs.",
        "#0:12  ∂E/∂out_o1 = +0.741365070 (printed, agrees, 8 digits)  "
        "out_o1 + 0.01 should raise E by 0.007413651.",
        "#0:14  ∂E/∂net_o1 = +0.138498562 (printed, agrees, 9 digits)  "
        "∂out_o1/∂net_o1 = +0.186815602 (printed, agrees, 9 digits)  "
        "The sigmoid of o1 lets 18.7 % of the error through; 25 % is its most.",
        "#0:16  ∂E/∂w5 = +0.082167041 (printed, agrees, 8 digits)  "
        "∂net_o1/∂w5 = +0.593269992 (printed, agrees, 9 digits)  "
        "w5 + 0.01 should raise E by 0.000821670. Tried: 0.000821057.",
        "Chain of ∂E/∂w5: ∂E/∂w5 = ∂E/∂out_o1 × ∂out_o1/∂net_o1 × ∂net_o1/∂w5",
        "#0:12  1 ∂E/∂out_o1 = +0.741365070 (printed, agrees, 8 digits)  out_o1 - t1 = 0.751365070 - 0.010000000",
        "#0:14  2 ∂out_o1/∂net_o1 = +0.186815602 (printed, agrees, 9 digits)  "
        "out_o1 × (1 - out_o1) = 0.751365070 × (1 - 0.751365070)",
        "#0:14  ∂E/∂net_o1 = +0.138498562 (printed, agrees, 9 digits)  so far: 1 × 2 = 0.741365070 × 0.186815602",
        "#0:16  3 ∂net_o1/∂w5 = +0.593269992 (printed, agrees, 9 digits)  out_h1 = 0.593269992",
        "#0:16  ∂E/∂w5 = +0.082167041 (printed, agrees, 8 digits)  0.138498562 × 0.593269992",
        "∂E/∂w5 = 0.741365070 × 0.186815602 × 0.593269992 = +0.082167041",
        "No stop set: b sets one where the cursor is, or on a condition, as in E < 0.001. "
        "G goes to the end of the run."]
    assert talk("f", "w5 next", "t w5.next")[-1].startswith("#0:32  w5⁺ = 0.358916480 (printed, agrees, 8 digits)  ")


def test_steps_of_a_sum_and_of_its_terms() -> None:
    said = talk("s", "s", "s", "S", "t d(E, out_h1)", "S", "chain")
    assert said[0] == ("#0:1.1  w1 × i1 = +0.007500000  net_h1 is in the making, step 1 of 3: "
                       "w1 × i1 is +0.007500000.")
    assert said[2].startswith("#0:1  net_h1 = 0.377500000 (printed, agrees, 4 digits)  b1 = +0.350000000  ")
    assert said[4].startswith("#0:20  ∂E/∂out_h1 = +0.036350306 (printed, agrees, 8 digits)  "
                              "through o2 = -0.019049118 (printed, last digit)  ")
    assert said[5] == ("#0:20.1  through o1 = +0.055399425 (printed, agrees, 8 digits)  "
                       "∂E/∂out_h1 is in the making, step 1 of 2: through o1 is +0.055399425.")
    assert [line.partition("  ")[2] for line in said[-2:]] == [
        "through o2 not made yet  ∂E/∂net_o2 × w7", "∂E/∂out_h1 not made yet"]


def test_my_number_is_another_one() -> None:
    """The student's 0.000364723 stands in the run beside it, where w5 and w7 were changed too early."""
    said = talk("t d(E, w1)", "i 0.000364723", "i 0.000438568")
    assert said[1].startswith("Yours = +0.000364723  16.8 % less: that is not rounding")
    assert said[2] == "∂E/∂w1 = +0.000438568  what the run has here"
    assert said[3].startswith("In two_layer_in_place  #0:28  ")
    assert said[-1] == "So you have the same number: the difference is rounding."


def test_a_number_that_is_exactly_the_same_differs_by_no_rounding(tmp_path: Path) -> None:
    (tmp_path / "dead.toml").write_text('[equations]\nforward = ["y = relu(x * w)", "E = y * y"]\nloss = "E"\n'
                                        '[values]\nx = 1.0\n[parameters]\nw = -2.0\n', "utf-8")
    said = plain(str(tmp_path / "dead.toml"), typed="t d(E, w)\ni 0\n")
    assert said[-1] == "So you have the same number."


@pytest.mark.parametrize(("typed", "said"), [
    ("zz", "zz was not found; there are the values net_h1, net_h2, out_h1, out_h2 and 4 more; the parameters w1, "),
    ("net_hh1", "net_hh1 was not found, did you mean 'net_h1'?"),
    ("0.123456", "0.123456 was not found in this run."),
])
def test_what_is_not_found_says_what_there_is(typed: str, said: str) -> None:
    assert talk(f"/ {typed}")[0].startswith(said)


def test_what_has_my_digits_exactly_comes_first() -> None:
    """The tutorial's w7 is 0.5, given; its next value, 0.511301270, only rounds to it."""
    said = talk("n", "i 0.5")
    here = [line for line in said[3:] if not line.startswith("In ")]
    assert "#0:0  w7, given = +0.500000000  your digits" in here
    same = [" = +0.500000000  " in line for line in here]
    assert same == sorted(same, reverse=True) and any("w7⁺ = +0.511301270" in line for line in here)


# what a person makes

def test_stops_hits_watches_marks_and_repeats() -> None:
    said = talk("b E < 0.001", "b", "c", "c", "C", "stops", "b 1", "stops", "D 2", "hits 2", "D 1", "D 1", "B")
    assert said[0].startswith("Stop 1: E < 0.001.") and said[1].startswith("Stop 2: net_h1.")
    assert [line.split("  ")[0] for line in said[2:5]] == ["#0:1", "#1:1", "#0:1"]
    assert "Stopped: stop 2, net_h1. Hit 1 of" in said[2]
    assert said[5:7] == ["stop 1  E < 0.001  on  8,913 to come", "stop 2  net_h1  on  hit 1 of 10,001"]
    assert said[7] == "Stop 1 is off: E < 0.001." and said[8].startswith("stop 1  E < 0.001  off")
    assert said[10:] == ["Stop 2 is gone: net_h1.", "There is no stop 2.", "Stop 1 is gone: E < 0.001.",
                         "There is no stop 1.", "No stop is set yet: b sets one where the run stands, "
                         "b E < 0.001 on a condition."]
    said = talk("b d(E, w5) hit % 2500", "hits", "b E when E < 0.001 once", "c", "f")
    assert [line.split("  ")[:2] for line in said[1:5]] == [
        [f"#{n}:16", f"hit {k} of 4"] for k, n in enumerate((2499, 4999, 7499, 9999), 1)]
    said = talk("g #3", "w w5", "w w5", "w nonsense", "W", "hits w5", "D w5", "D w5", "W")
    assert said[1].startswith("Watching w5.") and said[2] == "w5 is watched already."
    assert said[3].startswith("'nonsense' is not a quantity of two_layer")
    assert said[4].startswith("#3:0  w5 = 0.2") and "  change -0.0" in said[4]
    assert [line.split("  ")[0] for line in said[5:9]] == ["#0:0", "#1:0", "#2:0", "#3:0"]
    assert said[5].endswith("  w5 = 0.400000000") and said[6].startswith("#1:0  w5 = 0.358916480  change -0.041083520")
    assert said[9:] == ["w5 is no longer watched.", "'w5' is not watched: W lists what is.",
                        "Nothing is watched yet: w d(E, w5) watches that."]
    said = talk("10 n", "m a", "n 5", "3 N", "' a", "'a", "-", "G", "- ", "=", "' b", "10 c", "2 zz", "n x")
    assert [line.split("  ")[0] for line in said[:1] + said[2:5]] == ["#0:10", "#0:15", "#0:12", "#0:10"]
    assert said[5] == "Back at a." and said[7].startswith("#10000:11  E = 0.000035102")
    assert said[10].startswith("No place is marked 'b'") and said[11].startswith("Say how often")
    assert said[12].startswith("There is no verb 'zz'") and said[13] == "n takes nothing after it; 'x' stands there."


@pytest.mark.slow
def test_lists_and_their_lines() -> None:
    for name in register.BY_ID:
        lines = talk("g #0:14", name)[1:]
        assert lines, name
        if name in ("values", "parameters", "network", "program", "printed", "loss"):
            assert all(EVENT.match(line) or line.startswith("never  ") for line in lines), name
    values = talk("g #0:14", "values")[1:]
    assert len(values) == 35 and values[13] == "#0:14  ∂E/∂net_o1 = +0.138498562"
    assert values[14] == "#0:15  ∂E/∂net_o2 not made yet"
    assert talk("g #0:14", "values net_o1")[1:] == [values[4], values[13]]
    assert talk("parameters w5") == ["#0:0  w5 = 0.400000000  ∂E/∂w5 not made yet  w5⁺ not made yet"]
    assert talk("values zebra") == ["No line of values has 'zebra' in it."]
    loss = talk("g #2:35", "loss")[1:]
    assert loss[0] == "#0:11  E = 0.298371109" and len(loss) == 3
    assert talk("G", "parameters w5")[-1].endswith("w5⁺ is not made in this update")


# a debugger's hands

def test_the_words_of_a_debugger_are_understood() -> None:
    for word, meant in verbs.DEBUGGERS.items():
        verb = verbs.read(word)
        assert verb is not None and verb.command.id == meant, word
    own = {name for command in verbs.ALL for name in (command.id, command.id.replace("_", " "),
                                                      command.title.removesuffix(" …").lower())}
    assert not own & verbs.DEBUGGERS.keys()
    assert talk("step", "step 2", "next", "finish", "reverse-next") == talk("s", "s 2", "n", "f", "N")
    assert talk("break E < 0.001", "continue", "run") == talk("b E < 0.001", "c", "c")
    assert talk("set w5 = 0.3", "delete 7", "display w5", "backtrace") == talk("e w5 = 0.3", "D 7", "w w5", "where")
    assert talk("exit", "n") == []


def test_what_is_not_finite_has_one_name() -> None:
    assert talk("G", "print w1", "layer1.weights", "print E", scenario="exploding_gradient")[1:4] == [
        "w1 = NaN", "layer1.weights = [[NaN]]", "E = NaN"]


def test_a_quantity_prints_itself() -> None:
    said = talk("print w5", "p w5", "w5", "hidden.weights", "w5 + 1", "E < 1", "n", "net_h1", "print out_h1", "print")
    assert said[:3] == ["w5 = 0.4"] * 3 == talk("show w5") * 3
    assert said[3:6] == ["hidden.weights = [[0.15, 0.2], [0.25, 0.3]]", "w5 + 1 = 1.4",
                         "E < 1 is not made yet: step to it, or g E < 1."]
    assert said[7] == "net_h1 = 0.3775" and said[8] == "out_h1 is not made yet: step to it, or g out_h1."
    assert said[9].startswith("#0:1  ")
    said = talk("w99", "bogus", "print w99", "d(w5, E)")
    assert said[0] == "There is no verb 'w99', and no quantity of that name; there are w1 to w8. ? lists the verbs."
    assert said[1].startswith("There is no verb 'bogus', and no quantity of that name; there are the values net_h1, ")
    assert said[1].endswith("the losses E_o1, E_o2, E. ? lists the verbs.")
    assert "w1 to w8" in said[2] and "forward or loss quantity" in said[3]


def test_a_verb_that_changes_something_is_never_suggested() -> None:
    """Every word one letter off a verb that sets, changes, removes, writes or leaves."""
    harmful = [name for name, command in verbs.NAMES.items() if command.id in verbs.HARMFUL]
    for name in harmful:
        for at in range(len(name)):
            for word in (name[:at] + name[at + 1:], name[:at] + "z" + name[at:], name[:at] + "z" + name[at + 1:]):
                suggested = re.search(r"did you mean '(.*)'", verbs.no_verb(word))
                assert suggested is None or verbs.NAMES[suggested[1]].id not in verbs.HARMFUL, word


@pytest.mark.slow
def test_a_decimal_comma_is_understood() -> None:
    for line in ("i {}438568", "/ {}438568", "e w5 = {}3", "b E < {}001", "print E@0 < {}001"):
        commas, points = (talk("n 30", line.format(mark), "print w5") for mark in ("0,000", "0.000"))
        assert [said.replace("0,000", "0.000") for said in commas] == points
    assert talk("n", "i 1,234,567.5")[1:] == ["'1,234,567.5': write it without commas, as 1234567.5."]
    said = talk("i 1,234", "/ 1,234", "e w5 = 1,234")
    assert all("1234: write one of them" in line for line in said)


def test_a_message_has_one_stop() -> None:
    asking = [command.shown or command.id for command in COMMANDS if command.asks or command.takes]
    for line in talk(*(f"{verb} hidden.wieghts" for verb in asking), *(f"{verb} w5.grda" for verb in asking)):
        assert "?." not in line and ".." not in line.replace("...", ""), line


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["two_layer", "adam", "attention"])
def test_ascii_alone(scenario: str) -> None:
    typed = ["n 40", "G", *register.BY_ID, "?", "? b", "follow E", "E", "i 3", "x", "zz", "w5", "e w5 = 1"]
    said = plain("--ascii", scenario, typed="\n".join(typed) + "\n")
    assert "".join(said).isascii() and any("dE/d" in line for line in said)
    assert len(said) == len(plain(scenario, typed="\n".join(typed) + "\n"))


HURRIED = ["n 40", "G", "E", "i 3", "x", "w5", "b E < 0.1", "0", "c", "C", "hits", "stops", "g 5", "/ 0.5",
           "/ nothing like it", "g 0", "b loss/E", "c", "X", "loss", "gradients"]


@pytest.mark.parametrize("scenario", ["adam", "gan", "batch_all"])
def test_what_is_answered_does_not_hang_on_the_clock(scenario: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which no time passes, and one on which every look at the clock takes 20 ms."""
    said: list[list[str]] = []
    for each in (0.0, 0.02):
        ticks = itertools.count()
        monkeypatch.setattr(time, "perf_counter", lambda ticks=ticks, each=each: next(ticks) * each)
        session = Session(run_of(find(scenario)), waits=True)
        typed = [verb for text in HURRIED if (verb := verbs.read(text)) is not None]
        said.append([line for verb in typed for line in verbs.answer(session, verb, lambda _: True)])
    assert said[0] == said[1] and len(said[0]) > len(HURRIED)


def test_the_sample_is_part_of_the_position() -> None:
    said = talk("g #1:1", ")", ")", "(", scenario="batch_all")
    assert said[0].startswith("#1:1 sample 1  ") and said[1].startswith("#1:1 sample 2  ")
    assert said[3].startswith("#1:1 sample 2  ")


def test_help_is_made_of_the_table() -> None:
    page = talk("?")
    for command in COMMANDS:
        if not command.instead and command.id != "palette":
            title = command.title.removesuffix(" …")
            shown = command.shown or command.id
            assert any(line.startswith(f"{shown}  {title}: {command.help}") for line in page), command.id
    said = talk("? follow", "? b", "?s", "? zebra", "help values")
    assert said[0].startswith("Enter  Follow: where does this come from?") and "a quantity" in said[1]
    assert said[3].startswith("After it: d(E, w5)") and said[4].startswith("s  Step into")
    assert said[5].startswith("There is no verb 'zebra'")


def test_beginning_elsewhere() -> None:
    assert plain("--at", "d(E, w5)", "two_layer", typed="")[0].startswith("#0:16  ∂E/∂w5 = +0.082167041")
    done = subprocess.run([*COMMAND, "two_layer", "--at", "#0:16"], input="n\n", cwd=ROOT, env=environment(),
                          capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.splitlines()[-1].startswith("#0:17  ")
    last = done.stderr.splitlines()
    assert len(last) == 1 and last[0].startswith("bptui --plain ") and last[0].endswith(" --at '#0:17'")


def test_a_run_that_ends_early_is_run_until_then() -> None:
    """Nobody has to say G twice: without a screen a verb is answered when the answer is known."""
    (said,) = talk("G", scenario="overfitting_patience")
    assert "The end of the run, at its loss: E.validation was not better" in said


# what is wrong

@pytest.mark.parametrize("arguments", [["--plain"], ["--plain", "nowhere"], ["--plain", "two_layer", "--at", "w55"],
                                       ["--plain", "two_layer", "--screenshot", "x.svg"], ["--plain", "a", "b"]])
def test_bad_usage_is_one_line_and_exit_code_2(arguments: list[str]) -> None:
    code, said, complaint = told_here(*arguments)
    assert (code, said, len(complaint.splitlines())) == (2, "", 1)


def test_a_bad_verb_is_a_line_and_the_rest_goes_on() -> None:
    said = talk("zz", "stpo", "#120:31", "120", "0.5", "g", "g nowhere", "follow hidden.weights[2,0]", "follow E < 1",
                "follow 99", "follow", "v nothing", "Tab", "down", "p", "D", "o", "# a comment", "", "   ", "i", "n")
    assert len(said) == 19
    assert said[0].startswith("There is no verb 'zz'") and "There is no verb 'stpo'" in said[1]
    assert "did you mean" not in said[1]            # stop sets something
    assert all("g goes to a position" in line for line in said[2:5])
    assert said[5].startswith("g asks for something after it: go to: 120, #120:31")
    assert said[7] == "hidden.weights takes 0…1, 0…1; here: [2,0]."
    assert "is not one value of the run" in said[8] and "99 is none of them" in said[9]
    assert said[10].startswith("Following ∂E/∂net_h1 = ") and said[11].startswith("'nothing' is not a quantity")
    assert "no panes" in said[12] and "no cursor" in said[13] and said[15].startswith("Say which: D 2")
    assert said[18].startswith("#0:")


def test_strange_bytes_and_endless_lines() -> None:
    lines = [b"\xff\xfe n", b"g \xe2\x88\x82E/\xe2\x88\x82w5", b"n\x00", b"\x1b[31m", b"/ \x1b]0;x\x07",
             b"b " + b"x" * 100_000, b"y" * 9_000, b"n" * 2_000_000, b"m \xf0\x9f\x99\x82", b"g \xd9\xa3", b"\r\n",
             b"n\r"]
    said = plain("two_layer", typed=b"\n".join(lines))
    assert all(line.isprintable() for line in said)
    assert said[2].startswith("#0:16  ") and said[-1].startswith("#0:17  ")
    assert sum("at most 10,000 characters" in line for line in said) == 2


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_other_encodings_get_a_spelling(encoding: str) -> None:
    said = plain("two_layer", typed="g ∂E/∂w5\nu\n", PYTHONIOENCODING=encoding, LC_ALL="C", TERM="dumb")
    assert said[1].startswith("#0:16  dE/dw5 = +0.082167041") and "?" not in said[2] and "run > update 0" in said[2]


def test_controls_of_a_file_are_not_obeyed(tmp_path: Path) -> None:
    file = tmp_path / "odd.toml"
    file.write_text('title = "a\\u001b[2Jb"\n[equations]\nforward = ["s = X1*W1 + b", "E = s*s"]\nloss = "E"\n'
                    '[parameters]\nW1 = 0.5\nb = 1.83\n[values]\nX1 = 0.1\n'
                    '[[claims]]\nwhat = "s"\nvalue = "1.0"\nwhy = "\\u001b[31mred\\u202e\\u0007"\n', "utf-8")
    said = plain(str(file), typed="n\nprinted\nG\nprinted\nvalues\nchain\n")
    assert all(line.isprintable() for line in said) and "\\x1b[31mred\\u202e\\x07" in "\n".join(said)


def test_more_repeats_than_are_done_at_once_are_told(long_run: str) -> None:
    said = plain(long_run, typed="200000 a\n")
    assert said[1:] == ["#100000:0  Done 100,000 times, the most at once."]


# streams and signals

class Process:
    """A process at the end of two pipes; what it says is waited for."""

    def __init__(self, *arguments: str, command: Sequence[str] = COMMAND) -> None:
        self.process = subprocess.Popen([*command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, cwd=ROOT, env=environment())
        self.said = b""

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.__exit__(None, None, None)

    def type(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def says(self, text: str) -> None:
        assert self.process.stdout is not None
        end = time.monotonic() + PATIENCE
        while text.encode() not in self.said:
            assert time.monotonic() < end, f"{text!r} has not come:\n{self.said.decode()}"
            if select.select([self.process.stdout], [], [], 0.1)[0]:
                read = os.read(self.process.stdout.fileno(), 1 << 16)
                assert read, f"ended before {text!r}:\n{self.said.decode()}"
                self.said += read

    def works(self, seconds: float) -> None:
        """Wait until it has worked for so long: a line that was typed has been read by then."""
        def used() -> float:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        begun, end = used(), time.monotonic() + PATIENCE
        while used() < begun + seconds:
            assert time.monotonic() < end, "it does not work"
            select.select([], [], [], 0.01)

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str]:
        """Wait for its end, which more input does not put off: the exit code, and what it complained of."""
        said, complaint = self.process.communicate(timeout=PATIENCE)
        self.said += said
        return self.process.returncode, complaint.decode()


@pytest.fixture
def long_run(tmp_path: Path) -> str:
    """two_layer with a run that takes long to search."""
    text = (ROOT / "scenarios/two_layer.toml").read_text("utf-8")
    path = tmp_path / "long.toml"
    path.write_text(text.replace("updates       = 10000", "updates = 9_000_000"), "utf-8")
    return str(path)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")
@pytest.mark.parametrize("verb", ["c", "/ 0.987654321987", "G", "hits", "stops", "8000000 a"])
def test_an_interrupt_ends_a_search_and_stays(verb: str, long_run: str) -> None:
    with Process(long_run, "--at", "#0:5") as process:
        process.type("b E < 0\n")
        process.says("Stop 1:")
        process.type(f"{verb}\n")
        process.works(0.3)
        process.interrupt()
        process.says("topped")
        process.type("where\nzebra\n")
        process.says("There is no verb 'zebra'")
        assert process.said.decode().splitlines()[-2].startswith("#0:5  ")
        code, complaint = process.end()
        assert code == 0 and complaint.startswith("bptui --plain ") and complaint.endswith(" --at '#0:5'\n")


def test_an_interrupt_while_nothing_is_done_ends_it() -> None:
    """Outside of a terminal nobody is there to be told how to quit."""
    with Process("two_layer") as process:
        process.says("#0:0")
        process.interrupt()
        process.process.wait(PATIENCE)
        assert process.end() == (130, "")


DEAF = """
import sys
from bptui.__main__ import main
from bptui.debugger.plain import verbs

def answer(*_):
    while True:
        pass

verbs.answer = answer
sys.argv[1:] = ["--plain", *sys.argv[1:]]
sys.exit(main())
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")
def test_a_second_interrupt_ends_what_no_one_can_stop() -> None:
    """No verb is like that: one is made up that never looks whether it shall go on."""
    with Process("two_layer", command=(sys.executable, "-W", "error", "-c", DEAF)) as process:
        process.says("#0:0")
        process.type("n\n")
        process.works(0.3)
        process.interrupt()
        process.works(0.1)
        process.interrupt()
        process.process.wait(PATIENCE)
        assert process.end() == (130, "")


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGQUIT", 131)])
def test_a_signal_is_an_exit(name: str, code: int) -> None:
    with Process("two_layer") as process:
        process.type("n\n")
        process.says("#0:1  ")
        process.process.send_signal(getattr(signal, name))
        process.process.wait(PATIENCE)
        assert process.end() == (code, "")


def test_a_reader_that_leaves_early() -> None:
    command = f"(echo values; yes n) | {' '.join(COMMAND)} wide_784 | head -n 3; echo ${{PIPESTATUS[1]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, env=environment(), capture_output=True, text=True,
                          timeout=PATIENCE * 2, check=False)
    *lines, code = done.stdout.splitlines()
    assert len(lines) == 3 and code == "141" and "Traceback" not in done.stderr and "bptui" not in done.stderr


def test_no_input_and_no_output() -> None:
    for closed in ("<&-", ">&-", "<&- >&-", "2>&-"):
        command = f"echo n | {' '.join(COMMAND)} two_layer {closed}"
        done = subprocess.run(["bash", "-c", f"{command}; exit ${{PIPESTATUS[1]}}"], cwd=ROOT, env=environment(),
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert "Traceback" not in done.stderr, closed
        assert done.returncode in (0, 2), closed


def test_neither_sympy_nor_textual_is_loaded() -> None:
    script = ("import io, sys\nsys.stdin = io.TextIOWrapper(io.BytesIO(b'follow w5\\n10 s\\nchain\\nG\\n'))\n"
              "from bptui.cli import main\nassert main(['--plain', 'two_layer']) == 0\n"
              "assert not {'sympy', 'mpmath', 'textual', 'rich', 'readline'} & set(sys.modules)")
    subprocess.run([sys.executable, "-W", "error", "-c", script], cwd=ROOT, env=environment(), check=True,
                   capture_output=True)


# in a terminal

def test_a_prompt_a_history_names_and_no_escape_codes(pseudo: ModuleType) -> None:
    with pseudo.Terminal("--plain", "two_layer") as program:
        program.shows("10,000 updates of 35 values", "q quits", "#0:0", "(bptui)")
        program.press("foll\t d(E, net_o\t1)\r")
        program.shows("Following ∂E/∂net_o1 = ")
        program.press("close\r")
        program.shows("#0:0  ", "(bptui)")
        program.press("n\r")
        program.shows("#0:1  ")
        program.press("\r")                         # again
        program.shows("#0:2  ")
        program.press("zz\r", "\r")
        program.shows("There is no verb 'zz'", "#0:3  ")
        program.press("\x1b[A\x1b[A\r")             # up, up: the line before the last
        program.until(lambda: program.text.count("#0:4  ") or program.text.count("'zz'") > 1, "the history")
        program.send(signal.SIGINT)
        program.until(lambda: program.written.count(b"q quits, and so does Ctrl-D") > 1, "how to quit")
        program.press("\xff\r", "q\r")
        assert program.wait() == 0
        assert b"\x1b" not in bytes(program.written) and program.wrong == []
        assert "bptui --plain" in program.text and "--at '#0:" in program.text


@pytest.mark.parametrize("term", ["dumb", "xterm-256color"])
def test_the_end_of_input_in_a_terminal(pseudo: ModuleType, term: str) -> None:
    with pseudo.Terminal("--plain", "two_layer", environment={"TERM": term, "LC_ALL": "C"}) as program:
        program.shows("(bptui)")
        program.press("\x04")
        assert program.wait() == 0
        assert b"\x1b" not in bytes(program.written) and program.wrong == []


def test_without_a_prompt_no_one_repeats() -> None:
    assert [line.split("  ")[0] for line in talk("n", "", "", "n")] == ["#0:1", "#0:2"]


# nothing later

TOLD = ("where", "chain", "values", "parameters", "network", "program", "printed", "loss", "watches")


def told(tui: ModuleType, session: Any) -> list[str]:
    """Everything that can be asked for without asking for something later."""
    lines: list[str] = []
    for name in TOLD:
        read = verbs.read(name)
        assert read is not None
        lines += verbs.answer(session, read, lambda said: True)
    return lines


@pytest.mark.slow
@pytest.mark.parametrize(("name", "followed", "every"), [
    ("two_layer", None, 2), ("two_layer", "w1", 3), ("two_layer_in_place", "w1", 4), ("single_neuron", "W1", 2),
    ("batches", None, 11), ("batches", "w1", 13), ("gan", "a", 5), ("recurrent_bit", None, 23),
    ("softmax_jacobian", None, 3), ("perturbation", None, 11)])
def test_nothing_later_is_told(tui: ModuleType, name: str, followed: str | None, every: int) -> None:
    session = tui.open_session(name)
    while session.run.work(1.0):
        pass
    if followed is not None:
        tui.follow(session, followed)
    session.watches = ["E", "abs(E - E@0)"]
    stops = [p for update in (0, 1) for p in tui.positions(session.run, update)][::every]
    for seed, at in enumerate(stops):
        tui.stand(session, at)
        session.lane = seed % session.samples
        session.branch.known.clear()
        lines, later = told(tui, session), tui.later_numbers(session)
        for line in lines:
            assert not tui.numbers_in(line) & later, f"{at}: told too early: {line}"
        session.branch.known.clear()
        with tui.another_future(session, seed):
            assert told(tui, session) == lines, at


def test_what_is_watched_before_it_is_made() -> None:
    assert talk("w E", "W", "g #0:11", "W")[1::2] == ["#0:0  E not made yet", "#0:11  E = 0.298371109"]


def test_the_readme_shows_what_is_printed() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    shown = readme.partition("| bptui --plain two_layer\n")[2].partition("```")[0].splitlines()
    printed = plain("two_layer", typed="follow w5\ns\ns\ns\n")
    assert len(shown) == len(printed) == 5
    for there, here in zip(shown, printed, strict=True):
        assert here.startswith(there.removesuffix("…")) and (there.endswith("…") or here == there)
