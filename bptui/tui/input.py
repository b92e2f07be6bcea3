"""From what a terminal sends to keys: whole sequences, however they are torn; nothing else gets through.

Textual's parser hands on what it does not know as the keys that spell it, and keeps all that follows a paste without
an end. Here a sequence that is no key is dropped whole, a paste ends with its mark or when nothing more comes, and
Esc followed at once by a letter is two keys, as typed ahead over a slow link. The names of keys are Textual's.
Nothing here reads a clock: whoever feeds it says what time it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from textual import constants
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual._xterm_parser import XTermParser
from textual.events import Key, MouseEvent, Paste
from textual.keys import Keys
from textual.message import Message
from textual.messages import TerminalSupportsSynchronizedOutput

from .harmless import pasted

LONGEST = 4096                                      # characters of a sequence; more is no sequence
LONGEST_PASTE = 100_000                             # characters that are kept of a paste
PASTE_ENDS = 1.0                                    # seconds without a character after which a paste has ended
PASTE, PASTED = "\x1b[200~", "\x1b[201~"
WHOLE = re.compile(r"""\x1b(?:
    \[\[[ -~]                                       # F1 to F5 of the Linux console
  | \[M[^\x1b]{3}                                   # the mouse, as X10 reports it
  | \[[0-?]*[ -/]*[@-LN-~]                          # control sequences
  | \[[0-?]+[ -/]*M
  | O[0-9;]*[A-DFHPQRS]                             # arrows, Home, End, F1 to F4
  | \][0-9lLI][^\x07\x1b]*(?:\x07|\x1b\\)           # answers to questions that nobody here asks
  | P[!$+0-9<=>?|][^\x1b]*\x1b\\
  | [X^_][^\x1b]*\x1b\\
  | [^\x1b\[]                                       # Alt and a key, or Esc and then a key
)""", re.VERBOSE)
TORN = re.compile(r"""\x1b(?:
    \[(?:\[|M[^\x1b]{0,2}|[0-?]*[ -/]*)?
  | O[0-9;]*
  | \](?:[0-9lLI][^\x07\x1b]*\x1b?)?
  | P(?:[!$+0-9<=>?|][^\x1b]*\x1b?)?
  | _(?:G[^\x1b]*\x1b?)?
)?""", re.VERBOSE)
BROKEN = re.compile(r"\x1b(?:\[(?:\[|M|[0-?]*[ -/]*))?")
EXTENDED = re.compile(r"\x1b\[([0-9:]*)(?:;([0-9:]*))?(?:;([0-9:]*))?([u~ABCDEFHPQRS])")
REPORT = re.compile(r"\x1b\[\?2026;([0-9]+)\$y")
EIGHT_BITS = {ord(c): f"\x1b{chr(ord(c) - 64)}" for c in "\x8f\x90\x98\x9b\x9c\x9d\x9e\x9f"}     # ECMA-48, 5.3
UNREAD = "\ufffd"                                   # what stands for bytes that are no text
SHIFT, RELEASED = "2", "3"
MOST_MODIFIERS = 256                                # 1, and a bit each


class Input:
    """`alt`: the keys with Alt that mean something, as `alt+x`. With `mouse` its reports get through."""

    def __init__(self, alt: Collection[str] = (), mouse: bool = False) -> None:
        self._names = XTermParser()
        self._alt, self._mouse = alt, mouse
        self._held = ""                             # of a sequence that has begun
        self._paste: str | None = None              # what has been pasted so far
        self._last = 0.0                            # when something came last

    def feed(self, text: str, now: float) -> list[Message]:
        """What `text`, which has come at `now`, means; in the order in which it came."""
        found = self.wait(now)
        if text:
            self._last = now
            found += self._read(self._held + text.translate(EIGHT_BITS))
        return found

    def wait(self, now: float) -> list[Message]:
        """What is certain because nothing came for so long: Esc was the key, a paste has no end."""
        if self.due is None or now < self.due:
            return []
        held, self._held = self._held, ""
        if self._paste is not None:
            pasted, self._paste = self._paste + held, None
            return self._pasted(pasted)
        return self._keys(held) if len(held) <= 2 else []

    @property
    def due(self) -> float | None:
        """When `wait` will know more; None if nothing is held."""
        if self._paste is not None:
            return self._last + PASTE_ENDS
        return self._last + constants.ESCAPE_DELAY if self._held else None

    def _read(self, text: str) -> list[Message]:
        found: list[Message] = []
        self._held, at = "", 0
        while at < len(text):
            if self._paste is not None:
                at = self._paste_on(text, at, found)
            elif text[at] != "\x1b":
                found += self._keys(text[at])
                at += 1
            elif TORN.fullmatch(text, at) and len(text) - at <= LONGEST:
                self._held, at = text[at:], len(text)
            elif whole := WHOLE.match(text, at):
                at = whole.end()
                if whole[0] == PASTE:
                    self._paste = ""
                else:
                    found += self._meant(whole[0])
            elif text.startswith("\x1b\x1b", at):
                found += self._keys("\x1b")
                at += 1
            else:                                   # what does not belong to a sequence is what comes after it
                broken = BROKEN.match(text, at)
                assert broken
                at = broken.end()
        return found

    def _paste_on(self, text: str, at: int, found: list[Message]) -> int:
        """Take pasted text up to its end, or all there is; the position behind it."""
        assert self._paste is not None
        end = text.find(PASTED, at)
        if end >= 0:
            found += self._pasted(self._paste + text[at:end])
            self._paste = None
            return end + len(PASTED)
        kept = next((n for n in range(len(PASTED) - 1, 0, -1) if text.endswith(PASTED[:n], at)), 0)
        self._held = text[len(text) - kept:]        # the end may be torn
        self._paste = (self._paste + text[at:len(text) - kept])[:LONGEST_PASTE]
        return len(text)

    @staticmethod
    def _pasted(text: str) -> list[Message]:
        line = pasted(text[:LONGEST_PASTE]).replace(UNREAD, "")
        return [Paste(line)] if line else []

    def _meant(self, sequence: str) -> list[Message]:
        """What a whole sequence means; nothing, if it is not known or makes no sense."""
        try:
            if report := REPORT.fullmatch(sequence):
                return [TerminalSupportsSynchronizedOutput()] if int(report[1]) else []
            if sequence.startswith(("\x1b[<", "\x1b[M")):
                event = self._names.parse_mouse_code(sequence) if self._mouse else None
                return [event] if isinstance(event, MouseEvent) else []
            if len(sequence) == 2 and sequence[1].isprintable():
                return self._alternative(sequence[1])
            return self._named(_plain(sequence)) or (self._keys(sequence) if len(sequence) == 2 else [])
        except (ValueError, OverflowError):         # a code that is no character
            return []

    def _alternative(self, character: str) -> list[Message]:
        """Alt and a key, where that is one of the keys, else Esc and then the key."""
        with_alt = list(self._names._sequence_to_key_events(character, alt=True))
        return [*with_alt] if with_alt and with_alt[0].key in self._alt else self._keys("\x1b" + character)

    def _keys(self, characters: str) -> list[Message]:
        return [key for c in characters for key in ([Key("escape", c)] if c == "\x1b" else self._named(c))]

    def _named(self, sequence: str) -> list[Message]:
        """The keys that Textual knows a character or a sequence by."""
        return [key for key in self._names._sequence_to_key_events(sequence)
                if key.key != Keys.Ignore and all(c < "\x80" or (c.isprintable() and c != UNREAD)
                                                  for c in key.character or "")]


def _plain(sequence: str) -> str:
    """A key of the keyboard protocol without what Textual 8.2.8 cannot read: other codes of the key, kinds of events.

    After https://sw.kovidgoyal.net/kitty/keyboard-protocol/: CSI code:shifted:base ; modifiers:event ; text u.
    """
    found = EXTENDED.fullmatch(sequence)
    if found is None:
        return sequence
    code, modifiers, text, end = (part or "" for part in found.groups())
    codes, (modifier, _, event) = code.split(":"), modifiers.partition(":")
    unknown = end == "~" and f"{code}~" not in FUNCTIONAL_KEYS      # of which Textual makes a letter
    place = end == "R" and code not in ("", "1")                    # where the cursor is, not F3
    if event == RELEASED or unknown or place or int(modifier or 1) > MOST_MODIFIERS:
        return ""
    if modifier == SHIFT and not text and codes[1:] and codes[1]:
        codes, modifier = codes[1:], ""
    return "\x1b[" + ";".join([codes[0], *[modifier or "1"] * bool(modifier or text), *[text] * bool(text)]) + end
