"""Which key runs which command: the table's, with what a person has settled instead.

A settled key is taken from the command that had it. What cannot be is said, one sentence each, and the rest holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from textual.keys import Keys, _character_to_key

from ..debugger.commands.command import CommandId
from ..debugger.commands.register import BY_ID, COMMANDS, named
from ..debugger.saved.settings import said
from ..scenario.errors import did_you_mean, quoted

FIXED: tuple[CommandId, ...] = ("close", "interrupt", "quit", "help")     # the ways out keep their keys
NAMED = {key.value for key in Keys if not key.value.startswith("<")}
# What a terminal sends as another key, or as the beginning of one.
NEVER = {"ctrl+h": "backspace", "ctrl+i": "tab", "ctrl+j": "enter", "ctrl+m": "enter",
         "left_square_bracket": "how arrows begin", "escape": "what closes things", "ctrl+c": "what interrupts"}


@dataclass(frozen=True)
class Keymap:
    """`commands` by key, as Textual names keys; `shown` has the first keys that are others than the table's."""

    commands: Mapping[str, CommandId]
    shown: Mapping[CommandId, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


def keymap(settled: Mapping[str, tuple[str, ...]]) -> Keymap:
    """The table's keys, and what was settled: keys by a command's id."""
    own: dict[CommandId, list[str]] = {command.id: [k for k in command.keys.split(",") if k] for command in COMMANDS}
    faults: list[str] = []
    taken: dict[str, CommandId] = {}
    for name, texts in settled.items():
        command: CommandId | None = next((known for known in BY_ID if known == name), None)
        if command is None:
            faults.append(f"there is no command {quoted(name)}{did_you_mean(name, BY_ID)}")
            continue
        keys: list[str] = []
        for text in texts:
            key = _key(text)
            if key is None:
                faults.append(f"{quoted(text)} is not a key: name it as s, space, f5 or ctrl+n")
            elif key in NEVER:
                faults.append(f"{text} cannot be a key of its own: it is {NEVER[key]}")
            elif key in taken and taken[key] != command:
                faults.append(f"{text} is settled for {taken[key]} already, so not for {command}")
            elif (owner := next((c for c in FIXED if key in own[c] and c != command), None)) is not None:
                faults.append(f"{text} stays the key of {owner}")
            else:
                taken[key] = command
                keys.append(key)
        if keys:
            own[command] = keys + (own[command] if command in FIXED else [])
    commands: dict[str, CommandId] = {key: command for command, keys in own.items() for key in keys}
    commands |= taken
    shown: dict[CommandId, str] = {}
    for row in COMMANDS:
        mine = [k for k in own[row.id] if commands[k] == row.id]
        if row.keys and mine[:1] != row.keys.split(",")[:1]:
            shown[row.id] = named(mine[0]) if mine else ":"
    return Keymap(commands, shown, tuple(map(said, faults)))


def _key(text: str) -> str | None:
    """Textual's name of a key; a character is itself."""
    if len(text) == 1:
        return _character_to_key(text) if text.isprintable() else None
    name = text.lower()
    if name in NAMED or name.removeprefix("ctrl+") in NAMED:
        return name
    parts = name.split("+")
    return name if len(parts) > 1 and all(p in ("ctrl", "shift", "alt") for p in parts[:-1]) and (
        len(parts[-1]) == 1 or parts[-1] in NAMED) else None
