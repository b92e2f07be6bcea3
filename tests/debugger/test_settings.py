"""Settings: what a person's own file says, what is wrong in it, and what was chosen last."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bptui.debugger.saved.settings import Settings, read_settings, remember, settings_path


@pytest.fixture
def homes(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_STATE_HOME": str(tmp_path / "state"),
            "HOME": str(tmp_path)}


def written(homes: dict[str, str], text: str | bytes) -> Settings:
    path = settings_path(homes)
    assert path is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_settings(homes)


def test_without_a_file_nothing_is_settled(homes: dict[str, str]) -> None:
    assert read_settings(homes) == Settings()
    assert read_settings({}) == Settings() and settings_path({}) is None
    assert settings_path({"HOME": "/h"}) == Path("/h/.config/bptui/config.toml")
    assert settings_path({"HOME": "/h", "XDG_CONFIG_HOME": "relative"}) == Path("/h/.config/bptui/config.toml")
    assert written(homes, "") == Settings()


def test_what_is_settled_holds(homes: dict[str, str]) -> None:
    found = written(homes, 'theme = "light"\nglyphs = "ascii"\nmouse = true\n'
                           '[keys]\ninto = "space"\nover = ["n", "f10"]\n')
    assert found.looks == {"theme": "light", "glyphs": "ascii"} and found.flags == {"mouse": True}
    assert found.keys == {"into": ("space",), "over": ("n", "f10")} and found.faults == ()


@pytest.mark.parametrize(("text", "said"), [
    ('theme = "pink"', "theme must be one of terminal, terminal-contrast, dark"),
    ('theme = 3', "theme must be one of"),
    ('them = "dark"', "there is no setting 'them', did you mean theme"),
    ('mouse = "yes"', "mouse must be true or false"),
    ('keys = "s"', "keys must be a table"),
    ("[keys]\ninto = 5", "the keys of 'into' must be a text, or a list of texts"),
    ("[keys]\ninto = []", "the keys of 'into'"),
    ("theme = [", "line 1: this is not TOML"),
    ("\x1b[31m = 1", "this is not TOML"),
    (b"\xff\xfe", "this is not UTF-8"),
    ("a." * 200 + "b = 1", "more than 100 parts"),
    ("x = " + "[" * 2000, "nested too deeply: TOML"),
])
def test_what_is_wrong_is_said_and_the_rest_holds(homes: dict[str, str], text: str | bytes, said: str) -> None:
    found = written(homes, text)
    [fault] = found.faults
    assert fault.startswith("config.toml") and said.split(",")[0].split(":")[0] in fault
    assert found.faults[0].isprintable() and found.looks == {}
    if isinstance(text, str) and "TOML" not in said and "parts" not in said:
        both = written(homes, f'glyphs = "ascii"\n{text}\n')
        assert both.looks == {"glyphs": "ascii"} and len(both.faults) == 1


def test_a_link_is_followed_and_a_folder_is_said(homes: dict[str, str], tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text('theme = "dark"')
    path = settings_path(homes)
    assert path is not None
    path.parent.mkdir(parents=True)
    path.symlink_to(real)
    assert read_settings(homes).looks == {"theme": "dark"}
    path.unlink()
    path.mkdir()
    assert "this is a folder" in read_settings(homes).faults[0]
    path.rmdir()
    os.mkfifo(path)                                 # nobody writes into it: it must not be waited for
    assert "not a regular file" in read_settings(homes).faults[0]


def test_what_was_chosen_last_holds_where_nothing_is_settled(homes: dict[str, str]) -> None:
    remember({}, {"theme": "light", "numbers": "all", "zoom": "on"}, homes)
    assert read_settings(homes).looks == {"theme": "light", "numbers": "all"}
    assert written(homes, 'theme = "dark"').looks == {"theme": "dark", "numbers": "all"}
    remember({"theme": "dark", "numbers": "all"}, {"theme": "dark"}, homes)
    assert read_settings(homes).looks == {"theme": "dark", "numbers": "9"}


def test_what_was_not_chosen_on_the_screen_is_not_kept(homes: dict[str, str]) -> None:
    """NO_COLOR and --ascii are for one time; to choose a number format then does not make them the rule."""
    remember({}, {"theme": "light"}, homes)
    remember({"theme": "none", "glyphs": "ascii"}, {"theme": "none", "glyphs": "ascii", "numbers": "4"}, homes)
    assert read_settings(homes).looks == {"theme": "light", "numbers": "4"}


def test_what_cannot_be_kept_is_not_worth_a_word(homes: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder would be")
    remember({}, {"theme": "dark"}, homes)
    assert read_settings(homes) == Settings()
    remember({}, {"theme": "dark"}, {})
