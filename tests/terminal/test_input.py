"""Input that ends Textual, or could: bytes that are no text, sequences that are no keys, floods of both."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._compositor import ChopsUpdate, Compositor
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.command import CommandList, CommandPalette
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key, MouseEvent, Paste

from bptui.debugger.state.session import Session
from bptui.replay.open import open_run
from bptui.tui.app import BptuiApp
from bptui.tui.driver import PASSED
from bptui.tui.input import Input

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parents[2]
TWO_LAYER = "scenarios/two_layer.toml"
BAD = (b"\xff", b"\xfe\xff\x80\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x1b[110:78;2:3u", b"\x1b[:7q",
       b"\x1b[;;;u", b"\x1b[99999999999999;1u", b"\x1b[55296u", b"\x1b[?2048;2$y", b"\x1b[48;99999;99999;9;9t",
       b"\x1b[48;1;1;1;1t", b"\x1b[<0;10;10M", b"\x1b[<0;99999;99999m", b"\x1b[M!!!",
       b"\x1b[200~s s\x1b[2J\x1b[201~", b"\x1b[O", b"\x1b[I",
       b"\x1b[1;1R", b"\x1b[?2026;2$y")
NEVER = 1e9                                         # seconds from now
ESCAPE = 4 * b"\x1b[27u"                            # closes whatever is open; spelled so, it is a key at once

Open = Callable[..., Any]


def strings(count: int, longest: int, seed: int) -> list[bytes]:
    """Random bytes, a third of them dressed as sequences."""
    rng = random.Random(seed)
    found: list[bytes] = []
    for _ in range(count):
        n = rng.randint(1, longest)
        match rng.randrange(3):
            case 0:
                found.append(rng.randbytes(n))
            case 1:
                found.append(b"\x1b[" + bytes(rng.choices(b"0123456789;:<>?$", k=n)) + bytes([rng.randrange(64, 127)]))
            case _:
                found.append(bytes(rng.choices(b"\x1b[]O0159:;~uPRtmM\xff\xc3\x9b", k=n)))
    return found


def keys(text: str, **options: Any) -> list[str]:
    """The keys that some input is taken for, once nothing more has come; pasted text in brackets."""
    reader = Input(**options)
    found = [*reader.feed(text, 0.0), *reader.wait(NEVER)]
    return [event.key if isinstance(event, Key) else f"[{event.text}]" for event in found
            if isinstance(event, Key | Paste)]


def answers(program: Any, sign: str) -> None:
    """Close whatever is open, and wait until the key `sign` is answered."""
    tries = iter(range(30))
    while sign not in program.text:
        assert next(tries, None) is not None, program.text
        program.flood(ESCAPE)
        program.quiet()
        program.flood(sign.encode())
        while sign not in program.text and program.read(0.5):
            pass


def test_the_insides_that_the_driver_leans_on_are_there() -> None:
    for owner, names in ((LinuxDriver, ("run_input_thread", "_run_input_thread", "start_application_mode", "close",
                                        "process_message", "_query_in_band_window_resize", "_get_terminal_size",
                                        "_request_terminal_sync_mode_support", "_sigcont_application", "write")),
                         (App, ("_handle_exception", "_close_messages_no_wait")),
                         (XTermParser, ("_sequence_to_key_events", "parse_mouse_code")),
                         (Compositor, ("render_partial_update",)), (ChopsUpdate, ("render_segments",))):
        assert [name for name in names if not callable(getattr(owner, name, None))] == []


def test_the_parser_alone_ends_on_what_the_driver_bears() -> None:
    """Else the rest here would prove nothing."""
    with pytest.raises(ValueError):
        list(XTermParser().feed("\x1b[110:78;2u"))


def test_anything_is_borne_and_the_next_key_is_heard(share: Callable[[int], int]) -> None:
    """20,000 strings, through one reader: when nothing came for a while, a key is a key again."""
    reader = Input(mouse=True)
    for n, data in enumerate((*BAD, *strings(share(20_000), 24, 1))):
        heard = reader.feed(data.decode("utf-8", "replace"), 10.0 * n)
        heard += reader.wait(10.0 * n + 5)
        assert reader.due is None
        assert [e.key for e in reader.feed("s", 10.0 * n + 6) if isinstance(e, Key)] == ["s"], data
        for event in heard:
            assert isinstance(event, (*PASSED, MouseEvent)), event
            character = event.character if isinstance(event, Key) else None
            assert character is None or character.isprintable() or character < "\x80", event


@pytest.mark.parametrize(("text", "expected"), [
    ("s\x1b[110:78;2ung\x1b[:7P", ["s", "N", "n", "g", "f1"]),   # shifted keys, as the keyboard protocol spells them
    ("\x1b[110;1:3u\x1b[110;1:2un", ["n", "n"]),                # a key let go is none, a key held is one
    ("\x1bs\x1bOn\x1b]s\x1b\r\x1bPss", ["escape", "s", "escape", "O", "n", "escape", "right_square_bracket", "s",
                                       "escape", "enter", "escape", "P", "s", "s"]),     # typed ahead behind Esc
    ("\x1b\x1b[A\x1b[[A\x1bOP\x1b[15~\x1b[1;5C", ["escape", "up", "f1", "f1", "f5", "ctrl+right"]),
    ("\x1b]11;rgb:0/0/0\x07s\x1b]52;c;cXE=\x1b\\s\x1bP1$r0m\x1b\\s\x1b_Gi=1;OK\x1b\\s", ["s", "s", "s", "s"]),
    ("\x1b[?1;2cs\x1b[0ns\x1b[34~s\x1b[12;40Rs\x1b[?2048;2$ys\x1b[48;9;9;9;9ts", ["s"] * 6),      # answers
    ("\x1b[M!!!s\x1b[<0;1;1Ms\x1b[0;1;1Ms", ["s", "s", "s"]),  # the mouse, which is off
    ("\x9bA\x9b31ms\x8fPs\x9d0;q\x9cs", ["up", "s", "f1", "s", "s"]),       # the same in eight bits
    ("\x1b[1\x07s", ["ctrl+g", "s"]), ("\x1b[é", ["é"]), ("\ufffd\x85\ud800s", ["s"]),
    ("\x1b[200~q\x1b[2J\x00\u202eq\nq\x1b[201~s", ["[q[2Jq]", "s"]), ("\x1b[201~s", ["s"]),
    ("\x1b[200~" + "q" * 200_000 + "\x1b[201~s", ["[" + "q" * 100_000 + "]", "s"]),
    ("\x1b[200~ssqq", ["[ssqq]"]),                              # without an end
])
def test_what_input_means(text: str, expected: list[str]) -> None:
    assert keys(text) == expected
    torn = Input()                                  # and torn apart anywhere, as slow links tear it
    heard = [event for n, c in enumerate(text) for event in torn.feed(c, n * 1e-7)] + torn.wait(NEVER)
    assert [e.key if isinstance(e, Key) else f"[{e.text}]" for e in heard if isinstance(e, Key | Paste)] == expected


@pytest.mark.parametrize(("sent", "heard"), [
    ("\x1bn", "escape n"), ("\x1bN", "escape N"), ("\x1b/", "escape slash"), ("\x1b\r", "escape enter"),
    ("\x1b ", "escape space"), ("\x1bf", "escape f"), ("\x1b\t", "shift+tab"), ("\x1b\x1b", "escape escape"),
    ("\x1b\x1bn", "escape escape n"), ("\x1b\x1b[B", "escape down"), ("\x1bOB", "down"), ("\x1bO", "escape O"),
    ("\x1b[", "escape left_square_bracket"), ("\x1b[110;3u", "alt+n"), ("\x1bx", "alt+x"), ("n\x1b", "n escape")])
def test_an_escape_and_a_key_that_come_at_once_are_two_keys(sent: str, heard: str) -> None:
    """As tmux sends them, and a slow link; but what a person has settled with Alt stays that."""
    assert keys(sent, alt=["alt+x"]) == heard.split()


def test_an_escape_that_was_heard_is_not_heard_again() -> None:
    reader = Input()
    found = [*reader.feed("\x1b", 0.0), *reader.wait(5.0), *reader.feed("nN", 6.0), *reader.wait(NEVER)]
    assert [event.key for event in found if isinstance(event, Key)] == ["escape", "n", "N"]


@pytest.mark.parametrize(("key", "sign"), [("/", "a number by its digits"), (":", "Search for"), ("?", "Esc closes")])
def test_a_key_behind_an_escape_is_for_the_screen_below(terminal: Open, key: str, sign: str) -> None:
    program = terminal(TWO_LAYER)
    program.shows("known to 10000")
    for number in range(1, 6):
        program.press(key)
        program.shows(sign)
        program.press(b"\x1b[27un")
        program.shows(f"#0:{number}  known", "? help")


def test_alt_is_a_key_of_its_own_where_one_is_settled() -> None:
    assert keys("\x1bx\x1by", alt=["alt+x"]) == ["alt+x", "escape", "y"]


def test_the_keys_of_textuals_tables_are_heard() -> None:
    """All that its own parser knows, but those that a letter behind Esc could be, or that are a letter by mistake."""
    for sequence in [*ANSI_SEQUENCES_KEYS, *(f"\x1b[{code}" for code in FUNCTIONAL_KEYS)]:
        theirs = [event.key for event in XTermParser().feed(sequence) if isinstance(event, Key)]
        with_letter = re.fullmatch("\x1b(O?.)", sequence) and sequence[-1].isprintable()
        strange = sequence in ("\x9b", "\x1b\x1b") or "$" in sequence
        if len(theirs) == 1 and len(theirs[0]) > 1 and not with_letter and not strange:
            unknown = sequence.endswith("~") and f"{sequence[2:-1].partition(';')[0]}~" not in FUNCTIONAL_KEYS
            assert keys(sequence) == ([] if unknown else theirs), repr(sequence)


def test_bad_bytes_do_not_end_it_and_the_key_behind_them_is_heard(terminal: Open) -> None:
    program = terminal(TWO_LAYER)
    program.shows("known to 10000")
    for number, data in enumerate(BAD, 1):
        program.press(data + b"n")
        program.shows(f" {number}/35", "known to 10000")
    program.press("q")
    assert program.wait() == 0
    assert program.wrong == []


@pytest.mark.parametrize("key", ["/", ":", "?"])
def test_what_is_opened_may_be_closed_at_once(terminal: Open, key: str) -> None:
    """Before it has been made, and while a search in it begins."""
    program = terminal(TWO_LAYER)
    program.shows("known to 10000")
    for sign in "丁丂七丄丅丆":
        program.flood(key.encode())
        program.quiet()
        program.flood(b"1" + ESCAPE + 4 * (key.encode() + b"\x1b[27u"))
        answers(program, sign)
    program.press("q")
    assert program.wait() == 0
    assert program.wrong == []


async def test_a_search_in_a_palette_that_is_gone_does_not_end_it() -> None:
    """As Textual's own does, now and then, when a flood of keys opens and closes it."""
    app = BptuiApp(Session(open_run(ROOT / TWO_LAYER)), headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("colon")
        palette = app.screen
        assert isinstance(palette, CommandPalette)
        await palette.query_one(CommandList).remove()
        palette._gather_commands("x")
        await pilot.pause()
        assert app.is_running
        await pilot.press("escape", "escape", "s")
        assert app.session is not None and app.session.position.inner == 1


async def test_turning_a_page_before_the_palette_is_laid_out_does_not_end_it() -> None:
    app = BptuiApp(Session(open_run(ROOT / "scenarios" / "two_layer.toml")), headless=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("colon")
        palette = app.screen
        assert isinstance(palette, CommandPalette)
        commands = palette.query_one(CommandList)
        commands.styles.height = 0
        await pilot.pause()
        commands.highlighted = 0
        commands._index_to_line.clear()
        for key in ("pageup", "pagedown"):
            await pilot.press(key)
        assert app.is_running and app.return_value is None


def test_random_bytes_do_not_end_it(terminal: Open, patched: Callable[[str], tuple[str, ...]]) -> None:
    program = terminal(TWO_LAYER, command=patched(  # all that leaves is off, because random bytes hit it
        "from bptui.tui.app import BptuiApp\nfrom bptui.tui.screens.debugger import ON_SCREEN\n"
        "async def action_quit(self): pass\n"
        "ON_SCREEN['quit'] = ON_SCREEN['gallery'] = lambda screen: None\n"
        "BptuiApp.action_quit = action_quit"))
    program.shows("known to 10000")
    given = strings(2_000, 4, 2)
    for n in range(0, len(given), 50):              # in parts: a flood of n keys into Textual's palette takes n²
        program.flood(b"".join(given[n:n + 50]))
        answers(program, chr(0x4E00 + n))
    program.press("G")
    program.shows("after 10000 of 10000")
    program.send(15)
    assert program.wait() == 143
    assert program.wrong == []


def test_what_is_typed_ahead_goes_where_it_was_meant(terminal: Open) -> None:
    """Many keys in one piece, as a slow link brings them: into the line that the first of them opens, and then on."""
    program = terminal(TWO_LAYER)
    program.shows("known to 10000")
    program.press("bE < 0.29\rww7\rg#3:14\rssW?q" + "nn" + "/" + "\x1b[27u" + "n")
    program.shows("w7", "#3:19  known")
    program.press("B")
    program.shows("1 E < 0.29")
    program.press("q")
    assert program.wait() == 0


def test_a_search_after_a_question_goes_on(terminal: Open) -> None:
    program = terminal(TWO_LAYER)
    program.shows("known to 10000")
    program.press("bchanged(w5)@prev and E < 0.00005\r")
    program.shows("Stop 1: ")
    program.quiet()
    program.press("c")
    program.shows("Stopped: stop 1")
    program.press("q")
    assert program.wait() == 0
