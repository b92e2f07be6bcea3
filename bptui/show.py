"""The commands that print and leave: show, check, compare, list, lesson, copy; what every command says when it cannot.

What a command needs is imported when it runs. Values are printed with all their digits, and every line goes out
through `say`, on streams that let nothing through that a terminal could obey.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from .streams import ProgressLine, say

if TYPE_CHECKING:
    from .replay.quantity import Value
    from .replay.run import Run
    from .scenario.errors import Problem
    from .scenario.records import Claim

DONE, FAILED = 0, 1
PATIENCE = 2.0                                      # seconds of a long way between two lines about it


class Refusal(Exception):
    """What cannot be done: the lines that say so."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Parser(argparse.ArgumentParser):
    """argparse, whose errors are a Refusal, and which says what an unknown option may have meant."""

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:
        from .scenario.errors import did_you_mean
        given, unknown = self.parse_known_args(args, namespace)
        for each in self._actions:                  # of two -- the second is taken for an argument, and then left out
            if each.nargs == "+" and not each.option_strings and not getattr(given, each.dest):
                self.error(f"the following arguments are required: {each.metavar}")
        if unknown:
            near = did_you_mean(unknown[0].partition("=")[0], [*self._option_string_actions]) if unknown[
                0].startswith("-") else ""
            self.error(f"unrecognized arguments: {' '.join(unknown)}{near}")
        return given

    def error(self, message: str) -> NoReturn:
        raise Refusal(f"{self.prog}: {message} (see {self.prog} --help)")


def _print_json(value: object) -> None:
    import json
    print(json.dumps(speakable(value), allow_nan=False).replace("\x7f", "\\u007f"))


