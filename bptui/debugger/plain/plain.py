"""The debugger without a screen: a verb a line in, an event a line out, for screen readers, pipes and scripts.

On standard output is what answers the verbs, and nothing else; no escape codes at all. In a terminal there is a prompt
with a history and completion, outside of one none. Ctrl-C stops a search, and at the prompt says how to leave. The
verbs are those of the screen, and the positions too: both run the same functions of the same session.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from ...replay.places import write_position
from ...scenario.errors import QuantityError, printable
from ..event import event, line
from ..home.open import run_of
from ..panes.register import BY_ID
from ..scene import Scene
from ..state.session import Session
from . import verbs
from .complete import completions

PROMPT = "(bptui) "
LONGEST = 10_000                                    # characters of a line
PROGRESS = 2.0                                      # seconds between two lines about a search
LEAVES = "q quits, and so does Ctrl-D. ? lists the verbs."
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Stopped(QuantityError):
    """Ctrl-C has ended a long way: whoever asked for it says so."""


class Attention:
    """Ctrl-C: while a line is awaited it interrupts that; else it is kept for the next look, a second one ends all."""

    def __init__(self) -> None:
        self.awaiting = self.wanted = self.stopped = False
        self.told = 0.0

    def begin(self) -> None:
        """Something is begun that may be stopped."""
        self.stopped, self.told = False, 0.0

    def end(self) -> None:
        """It has ended; what has stopped it is dealt with."""
        self.wanted = self.wanted and not self.stopped

    def wait(self) -> None:
        """A line is awaited. What was wanted before, and has stopped nothing, interrupts that. Raises it."""
        self.awaiting = True
        if self.wanted:
            self.wanted = False
            raise KeyboardInterrupt

    def heard(self, number: int, frame: FrameType | None) -> None:
        if self.awaiting or self.wanted:
            raise KeyboardInterrupt
        self.wanted = True

    def between(self, at: int, of: int) -> None:
        """Looked at on a long way that no verb goes in slices. Raises Stopped."""
        if not self.awaiting and not self.goes_on(f"Running: after {at:,} of {of:,} updates …"):
            raise Stopped("stopped; you are where you were")

    def goes_on(self, said: str) -> bool:
        """Whether nobody wants it to stop; a person at a terminal is told how far it is."""
        now = time.monotonic()
        if self.told and now > self.told + PROGRESS and said and _is_terminal(sys.stderr):
            print(line(said), file=sys.stderr, flush=True)
            self.told = now
        self.told = self.told or now
        self.stopped = self.wanted
        return not self.stopped


def run_plain(path: Path, at: str | None = None) -> int:
    """Answer lines until they end; the exit code. Raises ScenarioError, QuantityError."""
    session = Session(run_of(path), at, waits=True)
    attention = Attention()
    session.run.between = attention.between
    before = _listen(attention)
    attention.awaiting = True                       # nothing has begun that could be stopped: all is ended
    try:
        lines = _Lines(session, attention)
        if lines.terminal:
            scenario = session.run.scenario
            _say(line(f"{scenario.name}: {scenario.title or 'a scenario'}."),
                 f"{session.run.updates:,} updates of {session.times.count} values. {LEAVES}")
        if session.message:
            _say(line(session.message))
            session.message = ""
        _say(event(Scene(session)))
        attention.awaiting = False
        last: verbs.Verb | None = None
        for typed in lines:
            last = _answered(session, typed, last if lines.terminal else None, attention)
            if last is not None and last.command.id == "quit":
                break
        print(come_back(session), file=sys.stderr)
        return 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def come_back(session: Session) -> str:
    """The line that opens the debugger where it was left."""
    scenario, place = session.run.scenario, write_position(session.run, session.position)
    words = ("bptui", "--plain", printable(str(scenario.path or scenario.name)), "--at", place)
    return " ".join(map(shlex.quote, words))


def _answered(session: Session, typed: str, last: verbs.Verb | None, attention: Attention) -> verbs.Verb | None:
    """Answer a line; the verb that an empty line repeats from now on."""
    try:
        verb = verbs.read(typed) or (last if not typed.strip() else None)
    except verbs.Unclear as unclear:
        _say(str(unclear))
        return last
    if verb is None or verb.command.id == "quit":
        return verb or last
    position, past = session.position, tuple(session.past)
    attention.begin()
    try:
        for answer in verbs.answer(session, verb, attention.goes_on):
            _say(answer)
            if verb.command.id in BY_ID and not attention.goes_on(""):
                _say("Stopped.")
                break
    except Stopped as stopped:
        if session.position != position:            # it had gone there, and what is there was still to be worked out
            session.stand(position)
            session.past[:] = past
        _say(f"{stopped}.".capitalize())
    attention.end()
    return verb if session.position != position and verb.command.asks is None else last


def _say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)


def _is_terminal(stream: Any) -> bool:
    return stream is not None and stream.isatty()


def _listen(attention: Attention) -> dict[int, Any]:
    """Take the signals; those that the parent has had ignored stay so. What they did before."""
    before: dict[int, Any] = {}

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)
    for number in (signal.SIGINT, *SIGNALS):
        if (handler := signal.getsignal(number)) != signal.SIG_IGN:
            before[number] = handler
            signal.signal(number, attention.heard if number == signal.SIGINT else leave)
    return before


# lines

class _Lines:
    """The lines that are typed, or come through a pipe, until there are no more."""

    def __init__(self, session: Session, attention: Attention) -> None:
        self.session, self.attention = session, attention
        self.terminal = _is_terminal(sys.stdin)
        self.edits = self.terminal and _is_terminal(sys.stdout) and _edit(session)

    def __iter__(self) -> Iterator[str]:
        while sys.stdin is not None:
            try:
                self.attention.wait()
                typed = self._edited() if self.edits else self._read()
            except KeyboardInterrupt:
                if not self.terminal:
                    raise
                _say("", LEAVES)
                continue
            finally:
                self.attention.awaiting = False
            if typed is None:
                if self.terminal:
                    _say("")
                return
            if len(typed) > LONGEST:
                _say(f"A line has at most {LONGEST:,} characters; this one has more.")
            else:
                yield typed

    def _edited(self) -> str | None:
        try:
            return input(PROMPT)
        except EOFError:
            return None

    def _read(self) -> str | None:
        """The next line as it comes; of one that is too long the beginning only."""
        if self.terminal and _is_terminal(sys.stderr):
            print(PROMPT, end="", file=sys.stderr, flush=True)
        most = 4 * LONGEST + 2                      # bytes
        read = begun = sys.stdin.buffer.readline(most)
        while read and not read.endswith(b"\n"):
            read = sys.stdin.buffer.readline(most)
        if not begun:
            return None
        try:
            return begun.decode()
        except UnicodeDecodeError:
            return begun.decode(sys.stdin.encoding or "utf-8", "replace")


def _edit(session: Session) -> bool:
    """Lines with a history, and names that Tab completes. What edits them uses no escape codes on a dumb terminal."""
    kept = os.environ.get("TERM")
    os.environ["TERM"] = "dumb"                     # asked for when the module is imported
    try:
        import readline
    except ImportError:
        return False
    finally:
        if kept is None:
            del os.environ["TERM"]
        else:
            os.environ["TERM"] = kept
    sys.stdin.reconfigure(errors="replace")         # type: ignore[union-attr]
    options: list[str] = []

    def complete(text: str, state: int) -> str | None:
        if state == 0:
            begun = readline.get_line_buffer()[:readline.get_endidx()]
            fit = [w for w in verbs.words() if w.startswith(text)] if begun.strip() == text else \
                completions(session, begun)
            options[:] = fit
        return options[state] if state < len(options) else None

    readline.set_completer(complete)
    readline.set_completer_delims(" \t\n()+-*/<>=,;:'\"@")
    if "libedit" in (readline.__doc__ or ""):
        readline.parse_and_bind("bind ^I rl_complete")
    else:
        for setting in ("tab: complete", "set enable-bracketed-paste off", "set colored-completion-prefix off",
                        "set colored-stats off"):
            readline.parse_and_bind(setting)
    return True
