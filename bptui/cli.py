"""The command line: what was typed, to values, checks, files or the screen; and every mistake to one clear line.

Exit codes: 0 done, 1 a check failed, 2 bad usage or a bad file, 128+n ended by signal n. What a command needs
is imported when it runs, so that `--help` is at once there and the screen starts without the rest.
"""

from __future__ import annotations

import argparse
import codecs
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from . import __version__

if TYPE_CHECKING:
    from .replay.quantity import Value
    from .replay.run import Run
    from .scenario.records import Claim

DONE, FAILED, USAGE, INTERRUPTED, NO_READER = 0, 1, 2, 130, 141
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
SMALLEST, LARGEST = (20, 5), (500, 300)             # sizes of a screenshot, columns and rows
HELP = """\
commands:
  bptui [SCENARIO] [--at WHERE]       open the debugger; without a scenario, the list of shipped ones
  bptui --plain SCENARIO [--at WHERE] the same without a screen, for screen readers, pipes and scripts
  bptui show SCENARIO QUANTITY...     values and their derivation, after N updates with --at N
  bptui check SCENARIO...             claims, gradients and replay; exit 0 when all hold, 1 when one fails
  bptui compare A B                   two scenarios, and the first step at which they part
  bptui list                          the shipped scenarios
  bptui copy NAME [FILE]              write a shipped scenario to a file, to edit

A shipped scenario can be named without path or ending: bptui two_layer. WHERE is a quantity such as
'd(E, w1)', or a position such as '#120'. 'bptui COMMAND --help' says more.
"""
IN_ASCII = str.maketrans({
    "×": "x", "∂": "d", "Σ": "Sum", "η": "eta", "δ": "delta", "σ": "sigma", "π": "pi", "⁺": "+", "²": "^2", "³": "^3",
    "›": ">", "½": "1/2", "…": "...", "·": ".", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "→": "->", "←": "<-",
    "\N{MINUS SIGN}": "-", "–": "-", "—": "-", "├": "+", "└": "+", "│": "|", "─": "-", "√": "sqrt",
})


class Refusal(Exception):
    """What cannot be done: the lines that say so."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Parser(argparse.ArgumentParser):
    """argparse, whose errors are a line and say nothing raw."""

    def error(self, message: str) -> NoReturn:
        raise Refusal(f"{self.prog}: {plain(message)} (see {self.prog} --help)")


def plain(text: str) -> str:
    """`text` with everything that a terminal could obey as escapes."""
    from .scenario.errors import printable
    return printable(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    for name in THREADS:                            # before numpy is loaded: more threads would mean other bits
        os.environ[name] = "1"
    _speakable()
    try:
        try:
            code = _run(list(sys.argv[1:] if argv is None else argv))
        except SystemExit as stop:                  # argparse has printed its help or the version
            code = stop.code if isinstance(stop.code, int) else DONE
        _flush()
        return code
    except Refusal as refusal:
        for line in refusal.lines:
            _complain(line)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _to_nowhere()
        return NO_READER
    except OSError as error:                        # a full disk under stdout, a folder that cannot be read
        _complain(f"bptui: {plain(str(error))}")
        _to_nowhere()
        return USAGE


def _run(arguments: list[str]) -> int:
    if arguments and arguments[0] in COMMANDS:
        return COMMANDS[arguments[0]](arguments[1:])
    return _open(arguments)


# streams

def _speakable() -> None:
    """Make the streams take every character: what they cannot encode gets a spelling in ASCII."""
    def spelled(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeEncodeError)
        text = error.object[error.start:error.end].translate(IN_ASCII)
        return "".join(c if c.isascii() else "?" for c in text), error.end

    codecs.register_error("bptui", spelled)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="bptui")      # type: ignore[union-attr]


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _to_nowhere() -> None:
    """Nobody reads on: the interpreter's own flush at the end must not complain either."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _complain(line: str) -> None:
    print(line, file=sys.stderr)


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
    return value


# scenarios

def _find(name: str) -> Path:
    """The file that `name` means."""
    from .scenario.errors import ScenarioError
    from .scenario.reader import render
    from .scenario.shipped import find
    try:
        return find(name)
    except ScenarioError as error:
        raise Refusal(*render(error, name)) from None


def _opened(name: str) -> Run:
    """The run of a scenario; Refusal with `file:line: …` if there is none."""
    from .replay.run import Run
    from .scenario.errors import ScenarioError
    from .scenario.reader import read_scenario, render
    path = _find(name)
    try:
        scenario = read_scenario(path)
    except ScenarioError as error:
        raise Refusal(*render(error, path)) from None
    try:
        return Run(scenario)
    except ScenarioError as error:
        raise Refusal(*render(error, path, scenario.lines)) from None


