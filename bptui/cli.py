"""The command line: what was typed, to values, checks, files or the screen; and every mistake to one clear line.

Exit codes: 0 done, 1 a check failed or a session could not be saved, 2 bad usage or a bad file, 70 a fault of bptui's
own, 128+n ended by signal n.
What a command needs is imported when it runs, so that `--help` is at once there and the screen starts without the rest.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import THREADS, __version__
from .debugger.saved.settings import Settings, read_settings
from .debugger.state.looks import CHOICES
from .scenario.errors import LONGEST_QUOTE, did_you_mean, quoted
from .scenario.shipped import shipped
from .scenario.synonyms import nearest
from .show import COMMANDS, DONE, Parser, Refusal, find_scenario, opened
from .streams import Guarded, guarded, say

USAGE, INTERRUPTED, NO_READER = 2, 130, 141
LONGEST_ECHO, LONGEST_LINE = 200, 2000              # characters of an argument, and of a line, that are repeated
OPEN = "open"
MEANT = {"open": OPEN, "run": OPEN, "debug": OPEN, "start": OPEN, "verify": "check", "test": "check",
         "validate": "check", "diff": "compare", "cmp": "compare", "ls": "list", "cp": "copy", "new": "copy",
         "print": "show", "eval": "show", "value": "show", "get": "show"}
SMALLEST, LARGEST = (20, 5), (500, 300)             # sizes of a screenshot, columns and rows
HELP = """\
commands:
  bptui [SCENARIO] [--at WHERE]       open the debugger; without a scenario, the gallery of questions
  bptui --plain SCENARIO [--at WHERE] the same without a screen, for screen readers, pipes and scripts
  bptui show SCENARIO QUANTITY...     values and their derivation, after N updates with --at N
  bptui check SCENARIO...             claims, gradients and replay; exit 0 when all hold, 1 when one fails
  bptui compare A B                   two scenarios, and the first step at which they part
  bptui list                          the shipped scenarios
  bptui lesson NAME                   what a scenario is about: its text
  bptui copy NAME [FILE]              write a shipped scenario to a file, to edit
  bptui help [COMMAND]                this page, or that of a command; bptui version

A shipped scenario can be named without path or ending: bptui two_layer. WHERE is a quantity such as
'd(E, w1)', or a position such as '#120'. 'bptui COMMAND --help' says more.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    for name in THREADS:                            # before numpy is loaded: more threads would mean other bits
        os.environ[name] = "1"
    arguments = list(sys.argv[1:] if argv is None else argv)
    with guarded() as (out, err):
        code, complaints = _outcome(out, arguments)
        say(*(_shortened(line, arguments) for line in complaints), to=err)
        out.end()
        err.end()
        return code


def _outcome(out: Guarded, arguments: list[str]) -> tuple[int, tuple[str, ...]]:
    """Run one command; the exit code, and the lines that say why it could not be done."""
    try:
        try:
            code = _run(arguments)
        except SystemExit as stop:                  # argparse has printed its help or the version
            code = stop.code if isinstance(stop.code, int) else DONE
        out.flush()
        if out.failure is not None:                 # argparse goes on where they cannot be written
            raise out.failure
        return code, ()
    except Refusal as refusal:
        return USAGE, refusal.lines
    except KeyboardInterrupt:
        return INTERRUPTED, ()
    except BrokenPipeError:
        return NO_READER, ()
    except OSError as error:                        # a full disk under a file, a folder that cannot be read
        what = "the output cannot be written" if error is out.failure else str(error.filename or "")
        return USAGE, (": ".join(word for word in ("bptui", what, error.strerror or str(error)) if word),)
    except Exception as error:
        from .debugger.saved.fault import FAULT, tell
        return FAULT, tuple(tell(error, {"command": shlex.join(arguments)}))


def _shortened(line: str, arguments: Sequence[str]) -> str:
    """A line of complaint, in which what was typed is not repeated at any length."""
    for argument in arguments:
        if len(argument) > LONGEST_ECHO:
            line = line.replace(argument, argument[:LONGEST_QUOTE] + "…")
    return line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + "…"


