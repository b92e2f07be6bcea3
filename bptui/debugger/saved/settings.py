"""What a person has settled for every scenario: a file of settings, and what was chosen last on the screen.

The settings are the person's own file and are only read; what was chosen last (theme, glyphs, numbers, layout) is
kept beside the saved sessions. The command line comes before the settings, and they before the last choice. What is
wrong in them is said, one sentence each, and the rest holds.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...scenario.errors import ScenarioError, did_you_mean, printable, quoted
from ...scenario.files import put
from ...scenario.tables import one_problem, read_table_file
from ..state.looks import CHOICES, GLOBAL
from .files import user_folder

LARGEST = 2**16                                     # bytes
FILE, CHOSEN = "config.toml", "chosen.toml"
FLAGS = ("mouse", "reload", "slow")
MOST_FAULTS = 20


@dataclass(frozen=True)
class Settings:
    """`looks` are choices by name; `keys` the keys of commands by id, as they were written."""

    looks: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, bool] = field(default_factory=dict)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


def settings_path(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where the settings are looked for; None if there is no home."""
    folder = user_folder("XDG_CONFIG_HOME", (".config",), environ)
    return folder and folder / FILE


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings, with what was chosen last where they leave it open. Nothing is raised."""
    chosen = _chosen(environ)
    path = settings_path(environ)
    try:
        table = _read(path)
    except ScenarioError as error:
        problem = error.problems[0]
        at = f", line {problem.line}" if problem.line else ""
        return Settings(chosen, faults=(f"{FILE}{at}: {printable(problem.message)}.",))
    faults: list[str] = []
    looks, flags, keys = dict(chosen), dict[str, bool](), dict[str, tuple[str, ...]]()
    for what, value in table.items():
        if what in GLOBAL:
            if value in CHOICES[what]:
                looks[what] = value
            else:
                faults.append(f"{what} must be one of {', '.join(CHOICES[what])}")
        elif what in FLAGS:
            if isinstance(value, bool):
                flags[what] = value
            else:
                faults.append(f"{what} must be true or false")
        elif what == "keys" and isinstance(value, dict):
            _read_keys(value, keys, faults)
        else:
            faults.append(f"there is no setting {quoted(what)}{did_you_mean(what, [*GLOBAL, *FLAGS, 'keys'])}"
                          if what != "keys" else "keys must be a table, as in [keys] and then into = \"space\"")
    return Settings(looks, flags, keys, tuple(said(f) for f in faults[:MOST_FAULTS]))


def said(fault: str) -> str:
    """A fault as a sentence."""
    return f"{FILE}: {printable(fault)}{'' if fault.endswith('?') else '.'}"


def _read_keys(table: Mapping[str, Any], keys: dict[str, tuple[str, ...]], faults: list[str]) -> None:
    for command, value in table.items():
        several = [value] if isinstance(value, str) else value
        if isinstance(several, list) and several and all(isinstance(k, str) and k.strip() for k in several):
            keys[command] = tuple(k.strip() if len(k) > 1 else k for k in several)
        else:
            faults.append(f"the keys of {quoted(command)} must be a text, or a list of texts")


def remember(before: Mapping[str, str], now: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> str:
    """Keep what was chosen on the screen, for the next time: what was so `before` came from elsewhere (NO_COLOR, the
    command line), and is not for good. A sentence where it cannot be kept."""
    path = _chosen_path(environ)
    if path is not None:
        kept: dict[str, str] = {}
        try:
            kept = _fitting(_read(path))
        except ScenarioError as error:
            if isinstance(error.__cause__, OSError):        # what it holds is not to be lost
                return f"This look is not kept for the next time: {printable(str(error))}."
        for what in GLOBAL:
            if now.get(what) != before.get(what):
                kept[what] = now.get(what, CHOICES[what][0])
        lines = [f'{what} = "{kept[what]}"\n' for what in GLOBAL if what in kept]
        try:
            put(path, "".join(["# What was chosen last on the screen of bptui.\n", *lines]).encode(), private=True)
        except OSError as error:
            return f"This look is not kept for the next time: {printable(error.strerror or str(error))}."
    return ""


def _chosen(environ: Mapping[str, str]) -> dict[str, str]:
    """What was chosen last, as far as it still means something."""
    return _fitting(_table(_chosen_path(environ)))


def _fitting(table: Mapping[str, Any]) -> dict[str, str]:
    return {what: text for what, text in table.items() if what in GLOBAL and text in CHOICES[what]}


def _chosen_path(environ: Mapping[str, str]) -> Path | None:
    folder = user_folder("XDG_STATE_HOME", (".local", "state"), environ)
    return folder and folder / CHOSEN


def _read(path: Path | None) -> dict[str, Any]:
    """The tables of a file; none where there is none. A link is followed: that is how many keep their settings."""
    if path is None:
        return {}
    real = os.path.realpath(path)
    try:
        found = os.stat(real)
    except OSError as error:
        if isinstance(error, FileNotFoundError | NotADirectoryError) and not os.path.islink(path):
            return {}
        raise one_problem(error.strerror or str(error)) from error
    if stat.S_ISREG(found.st_mode) and not found.st_size:
        return {}
    return read_table_file(real, LARGEST)


def _table(path: Path | None) -> dict[str, Any]:
    with contextlib.suppress(ScenarioError, OSError):
        return _read(path)
    return {}