def _opened_all(names: Sequence[str]) -> list[Run]:
    """All of them, or one Refusal that says what is wrong with any."""
    runs: list[Run] = []
    lines: list[str] = []
    for name in names:
        try:
            runs.append(_opened(name))
        except Refusal as refusal:
            lines += refusal.lines
    if lines:
        raise Refusal(*lines)
    return runs


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
    parser.add_argument("--fresh", action="store_true", help="begin anew, not where you left off")
    given = parser.parse_args(arguments)
    if given.screenshot is None and (given.keys is not None or given.size is not None):
        parser.error("--keys and --size belong to --screenshot")
    for needs in ("at", "plain"):
        if getattr(given, needs) and given.scenario is None:
            parser.error(f"--{needs} needs a scenario")
    if given.plain and given.screenshot is not None:
        parser.error("--plain has no screen to take a picture of")
    path = None if given.scenario is None else _find(given.scenario)
    if given.screenshot is not None:
        return _screenshot(path, given)
    if given.plain:
        assert path is not None
        from .debugger.plain import run_plain
        return _with_scenario(given.scenario, lambda: run_plain(path, given.at))
    if (reason := _no_screen()) is not None:
        if given.scenario is not None:
            _opened(given.scenario)                 # a broken file is the better thing to say
        raise Refusal(f"bptui: the screen needs a terminal, but {reason}; "
                      "these commands work here: bptui --plain SCENARIO, bptui show, check, compare, list, copy")
    from .tui.app import run_app
    return _with_scenario(given.scenario, lambda: run_app(path, given.at, given.fresh))


def _screenshot(path: Path | None, given: argparse.Namespace) -> int:
    from .tui.picture import take_screenshot
    keys: list[str] = [] if given.keys is None else given.keys.split()
    size = given.size or (80, 24)
    _with_scenario(given.scenario, lambda: take_screenshot(path, keys, size, given.screenshot, given.at))
    return DONE


def _with_scenario(name: str | None, show: Callable[[], Any]) -> Any:
    """`show()`, with what is wrong with the scenario or with --at said as everywhere."""
    from .scenario.errors import QuantityError, ScenarioError
    try:
        return show()
    except ScenarioError:
        if name is not None:
            _opened(name)
        raise
    except QuantityError as error:
        raise Refusal(f"bptui: {plain(str(error))}") from None


def _no_screen() -> str | None:
    """Why there can be no screen."""
    for name, stream in (("input", sys.stdin), ("output", sys.stdout), ("error output", sys.stderr)):
        if stream is None or not stream.isatty():
            return f"the {name} is not one"
    return "TERM is dumb" if os.environ.get("TERM") == "dumb" else None


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,4})x([0-9]{1,4})", text)
    size = (int(found[1]), int(found[2])) if found else (0, 0)
    if not all(low <= n <= high for low, n, high in zip(SMALLEST, size, LARGEST, strict=True)):
        raise argparse.ArgumentTypeError(f"must be columns x rows, as in 120x40, not {text!r}")
    return size


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
    run = _opened(given.scenario)
    if not given.json:
        print("\n\n".join("\n".join(_derivation(run, text, given)) for text in given.quantities))
        return DONE
    values = {text: _asked(text, lambda text=text: _value(run, text, given)) for text in given.quantities}
    _print_json({"scenario": run.scenario.name, "at": given.at,
                 **({} if given.sample is None else {"sample": given.sample}), "values": values})
    return DONE


def _value(run: Run, text: str, given: argparse.Namespace) -> Value:
    return run.value(text, given.at, given.sample)


def _derivation(run: Run, text: str, given: argparse.Namespace) -> list[str]:
    """The value, and below it how it came about, where it is one value of the run."""
    from .explain.text import derivation
    from .replay.quantity import lane_of
    value = _asked(text, lambda: _value(run, text, given))
    after = f" after {given.at:,} update{'s' * (given.at != 1)}" if given.at else ""
    chain = derivation(run, text, given.at, lane_of(run, given.at, given.sample))
    return [plain(line) for line in (f"{text.strip()}{after} ={_written(value)}", *chain) for line in line.split("\n")]


def _written(value: Value) -> str:
    """A value with all its digits, after a space or on lines of its own; of a large tensor the corners."""
    import numpy as np
    if isinstance(value, np.ndarray):
        return ("\n" if value.ndim > 1 else " ") + np.array2string(
            value, max_line_width=120, separator=", ", floatmode="unique")
    found = speakable(value)
    return f" {str(found).lower() if isinstance(found, bool) else found}"