def _run(arguments: list[str]) -> int:
    if arguments and arguments[0] in COMMANDS:
        return COMMANDS[arguments[0]](arguments[1:])
    if arguments and arguments[0] in ("help", "version"):
        return _about(*arguments)
    if arguments and not arguments[0].startswith("-"):
        _check_word(*arguments)
    return _open(arguments)


def _about(word: str, *of: str) -> int:
    """`bptui help [COMMAND]`, `bptui version`: as they are called elsewhere."""
    if word == "help" and of and not of[0].startswith("-"):
        if of[0] in COMMANDS:
            return COMMANDS[of[0]](["--help"])
        raise Refusal(f"bptui: {quoted(of[0])} is no command{did_you_mean(of[0], COMMANDS) or '.'} "
                      f"The commands: {', '.join(COMMANDS)}")
    return _open(["--help" if word == "help" else "--version"])


def _check_word(word: str, *more: str) -> None:
    """Refuse a first word that is a command misspelt, or a command that stands behind its scenario."""
    from .scenario.errors import ScenarioError
    from .scenario.shipped import find
    plain = [each for each in more if not each.startswith("-")]
    try:
        find(word)
    except ScenarioError:
        known = (*COMMANDS, "help", "version")
        meant = MEANT.get(word.lower()) or nearest(word, known)
        if meant is not None and (plain or not did_you_mean(word, [name for name, _ in shipped()])):
            also = "" if meant != OPEN else f": bptui {plain[0] if plain else 'SCENARIO'} opens a scenario"
            raise Refusal(f"bptui: {quoted(word)} is no command{also or f', did you mean {meant}?'} (see bptui --help)"
                          ) from None
        if plain:
            raise Refusal(f"bptui: {quoted(word)} is no command and no scenario; the commands: "
                          f"{', '.join(COMMANDS)} (see bptui --help)") from None
        return
    if plain and plain[0] in COMMANDS:
        rest = shlex.join((word, *more[more.index(plain[0]) + 1:]))
        raise Refusal(f"bptui: the command comes first: bptui {plain[0]} {rest}")


# commands

def _open(arguments: list[str]) -> int:
    parser = Parser("bptui", "bptui [SCENARIO] [--at WHERE] | bptui COMMAND ...",
                    "A step-debugger for backpropagation in the terminal.", epilog=HELP, allow_abbrev=False,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="?", metavar="SCENARIO", help="a scenario file, or the name of a shipped one")
    parser.add_argument("--at", metavar="WHERE", help="where to begin: 'd(E, w1)', '#120', …")
    parser.add_argument("--plain", action="store_true", help="without a screen: a verb a line in, an event a line out")
    parser.add_argument("--version", action="version", version=f"bptui {__version__}")
    parser.add_argument("--screenshot", metavar="FILE.svg", type=Path, help="write a picture of the screen, and leave")
    parser.add_argument("--keys", metavar="KEYS", help='keys to press first, by name: "s s n"')
    parser.add_argument("--size", metavar="COLUMNSxROWS", type=_size, help="of the picture: 80x24")
    parser.add_argument("--theme", type=_theme, metavar="NAME", help=", ".join(CHOICES["theme"]))
    parser.add_argument("--ascii", action="store_true", help="ASCII alone: d for ∂, * for ×")
    parser.add_argument("--mouse", action="store_true", help="listen to the mouse, too")
    parser.add_argument("--slow", action="store_true", help="for a slow link: draw at most 4 times a second")
    parser.add_argument("--fresh", action="store_true", help="begin anew, not where you left off")
    parser.add_argument("--reload", action="store_true", help="read the file again by itself when it changes")
    parser.add_argument("--lecture", action="store_true", help="a clicker's PgDn and PgUp step, in three beats")
    given = parser.parse_args(arguments)
    if given.screenshot is None and (given.keys is not None or given.size is not None):
        parser.error("--keys and --size belong to --screenshot")
    if given.scenario is None and (given.plain or given.at is not None):
        parser.error(f"{'--plain' if given.plain else '--at'} needs a scenario")
    if given.plain and given.screenshot is not None:
        parser.error("--plain has no screen to take a picture of")
    path = None if given.scenario is None else find_scenario(given.scenario)
    if given.screenshot is not None:
        return _screenshot(path, given)
    if given.plain:
        assert path is not None
        from .debugger.plain.plain import run_plain
        if given.ascii:
            for stream in (sys.stdout, sys.stderr):
                stream.spelled = True               # type: ignore[union-attr]
        return _with_scenario(given.scenario, lambda: run_plain(path, given.at))
    if (reason := _no_screen()) is not None:
        if given.scenario is not None:
            opened(given.scenario)                  # a broken file is the better thing to say
        raise Refusal(f"bptui: the screen needs a terminal, but {reason}; these commands work here: "
                      "bptui --plain SCENARIO, bptui show, check, compare, list, lesson, copy")
    if not _has_colours():                          # Textual asks for this when it is imported
        os.environ["NO_COLOR"] = "1"
    from .tui.app import run_app
    settings = _settled(given, read_settings())
    return _with_scenario(given.scenario, lambda: run_app(path, given.at, given.fresh, settings))


