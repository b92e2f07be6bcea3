"""The scenarios that come with bptui, and finding a scenario by what a person typed.

They are in the package when it was installed from a wheel, else in the checkout's `scenarios/`.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from .errors import Problem, ScenarioError, did_you_mean

ENDING = ".toml"
PACKAGE = Path(__file__).resolve().parent.parent
FOLDERS = (PACKAGE / "_scenarios", PACKAGE.parent / "scenarios")


def shipped() -> list[tuple[str, Path]]:
    """Name and path of every shipped scenario, by name."""
    folder = next((folder for folder in FOLDERS if folder.is_dir()), None)
    return [(path.stem, path) for path in sorted(folder.glob(f"*{ENDING}"))] if folder else []


def find(name_or_path: str | Path) -> Path:
    """A path as it is, or a shipped scenario's by name; ScenarioError if there is neither."""
    path = Path(name_or_path)
    if path.is_file():
        return path
    name = str(name_or_path).removesuffix(ENDING)
    if name in (known := dict(shipped())):
        return known[name]
    if path.exists():                             # a folder, a device: the reader says what it is
        return path
    raise no_such_file(path)


def find_beside(name: str, path: Path | None) -> Path | None:
    """Where the scenario `name` of a `beside` is: in the folder of `path`, among the shipped, or nowhere."""
    name = name.removesuffix(ENDING)
    here = path.parent / (name + ENDING) if path else None
    with contextlib.suppress(OSError):            # a name that is too long for a file
        if here and here.is_file():
            return here
    return dict(shipped()).get(name)


def no_such_file(path: Path) -> ScenarioError:
    """The error for a path that leads nowhere, naming a near scenario."""
    also = did_you_mean(path.stem, [name for name, _ in shipped()])
    return ScenarioError([Problem((), f"there is no such file{also}")])
