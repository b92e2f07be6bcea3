"""What the package says of itself is so: its licences are those of what it carries, and its archives hold all of it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]


def test_the_licence_is_that_of_all_that_the_wheel_carries() -> None:
    """The data of others keep theirs, which asks for credit: DATA.md names it, and goes with every copy."""
    data = (TOP / "scenarios" / "DATA.md").read_text("utf-8")
    others = set(re.findall(r"\*\*Licence\*\*: \[(.*?)\]", data))
    assert others == {"CC BY 4.0"}
    assert PROJECT["license"] == "MIT AND CC-BY-4.0"
    assert PROJECT["license-files"] == ["LICENSE", "scenarios/DATA.md"]
    assert all((TOP / name).is_file() for name in PROJECT["license-files"])
    for file in (TOP / "scenarios").iterdir():
        assert file.suffix in (".toml", ".md") or f"`{file.name}`" in data, file.name


def test_the_classifiers_are_true() -> None:
    said = PROJECT["classifiers"]
    assert not [each for each in said if each.startswith("License ::")]         # the expression says it
    least = PROJECT["requires-python"].removeprefix(">=")
    assert f"Programming Language :: Python :: {least}" in said
    assert "urls" not in PROJECT                    # there is no address to name


def test_the_source_archive_holds_what_the_readme_and_the_tests_need() -> None:
    held = PYPROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert {f"/{name}" for name in ("bptui", "docs", "scenarios", "scripts", "tests", "screenshots")} <= set(held)
