"""The gallery as data: every shipped scenario has a group, a search finds what is printed, copies are safe."""

from __future__ import annotations

import os
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from bptui.debugger.commands import travel
from bptui.debugger.home.gallery import GROUPS, RESUME, Gallery, look
from bptui.debugger.saved.files import recent, session_path
from bptui.debugger.saved.keeper import reopened
from bptui.debugger.state.session import Session
from bptui.replay.open import open_run
from bptui.scenario.markdown import rows
from bptui.scenario.shipped import shipped
from bptui.scenario.summary import summary, title_of

SHIPPED = dict(shipped())
TABLES = {name: tomllib.loads(path.read_text("utf-8")) for name, path in SHIPPED.items()}


@pytest.fixture
def gallery() -> Gallery:
    made = Gallery(remembers=False)
    made.read()
    return made


def searched(gallery: Gallery, text: str) -> list[str]:
    gallery.close()
    gallery.begin("search")
    for character in text:
        gallery.type(character)
    return [entry.name for entry in gallery.found]


# what there is

def test_every_shipped_scenario_is_in_one_group() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(SHIPPED)
    assert len(set(grouped)) == len(grouped)


def test_the_list_has_all_by_their_questions(gallery: Gallery) -> None:
    assert {entry.name: entry.shown for entry in gallery.entries} == {n: t["title"] for n, t in TABLES.items()}
    assert gallery.total == len(SHIPPED)
    groups = [entry.group for entry in gallery.entries]
    assert list(dict.fromkeys(groups)) == list(GROUPS)
    assert sum(a != b for a, b in pairwise(groups)) == len(GROUPS) - 1    # each group in one piece
    assert gallery.chosen is not None and gallery.chosen.name == "two_layer"


@pytest.mark.parametrize("name", ["two_layer", "batch_normalisation", "wide_784"])
def test_a_summary_says_what_the_file_says(name: str) -> None:
    table, said = TABLES[name], summary(SHIPPED[name])
    assert said.title == title_of(SHIPPED[name]) == table["title"]
    assert [each.value for each in said.figures] == [c["value"] for c in table["claims"] if "value" in c]
    assert sum(each.erratum for each in said.figures) == sum("erratum" in c for c in table["claims"])
    assert said.about == table["about"]


def test_a_summary_of_anything_is_harmless(tmp_path: Path) -> None:
    for content in (b"", b"\xff\xfe", b"title = 3\nclaims = 4\nabout = [1]", b"title = 'a\\u001b[2J'\nclaims = [1, {}]",
                    b'title = "a\\u001b[2J"\n[[claims]]\nvalue = "x"\n'):
        file = tmp_path / "x.toml"
        file.write_bytes(content)
        said = summary(file)
        assert all(text.isprintable() for text in (said.title, said.source))
        assert all(row.text.isprintable() for row in rows(said.about, 30))
    assert summary(tmp_path).title == summary(tmp_path / "none.toml").title == ""