def _asked(text: str, find: Callable[[], Any]) -> Any:
    """`find()`, or the one line that says why the quantity `text` cannot be had."""
    from .scenario.errors import QuantityError
    try:
        return find()
    except QuantityError as error:
        raise Refusal(f"bptui: {plain(text)}: {plain(str(error))}") from None


def _check(arguments: list[str]) -> int:
    parser = Parser("bptui check", description="Claims against what was printed, gradients against differences and "
                    "50 digits, replay against a straight run.", allow_abbrev=False)
    parser.add_argument("scenarios", metavar="SCENARIO", nargs="+")
    parser.add_argument("--claims", metavar="FILE", help="a file of [[claims]], in place of the scenario's own")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    given = parser.parse_args(arguments)
    from .explain.check import check_run, lines, record
    claims = None if given.claims is None else _claims(given.claims)
    runs = _opened_all(given.scenarios)
    reports = [(run.scenario, check_run(run, claims)) for run in runs] if given.json else []
    if given.json:
        records = [{"scenario": scenario.name, **record(report)} for scenario, report in reports]
        ok = all(report.ok for _, report in reports)
        _print_json(records[0] if len(records) == 1 else {"ok": ok, "scenarios": records})
        return DONE if ok else FAILED
    failed: list[str] = []
    for run in runs:
        report = check_run(run, claims)
        if not report.ok:
            failed.append(run.scenario.name)
        print(f"{plain(run.scenario.name)}: {plain(run.scenario.title)}")
        print("".join(f"  {line}\n" for line in lines(report)))
        _flush()
    one = len(runs) == 1
    print(f"check: {len(failed)} of {len(runs)} failed: {plain(', '.join(failed))}" if failed else
          f"check: {'all holds' if one else f'all {len(runs)} hold'}")
    return FAILED if failed else DONE


def _claims(file: str) -> tuple[Claim, ...]:
    from .scenario.errors import ScenarioError
    from .scenario.reader import read_claims, render
    try:
        return read_claims(file)
    except ScenarioError as error:
        raise Refusal(*render(error, file)) from None


def _compare(arguments: list[str]) -> int:
    parser = Parser("bptui compare", description="Two scenarios: what differs, and the first step at which they part.",
                    allow_abbrev=False)
    parser.add_argument("a", metavar="A")
    parser.add_argument("b", metavar="B")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    given = parser.parse_args(arguments)
    from .explain.compare import compare, lines, record
    found = compare(*_opened_all([given.a, given.b]))
    if given.json:
        _print_json(record(found))
    else:
        print("\n".join(lines(found)))
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
        print(f"{plain(name):<{width}}  {plain(title)}")
    return DONE


def _copy(arguments: list[str]) -> int:
    parser = Parser("bptui copy", description="Write a shipped scenario, and the data file that it reads, to edit.",
                    allow_abbrev=False)
    parser.add_argument("name", metavar="NAME", help="of a shipped scenario: see bptui list")
    parser.add_argument("file", metavar="FILE", nargs="?", type=Path, help="by default NAME.toml, here")
    given = parser.parse_args(arguments)
    from .scenario.errors import did_you_mean
    from .scenario.shipped import ENDING, shipped
    known = dict(shipped())
    name = given.name.removesuffix(ENDING)
    if name not in known:
        raise Refusal(f"bptui: {plain(given.name)} is no shipped scenario{did_you_mean(name, known)} (see bptui list)")
    source = known[name]
    target = given.file or Path(source.name)
    if target.is_dir():
        target = target / source.name
    content = source.read_bytes()
    parts = [(target, content)]
    for beside in sorted(source.parent.iterdir()):  # its data keep their name, because the scenario says it
        if beside.suffix in (".npz", ".csv") and f'"{beside.name}"'.encode() in content:
            parts.append((target.parent / beside.name, beside.read_bytes()))
    new = [(file, data) for file, data in parts if file is target or not _same(file, data)]
    for file, _ in new:
        if os.path.lexists(file):
            raise Refusal(f"bptui: {plain(str(file))} is already there, and nothing is overwritten; "
                          f"name another: bptui copy {plain(name)} FILE")
    for file, data in new:
        with open(file, "xb") as out:
            out.write(data)
        print(f"wrote {plain(str(file))}")
    return DONE


def _same(file: Path, content: bytes) -> bool:
    """Whether `file` holds `content` already."""
    return file.is_file() and file.stat().st_size == len(content) and file.read_bytes() == content


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "show": _show,
    "check": _check,
    "compare": _compare,
    "list": _list,
    "copy": _copy,
}
