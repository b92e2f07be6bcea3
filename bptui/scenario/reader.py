"""From a scenario file to its record, or to the list of everything that is wrong with it.

The file is measured before it is read, and read before it is judged; nothing in it is ever run. Mistakes
are collected over the whole file and shown in file order as `file:line: what is wrong`.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .datasets import read_data
from .errors import MOST_SHOWN, KeyPath, ScenarioError, printable
from .lines import line_of, scan_lines
from .records import Claim, Loss, Scenario
from .schema import TOP
from .sections import (
    ScenarioFile,
    check_names,
    read_claim_list,
    read_equations,
    read_letters,
    read_loss,
    read_network,
    read_table,
    read_training,
)
from .shipped import no_such_file
from .tables import one_problem, parse_tables, too_deep

LARGEST_SCENARIO = 512 * 2**10                      # reading takes about a second; more data go into a file


def read_scenario(path: str | Path) -> Scenario:
    """The scenario in the file at `path`; ScenarioError with all its problems if it cannot be opened."""
    path = Path(path)
    return _scenario(_content(path), path.stem, path)


def read_scenario_text(text: str, name: str, path: Path | None = None) -> Scenario:
    """The scenario written in `text`. Data files are looked for in the folder of `path`."""
    return _scenario(text.encode("utf-8", "surrogatepass"), name, path)


def read_claims(path: str | Path) -> tuple[tuple[Claim, ...], Mapping[KeyPath, int]]:
    """The claims of a file that holds only `[[claims]]`, and the line of every key; ScenarioError if it does not, with
    both of what could be read."""
    path = Path(path)
    table, lines = _parse(_content(path))
    reading = ScenarioFile(lines, path.parent)
    got = read_table(reading, table, {"claims": replace(TOP["claims"], needed=True)}, (), "a file of claims")
    claims = read_claim_list(reading, got["claims"] or [])
    _refuse(reading, (claims, lines))
    return claims, lines


def render(error: ScenarioError, path: str | Path, lines: Mapping[KeyPath, int] | None = None) -> list[str]:
    """`file:line: message` for each problem in file order, at most 20.

    The engine's problems have keys only: give the scenario's `lines` with them.
    """
    file = printable(str(path))
    placed: list[tuple[int, str]] = []
    for problem in error.problems:
        line = problem.line
        if line is None and lines:
            line = line_of(lines, problem.key)
        where = file if line is None else f"{file}:{line}"
        placed.append((line or 0, f"{where}: {printable(problem.message)}"))
    placed.sort(key=lambda place: place[0])
    shown = [message for _, message in placed[:MOST_SHOWN]]
    return [*shown, f"{file}: and {len(placed) - MOST_SHOWN} more"] if len(placed) > MOST_SHOWN else shown


def _scenario(content: bytes, name: str, path: Path | None) -> Scenario:
    table, lines = _parse(content)
    reading = ScenarioFile(lines, path.parent if path else None)
    top = read_table(reading, table, TOP, (), "")
    _check_sections(reading, table)
    network = read_network(reading, top["network"]) if top["network"] is not None else None
    equations = read_equations(reading, top) if top["equations"] is not None and not network else None
    loss = read_loss(reading, top, equations) if equations or top["loss"] is not None else None
    data = read_data(reading, top["data"]) if network and top["data"] is not None else None
    training = read_training(reading, top["training"] or {})
    letters = read_letters(reading, top["names"] or {}, equations)
    claims = read_claim_list(reading, top["claims"] or [])
    check_names(reading)
    scenario = Scenario(
        name=name, path=path, title=top["title"] or name, source=top["source"], about=top["about"],
        beside=top["beside"], start=top["start"],
        network=network, equations=equations, loss=loss or Loss(), data=data, training=training,
        letters=letters, claims=claims, digest=_digest(content, reading), lines=lines,
        files=tuple(reading.folder / file for file in sorted(reading.archives)) if reading.folder else (),
    )
    _refuse(reading, scenario)
    return scenario


def _check_sections(reading: ScenarioFile, table: Mapping[str, Any]) -> None:
    """Which sections there must be, and which do not go together."""
    if "network" in table and "equations" in table:
        second = max(("network",), ("equations",), key=lambda key: line_of(reading.lines, key))
        reading.wrong(second, "a scenario has [network] or [equations], not both")
    elif "network" in table:
        for section in ("parameters", "values", "noise"):
            if section in table:
                reading.wrong((section,), f"[{section}] belongs to [equations], and this is a [network]")
        if "loss" not in table:
            reading.wrong(("network",), '[loss] is missing, as in [loss] with kind = "half_squared_error"')
        if "data" not in table:
            reading.wrong(("network",), "[data] is missing: a network needs its inputs")
    elif "equations" in table:
        if "data" in table:
            reading.wrong(("data",), "[data] belongs to [network]; the data of [equations] stand in [values]")
    else:
        reading.wrong((), "there is no [network] and no [equations]: nothing to run")


def _refuse(reading: ScenarioFile, partial: object) -> None:
    """Raise what was found, in file order; `partial` is what could be read."""
    if reading.problems:
        raise ScenarioError(sorted(reading.problems, key=lambda problem: problem.line or 0), partial)


def _content(path: Path) -> bytes:
    """The bytes of the file, which is measured first. ScenarioError if it cannot be read."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise one_problem("this is a folder, not a scenario")
        if not stat.S_ISREG(status.st_mode):
            raise one_problem("this is not a regular file")
        if status.st_size > LARGEST_SCENARIO:
            raise one_problem(_too_large(status.st_size))
        return path.read_bytes()
    except FileNotFoundError:
        raise no_such_file(path) from None
    except OSError as error:
        raise one_problem(f"cannot be read: {error.strerror or error}") from None
    except ValueError:                            # a null byte in the name
        raise one_problem("this is not the name of a file") from None


def _parse(content: bytes) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    """The TOML tables, and the line of every key. ScenarioError if it is not TOML."""
    if len(content) > LARGEST_SCENARIO:
        raise one_problem(_too_large(len(content)))
    text, table = parse_tables(content)
    try:
        return table, scan_lines(text)
    except RecursionError:
        raise too_deep() from None


def _too_large(size: int) -> str:
    return f"the file holds {size:,} bytes; a scenario has at most {LARGEST_SCENARIO // 2**10} KiB"


def _digest(content: bytes, reading: ScenarioFile) -> str:
    """SHA-256 over the file and the data files it names."""
    digest = hashlib.sha256(content)
    for file, archive in sorted(reading.archives.items()):
        digest.update(file.encode() + b"\0" + hashlib.sha256(archive.content).digest())
    return digest.hexdigest()