def speakable(value: Any) -> Any:
    """`value` as JSON has it: lists for arrays, and the numbers that JSON lacks as strings."""
    import numpy as np
    if isinstance(value, dict):
        return {key: speakable(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [speakable(v) for v in value]
    if isinstance(value, np.ndarray | np.generic):
        return speakable(value.tolist())
    if isinstance(value, float) and not -float("inf") < value < float("inf"):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return value + 0.0 if isinstance(value, float) else value      # a zero has no sign


# scenarios

def find_scenario(name: str) -> Path:
    """The file that `name` means."""
    from .scenario.errors import ScenarioError
    from .scenario.reader import render
    from .scenario.shipped import find
    try:
        return find(name)
    except ScenarioError as error:
        lines = render(error, name)
        if "?" not in lines[0] and re.fullmatch(r"\w+", name):     # neither a path nor near to one
            lines[0] += "; bptui list names the scenarios that come with it"
        raise Refusal(*lines) from None


class Progress:
    """How far a long way is, on a terminal that shows errors, so that somebody knows what they wait for."""

    def __init__(self) -> None:
        self._next = time.monotonic() + PATIENCE

    def __call__(self, at: int, of: int) -> None:
        if time.monotonic() > self._next and sys.stderr is not None and sys.stderr.isatty():
            print(f"bptui: after {at:,} of {of:,} updates … Ctrl-C ends it", file=sys.stderr, flush=True)
            self._next = time.monotonic() + PATIENCE


def opened(name: str) -> Run:
    """The run of a scenario; Refusal with `file:line: …` if there is none."""
    from .debugger.home.open import Broken, open_file
    path = find_scenario(name)
    try:
        run = open_file(path, str(path))
    except Broken as broken:
        raise Refusal(*broken.lines) from None
    run.between = Progress()
    return run


def opened_all(names: Sequence[str]) -> list[Run]:
    """All of them, or one Refusal that says what is wrong with any."""
    runs: list[Run] = []
    lines: list[str] = []
    for name in names:
        try:
            runs.append(opened(name))
        except Refusal as refusal:
            lines += refusal.lines
    if lines:
        raise Refusal(*lines)
    return runs


# commands

def _count(least: int) -> Callable[[str], int]:
    """A whole number from `least` up."""
    def count(text: str) -> int:
        from .scenario.values import MOST_UPDATES
        if not re.fullmatch(r"[0-9]{1,18}", text) or not least <= int(text) <= MOST_UPDATES:
            raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {MOST_UPDATES:,}, not {text!r}")
        return int(text)
    return count


def _show(arguments: list[str]) -> int:
    parser = Parser("bptui show", description="Values and, without --json, their derivation.", allow_abbrev=False)
    parser.add_argument("scenario", metavar="SCENARIO")
    parser.add_argument("quantities", metavar="QUANTITY", nargs="+", help="w5, net_h1, 'd(E, w5)', hidden.weights, …")
    parser.add_argument("--at", metavar="N", type=_count(0), default=0, help="after N updates (default 0)")
    parser.add_argument("--sample", metavar="K", type=_count(1), help="for row K of the data, from 1")
    parser.add_argument("--json", action="store_true", help="one JSON object, with all digits")
    given = parser.parse_args(arguments)
    run = opened(given.scenario)
    if not given.json:
        found = [_derivation(run, text, given) for text in given.quantities]
        say(*found[0], *(line for lines in found[1:] for line in ("", *lines)))
        if _past_the_end(run, given.at):
            say("", f"The run ends after {run.updates:,} update{'s' * (run.updates != 1)}: this is how it would go on.")
        return DONE
    values = {text: _asked(text, lambda text=text: _value(run, text, given)) for text in given.quantities}
    _print_json({"scenario": run.scenario.name, "at": given.at,
                 **({"run_ends_after": run.updates} if _past_the_end(run, given.at) else {}),
                 **({} if given.sample is None else {"sample": given.sample}), "values": values})
    return DONE


def _past_the_end(run: Run, update: int) -> bool:
    """Whether the run ends before it has made so many updates."""
    return update > 0 and not run.goes_on(update - 1)


def _value(run: Run, text: str, given: argparse.Namespace) -> Value:
    return run.value(text, given.at, given.sample)


def _derivation(run: Run, text: str, given: argparse.Namespace) -> list[str]:
    """The value, and below it how it came about, where it is one value of the run."""
    from .explain.text import derivation
    from .replay.quantity import lane_of
    value = _asked(text, lambda: _value(run, text, given))
    after = f" after {given.at:,} update{'s' * (given.at != 1)}" if given.at else ""
    chain = derivation(run, text, given.at, lane_of(run, given.at, given.sample))
    first, *rest = _written(value).split("\n")
    return [f"{text.strip()}{after} ={first}", *rest, *chain]


def _written(value: Value) -> str:
    """A value with all its digits, after a space or on lines of its own; of a large tensor the corners."""
    import numpy as np

    from .explain.notation import all_digits
    if isinstance(value, np.ndarray):
        shown = value + 0.0 if value.dtype.kind == "f" else value
        with np.printoptions(nanstr="NaN", infstr="Inf"):
            return ("\n" if value.ndim > 1 else " ") + np.array2string(
                shown, max_line_width=120, separator=", ", floatmode="unique")
    return f" {all_digits(value) if isinstance(value, float) else str(value).lower()}"


def _asked(text: str, find: Callable[[], Any]) -> Any:
    """`find()`, or the one line that says why the quantity `text` cannot be had."""
    from .scenario.errors import QuantityError
    try:
        return find()
    except QuantityError as error:
        raise Refusal(f"bptui: {text}: {error}") from None


def _check(arguments: list[str]) -> int:
    parser = Parser("bptui check", description="Claims against what was printed, gradients against differences and "
                    "50 digits, replay against a straight run.", allow_abbrev=False)
    parser.add_argument("scenarios", metavar="SCENARIO", nargs="+")
    parser.add_argument("--claims", metavar="FILE", help="a file of [[claims]], in place of the scenario's own")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    given = parser.parse_args(arguments)
    from .explain.check import Interrupted, Report, check_run, lines, record
    runs = opened_all(given.scenarios)
    claims = None if given.claims is None else _claims(given.claims, runs)
    reports: list[tuple[str, Report]] = []
    stopped = False
    with ProgressLine() as progress:
        for run in runs:
            name = run.scenario.name
            run.between = partial(progress.tell, name, "updates")
            try:
                report = check_run(run, claims, partial(progress.tell, name))
            except Interrupted as interrupted:
                report, stopped = interrupted.report, True
            reports.append((name, report))
            if not given.json:
                progress.clear()
                say(f"{name}: {run.scenario.title}", *(f"  {line}" for line in lines(report)), "")
                sys.stdout.flush()
            if stopped:
                break
    failed = [name for name, report in reports if not report.ok]
    if given.json:
        records = [{"scenario": name, **record(report)} for name, report in reports]
        _print_json(records[0] if len(runs) == 1 else {"ok": not failed, "scenarios": records})
    elif not stopped:
        one = len(runs) == 1
        say(f"check: {len(failed)} of {len(runs)} failed: {', '.join(failed)}" if failed else
            f"check: {'all holds' if one else f'all {len(runs)} hold'}")
    if stopped:
        raise KeyboardInterrupt
    return FAILED if failed else DONE


def _claims(file: str, runs: Sequence[Run]) -> tuple[Claim, ...]:
    """The claims of a file, each of which can be asked of every run."""
    from .explain.claims import claim_faults
    from .scenario.errors import ScenarioError
    from .scenario.reader import read_claims, render
    problems: list[Problem] = []
    try:
        claims, lines = read_claims(file)
    except ScenarioError as error:
        if not isinstance(error.partial, tuple):
            raise Refusal(*render(error, file)) from None
        (claims, lines), problems = error.partial, [*error.problems]
    problems += dict.fromkeys(problem for run in runs for problem in claim_faults(run, claims))
    if problems:
        raise Refusal(*render(ScenarioError(problems), file, lines))
    return claims


def _compare(arguments: list[str]) -> int:
    parser = Parser("bptui compare", description="Two scenarios: what differs, and the first step at which they part.",
                    allow_abbrev=False)
    parser.add_argument("a", metavar="A")
    parser.add_argument("b", metavar="B")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    given = parser.parse_args(arguments)
    from .explain.compare import compare, lines, record
    found = compare(*opened_all([given.a, given.b]))
    if given.json:
        _print_json(record(found))
    else:
        say(*lines(found))
    return DONE


def _list(arguments: list[str]) -> int:
    Parser("bptui list", description="The shipped scenarios.", allow_abbrev=False).parse_args(arguments)
    from .scenario.errors import ScenarioError
    from .scenario.reader import read_scenario
    from .scenario.shipped import shipped
    found = shipped()
    width = max((len(name) for name, _ in found), default=0)
    for name, path in found:
        try:
            title = read_scenario(path).title
        except ScenarioError:
            title = "(cannot be read: see bptui check)"
        say(f"{name:<{width}}  {title}")
    return DONE


def _lesson(arguments: list[str]) -> int:
    parser = Parser("bptui lesson", description="What a scenario is about: its text, as wide as the terminal.",
                    allow_abbrev=False)
    parser.add_argument("scenario", metavar="NAME", help="a scenario file, or the name of a shipped one")
    given = parser.parse_args(arguments)
    import shutil

    from .scenario.errors import ScenarioError
    from .scenario.markdown import LINE, rows, says_something
    from .scenario.reader import read_scenario, render
    path = find_scenario(given.scenario)
    try:
        scenario = read_scenario(path)
    except ScenarioError as error:
        raise Refusal(*render(error, str(path))) from None
    if not says_something(scenario.about):
        say(f"{scenario.name} has no lesson: its file has no about.")
        return DONE
    width = max(1, shutil.get_terminal_size().columns) if sys.stdout.isatty() else LINE
    title = [row.text for row in rows(f"# {scenario.title or scenario.name}", width)]
    say(*title, "", *(row.text for row in rows(scenario.about, width)))
    return DONE


def _copy(arguments: list[str]) -> int:
    parser = Parser("bptui copy", description="Write a shipped scenario, and the data file that it reads, to edit.",
                    allow_abbrev=False)
    parser.add_argument("name", metavar="NAME", help="of a shipped scenario: see bptui list")
    parser.add_argument("file", metavar="FILE", nargs="?", type=Path, help="by default NAME.toml, here")
    given = parser.parse_args(arguments)
    from .scenario.copies import Taken, copy
    from .scenario.errors import did_you_mean
    from .scenario.shipped import ENDING, shipped
    known = dict(shipped())
    name = given.name.removesuffix(ENDING)
    if name not in known:
        raise Refusal(f"bptui: {given.name} is no shipped scenario{did_you_mean(name, known)} (see bptui list)")
    source = known[name]
    target = given.file or Path(source.name)
    if target.is_dir():
        target = target / source.name
    try:
        written = copy(source, target)
    except Taken as taken:
        raise Refusal(f"bptui: {taken.file} is already there, and nothing is overwritten; "
                      f"name another: bptui copy {name} FILE") from None
    say(*(f"wrote {file}" for file in written))
    return DONE


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "show": _show,
    "check": _check,
    "compare": _compare,
    "list": _list,
    "lesson": _lesson,
    "copy": _copy,
}
