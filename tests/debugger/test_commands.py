"""The table of commands is whole: every id has a row, and every row has what runs it, on the screen and without one."""

from __future__ import annotations

from typing import get_args

from bptui.debugger.commands.command import CommandId
from bptui.debugger.commands.register import COMMANDS
from bptui.debugger.plain import verbs
from bptui.tui.screens.debugger import ON_SCREEN

IDS = get_args(CommandId)


def test_every_id_has_one_row() -> None:
    assert sorted(command.id for command in verbs.ALL) == sorted(IDS)
    assert len(set(IDS)) == len(IDS)


def test_every_row_has_what_runs_it_on_the_screen() -> None:
    idle = {command.id for command in COMMANDS if command.act is None} - set(ON_SCREEN)
    assert idle == set()
    assert set(ON_SCREEN) <= {command.id for command in COMMANDS}


def test_every_row_has_what_runs_it_without_a_screen() -> None:
    """What only a screen has says what to do in its place."""
    answered = {*verbs.PANES, *verbs.HELP, "quit", "where", "print"}
    assert {command.id for command in verbs.ALL if command.act is None and not command.instead} <= answered