def test_a_title_above_a_text_that_looks_like_a_table(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text('about = """\n[not a table\n"""\ntitle = "After it"\n', "utf-8")
    assert title_of(file) == "After it"


# the search

def test_a_printed_number_is_found_by_its_digits(gallery: Gallery) -> None:
    """0.0554: of all printed figures only the tutorial's 0.055399425 rounds to it."""
    assert searched(gallery, "0.0554") == ["two_layer", "two_layer_in_place"]
    (hit,) = gallery.hits(gallery.found[0])
    assert (hit.what, hit.value) == ("d(E_o1, out_h1)", "0.055399425")
    assert gallery.number(gallery.found[0]) == "0.0554"


def test_numbers_are_found_where_a_source_prints_them(gallery: Gallery) -> None:
    for name, table in TABLES.items():
        for claim in table.get("claims", ())[:2]:
            text = claim.get("value", "").removeprefix("~").replace("\N{MINUS SIGN}", "-")
            if len(text) > 6 and "e" not in text.lower():
                assert name in searched(gallery, text), text


def test_words_are_found_in_titles_names_and_texts(gallery: Gallery) -> None:
    assert searched(gallery, "XOR") == searched(gallery, "xor_2") == ["xor_2_3_1"]
    texts = {name: f"{name} {t['title']} {' '.join(t['about'].split())}".lower() for name, t in TABLES.items()}
    wanted = {name for name, text in texts.items() if "shuffle" in text and "batch" in text}
    assert set(searched(gallery, "Shuffle batch")) == wanted != set()
    assert searched(gallery, "zzz") == []
    assert gallery.chosen is None and gallery.copy() is None


def test_a_search_filters_as_it_is_typed_and_esc_forgets_it(gallery: Gallery) -> None:
    counts = [len(searched(gallery, "vanish"[:n])) for n in range(1, 7)]
    assert counts == sorted(counts, reverse=True) and counts[-1] >= 1
    chosen = gallery.chosen
    gallery.delete()
    assert gallery.text == "vanis"
    gallery.close()
    assert len(gallery.found) == gallery.total
    assert gallery.chosen is chosen                 # what was found is under the cursor


# what was open last

@pytest.fixture
def state(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state")}


def left(path: Path, state: dict[str, str], seconds_ago: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session of the scenario that was saved some time ago."""
    monkeypatch.setenv("XDG_STATE_HOME", state["XDG_STATE_HOME"])
    session, keeper = reopened(Session(open_run(path)), path, False, False)
    travel.step(session, "over")
    keeper.close()
    file = session_path(path, state)
    assert file is not None
    when = file.stat().st_mtime - seconds_ago
    os.utime(file, (when, when))


def test_what_was_open_last_comes_first(tmp_path: Path, state: dict[str, str],
                                        monkeypatch: pytest.MonkeyPatch) -> None:
    mine, gone = tmp_path / "mine.toml", tmp_path / "gone.toml"
    for file in (mine, gone):
        file.write_bytes(SHIPPED["weight_table_4"].read_bytes())
    for n, path in enumerate((SHIPPED["two_layer"], gone, mine, *(SHIPPED[name] for name in list(SHIPPED)[:5]))):
        left(path, state, 60 * (10 + n), monkeypatch)
    gone.unlink()
    assert [path for path, _ in recent(9, state)][:2] == [SHIPPED["two_layer"], mine]
    gallery = Gallery()
    gallery.read(state)
    first = gallery.entries[:5]
    assert [entry.group for entry in gallery.entries[:6]] == [RESUME] * 5 + ["START HERE"]
    assert first[0].age == "10 minutes ago" and first[0].shown == TABLES["two_layer"]["title"]
    assert first[1].path == mine and not first[1].shipped and first[1].shown.endswith("mine.toml")
    assert gallery.chosen is first[0] and gallery.total == len(SHIPPED)
    assert gallery.choose(2) and gallery.copy() is None and "of your own already" in gallery.message


def test_sessions_that_are_none_are_left_out(tmp_path: Path, state: dict[str, str]) -> None:
    folder = tmp_path / "state" / "bptui" / "sessions"
    folder.mkdir(parents=True)
    for name, text in (("a", "scenario = '/dev/zero'"), ("b", "scenario = 'relative.toml'"), ("c", "scenario = 3"),
                       ("d", "\0"), ("e", f"scenario = '{SHIPPED['two_layer']}'")):     # e: not its own file
        (folder / f"{name}.toml").write_text(text, "utf-8")
    assert recent(5, state) == []
    assert recent(5, {}) == []


# opening and copying

def test_a_look_says_what_is_wrong_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_text(SHIPPED["two_layer"].read_text("utf-8").replace("[loss]", "[lss]"), "utf-8")
    line = next(n for n, text in enumerate(file.read_text("utf-8").splitlines(), 1) if text == "[lss]")
    assert any(f"broken.toml:{line}: " in problem for problem in look(file).problems)
    gallery = Gallery(remembers=False)
    gallery.read()
    gallery.say_broken(file)
    assert gallery.message.startswith("Cannot be opened. ") and "broken.toml:" in gallery.message


def test_the_facts_are_those_of_the_run() -> None:
    assert look(SHIPPED["wide_784"]).facts[0] == f"{784 * 30 + 30 + 30 * 10 + 10:,} parameters"
    assert look(SHIPPED["two_layer"]).facts == ("10 parameters", "35 values an update", "1 sample", "10,000 updates")


def test_a_copy_takes_the_data_along_and_overwrites_nothing(gallery: Gallery, tmp_path: Path) -> None:
    gallery.cursor = [entry.name for entry in gallery.entries].index("digits_minibatches")
    written = gallery.copy(lambda: tmp_path)
    assert written is not None and written == tmp_path / "digits_minibatches.toml" and str(written) in gallery.message
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {
        name: (SHIPPED["two_layer"].parent / name).read_bytes() for name in ("digits_minibatches.toml", "digits.csv")}
    assert look(written).problems == ()
    written.write_text("mine", "utf-8")
    assert gallery.copy(lambda: tmp_path) is None
    assert "already there" in gallery.message and written.read_text("utf-8") == "mine"
    assert gallery.copy(lambda: tmp_path / "no" / "folder") is None and "Not copied" in gallery.message


def test_a_typed_path_is_a_file_or_a_name(gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "x.toml").write_text("", "utf-8")
    for typed, found in (("two_layer", SHIPPED["two_layer"]), ("~/x.toml", tmp_path / "x.toml"), ("", None),
                         ("two_layr", None), ("a" * 5000, None)):
        gallery.begin("path")
        gallery.path = typed
        assert gallery.typed_path() == found
        assert bool(gallery.message) == (found is None)
    gallery.path = "two_layr"
    gallery.typed_path()
    assert "did you mean 'two_layer'" in gallery.message


def test_a_path_gives_way_to_the_next(gallery: Gallery) -> None:
    """After an error, or when the line is opened again: what is typed takes the place of what stands there."""
    gallery.begin("path")
    for typed in ("two_layr", "two_lay"):
        for character in typed:
            gallery.type(character)
        assert gallery.path == typed
        assert gallery.typed_path() is None
    gallery.delete()                                # whoever wants to mend it can
    gallery.type("x")
    assert gallery.path == "two_lax"
    gallery.close()
    gallery.begin("path")
    assert gallery.path == "two_lax"
    gallery.type("single_neuron")                   # pasted
    assert gallery.typed_path() == SHIPPED["single_neuron"]