def _settled(given: argparse.Namespace, settings: Settings) -> Settings:
    """The settings, with what the command line says instead."""
    looks = dict(settings.looks)
    if given.theme is not None:
        looks["theme"] = given.theme
    if os.environ.get("NO_COLOR"):
        looks["theme"] = "none"
    if given.ascii:
        looks["glyphs"] = "ascii"
    said = {flag: True for flag in ("mouse", "reload", "lecture", "slow") if getattr(given, flag)}
    return replace(settings, looks=looks, flags={**settings.flags, **said})


def _screenshot(path: Path | None, given: argparse.Namespace) -> int:
    from .tui.screenshot import take_screenshot
    keys: list[str] = [] if given.keys is None else given.keys.split()
    size = given.size or (80, 24)
    settings = _settled(given, Settings())          # a picture shows what the command line says, and no more
    _with_scenario(given.scenario, lambda: take_screenshot(path, keys, size, given.screenshot, given.at, settings))
    return DONE


def _with_scenario(name: str | None, show: Callable[[], Any]) -> Any:
    """`show()`, with what is wrong with the scenario or with --at said as everywhere."""
    from .scenario.errors import QuantityError, ScenarioError
    try:
        return show()
    except ScenarioError:
        if name is not None:
            opened(name)
        raise
    except QuantityError as error:
        raise Refusal(f"bptui: {error}") from None


def _no_screen() -> str | None:
    """Why there can be no screen."""
    for name, stream in (("input", sys.stdin), ("output", sys.stdout), ("error output", sys.stderr)):
        if stream is None or not stream.isatty():
            return f"the {name} is not one"
    kind = os.environ.get("TERM")
    if not kind:
        return "TERM is not set"
    return f"TERM is {kind}" if kind in ("dumb", "unknown") else None


def _has_colours() -> bool:
    """Whether the terminal's description has colours; where there is no description, it may have them."""
    import curses
    try:
        curses.setupterm(fd=1)
    except curses.error:
        return True
    return curses.tigetnum("colors") > 0


def _theme(text: str) -> str:
    if text not in CHOICES["theme"]:
        raise argparse.ArgumentTypeError(f"there is no theme {quoted(text)}{did_you_mean(text, CHOICES['theme'])} "
                                         f"Known: {', '.join(CHOICES['theme'])}")
    return text


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,4})x([0-9]{1,4})", text)
    size = (int(found[1]), int(found[2])) if found else (0, 0)
    if not all(low <= n <= high for low, n, high in zip(SMALLEST, size, LARGEST, strict=True)):
        raise argparse.ArgumentTypeError(f"must be columns x rows, as in 120x40, not {text!r}")
    return size
