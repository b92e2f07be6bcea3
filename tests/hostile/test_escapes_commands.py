"""What a terminal would obey, in every place of a scenario, a command or a folder, and what the commands print of it.

Every command runs in this process; what it writes is read as bytes. Nothing of a text is obeyed, nothing forges a line,
and it is shown: the marks around it come out.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from bptui import cli
from bptui.debugger.saved.settings import read_settings
from bptui.scenario import shipped

pytestmark = pytest.mark.real

SCENARIO = """
title = {text}
about = {text}
source = {text}
[equations]
forward = ["s = X1*W1 + b", "E = s*s"]
loss = "E"
[parameters]
W1 = {number}
b = 1.83
[values]
X1 = 0.1
[training]
learning_rate = 0.1
updates = 2
[[claims]]
what = "s"
value = "1.0"
why = {text}
"""
NETWORK = """
[network]
inputs = {inputs}
[[network.layers]]
kind = {kind}
name = {name}
units = {units}
activation = {activation}
weights = {weights}
bias = 0.1
[loss]
kind = {loss}
[data]
{data}
[training]
learning_rate = {rate}
updates = 2
{more}
"""
DEFAULTS = {"inputs": "2", "kind": '"dense"', "name": '"a"', "units": "1", "activation": '"sigmoid"',
            "weights": "[[0.1, 0.2]]", "loss": '"half_squared_error"', "data": "inputs = [[1, 2]]\ntargets = [[1]]",
            "rate": "0.1", "more": ""}
# A place of the file, and what stands there; {t} is the hostile text as TOML has it.
PLACES = {
    "inputs": {"inputs": "[{t}, 'b']"}, "kind": {"kind": "{t}"}, "name": {"name": "{t}"}, "units": {"units": "[{t}]"},
    "activation": {"activation": "{t}"}, "weights": {"weights": "{{ file = {t}, name = 'w' }}"},
    "loss": {"loss": "{t}"}, "file": {"data": "file = {t}"}, "rate": {"rate": "{t}"},
    "key": {"more": "{t} = 1"}, "table": {"more": "[{t}]\na = 1"}, "setting": {"more": "[network.{t}]\na = 1"},
    "claim": {"more": "[[claims]]\nwhat = {t}\nvalue = '1'"}, "figure": {"more": "[[claims]]\nwhat = 'E'\nvalue = {t}"},
    "names": {"more": "[names]\nnet = {t}"}, "optimizer": {"more": "optimizer = {t}"},
    "column": {"data": "file = 'd.csv'\ninputs = [{t}]\ntargets = ['y']"},
}


UNQUOTED = ("rate", "table", "setting", "figure", "key", "file", "activation", "loss", "claim")   # in most messages


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Command = Callable[..., Done]


@pytest.fixture
def command(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Run a command here; its code, and what it wrote as UTF-8, bytes that are none as surrogates."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def run(*arguments: str, typed: str = "") -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode("utf-8", "surrogateescape"))))
        capfdbinary.readouterr()
        with open(1, "w", encoding="utf-8", closefd=False) as stdout, \
                open(2, "w", encoding="utf-8", closefd=False) as stderr:
            monkeypatch.setattr(sys, "stdout", stdout)
            monkeypatch.setattr(sys, "stderr", stderr)
            code = cli.main(arguments)
        out, err = (data.decode("utf-8", "surrogateescape") for data in capfdbinary.readouterr())
        return Done(code, out, err)
    return run


def toml(text: str) -> str:
    """A TOML string of any text without lone surrogates."""
    return '"' + "".join(c if (c.isalnum() and c.isascii()) or c == " " else f"\\U{ord(c):08x}" for c in text) + '"'


def written(folder: Path, text: str, name: str = "odd.toml", number: float = 0.5) -> str:
    path = folder / name
    path.write_text(SCENARIO.format(text=toml(text), number=number), "utf-8")
    return name


def refusal(escapes: ModuleType, done: Done) -> list[str]:
    """The clear lines of a command that could not be done."""
    assert (done.code, done.out) == (2, ""), done
    assert escapes.harmful(done.err) == [] and done.err.endswith("\n")
    lines = done.err[:-1].split("\n")
    assert 1 <= len(lines) <= 21 and all(lines), done.err
    assert not re.search(r"Traceback|\[Errno|forged\n|^two_layer: all", done.err), done.err
    return lines


# texts that a scenario may have

def test_the_words_of_a_scenario(escapes: ModuleType, command: Command, tmp_path: Path) -> None:
    """In check, compare and --plain; the number of lines is that of a harmless scenario."""
    def all_of(text: str) -> list[Done]:
        one, two = written(tmp_path, text), written(tmp_path, text, "two.toml", 0.6)
        return [command("check", one), command("compare", one, two), command("show", one, "E", "s"),
                command("--plain", one, "--at", "#0:1", typed="printed\ntell\nchain\nvalues\n?\n")]
    expected = [(done.code, done.out.count("\n"), done.err.count("\n")) for done in all_of("harmless")]
    assert [code for code, *_ in expected] == [1, 0, 0, 0]
    for text in escapes.packed(escapes.CORPUS.values()):
        found = all_of(text)
        assert [(done.code, done.out.count("\n"), done.err.count("\n")) for done in found] == expected
        for done in found:
            assert escapes.harmful(done.out + done.err) == []
        assert found[0].out.count(escapes.BEGIN) >= 2 * text.count(escapes.BEGIN)   # the title, and the reason


def test_the_words_of_a_scenario_as_json(escapes: ModuleType, command: Command, tmp_path: Path) -> None:
    """A program that reads JSON gets the text itself, but in ASCII."""
    for text in escapes.SHORT.values():
        name = written(tmp_path, text, "two.toml")
        for done in (command("show", name, "E", "--json"), command("show", name, f"E + {text.strip()}", "--json")):
            assert done.code in (0, 2) and escapes.harmful(done.out + done.err) == []
            assert done.out.isascii() and (done.code or json.loads(done.out))


def test_the_titles_of_the_list(escapes: ModuleType, command: Command, tmp_path: Path,
                               monkeypatch: pytest.MonkeyPatch) -> None:
    count = len(escapes.CORPUS)
    paths = [tmp_path / written(tmp_path, escapes.marked(text), f"{n}.toml")
             for n, text in enumerate(escapes.CORPUS.values())]
    monkeypatch.setattr(shipped, "shipped", lambda: [(f"{n}{chr(27)}[5m", path) for n, path in enumerate(paths)])
    done = command("list")
    assert (done.code, done.err, done.out.count("\n")) == (0, "", count)
    assert escapes.harmful(done.out) == [] and done.out.count(escapes.BEGIN) == count
    assert all(line.startswith(f"{n}\\x1b[5m") for n, line in enumerate(done.out.splitlines()))


# texts that it may not have

@pytest.mark.parametrize("place", PLACES)
def test_what_is_wrong_with_a_scenario(place: str, escapes: ModuleType, command: Command, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("x,y\n1,2\n")
    said = 0
    texts = [t for t in escapes.share(list(PLACES).index(place)).values() if not re.search(r"[\ud800-\udfff]", t)]
    for text in texts:
        parts = {key: value.format(t=toml(escapes.marked(text))) for key, value in PLACES[place].items()}
        (tmp_path / "odd.toml").write_text(NETWORK.format(**(DEFAULTS | parts)), "utf-8")
        done = command("show", "odd.toml", "E")
        if done.code == 0:                          # a name that is none, but a word of some script
            assert escapes.harmful(done.out + done.err) == []
            continue
        lines = refusal(escapes, done)
        assert all(re.match(r"odd\.toml:[0-9]+: ", line) for line in lines), lines
        said += any(escapes.BEGIN in line for line in lines)
    assert said > len(texts) // 2 or place in UNQUOTED


@pytest.mark.parametrize("where", ["header", "cell", "target"])
def test_cells_of_a_table(where: str, escapes: ModuleType, command: Command, tmp_path: Path) -> None:
    said = 0
    texts = [t for t in escapes.CORPUS.values() if len(t) < 5_000]
    data = "file = 'd.csv'\ninputs = ['x*']\ntargets = ['y']"
    (tmp_path / "odd.toml").write_text(NETWORK.format(**(DEFAULTS | {"data": data, "inputs": "1",
                                                                     "weights": "[[0.1]]"})), "utf-8")
    for text in texts:
        cell = '"' + escapes.marked(text).replace('"', '""') + '"'
        head, one, target = {"header": (cell.replace("Q{", "xQ{"), "1", "2"), "cell": ("x", cell, "2"),
                             "target": ("x", "1", cell)}[where]
        (tmp_path / "d.csv").write_text(f"{head},y\n{one},{target}\n", "utf-8", newline="")
        done = command("show", "odd.toml", "E")
        if done.code == 0:
            assert escapes.harmful(done.out + done.err) == []
        else:
            said += any(escapes.BEGIN in line for line in refusal(escapes, done))
    assert said > len(texts) // 2 or where == "header"


# texts that are typed

TYPED = (
    ("show", "two_layer", "{}"), ("show", "{}", "E"), ("show", "two_layer", "E", "--at", "{}"),
    ("show", "two_layer", "E", "--sample", "{}"), ("show", "two_layer", "E", "--{}"),
    ("check", "{}"), ("check", "two_layer", "--claims", "{}"), ("compare", "{}", "{}"), ("copy", "{}"),
    ("copy", "two_layer", "no/{}"), ("list", "{}"), ("{}",), ("--plain", "{}"), ("--plain", "two_layer", "--at", "{}"),
    ("two_layer", "--at", "{}"), ("two_layer", "--theme", "{}"), ("two_layer", "--screenshot", "x.svg", "--size", "{}"),
    ("two_layer", "--screenshot", "no/{}.svg"), ("--{}",),
)


@pytest.mark.parametrize("arguments", TYPED, ids=" ".join)
def test_what_is_typed_in_a_shell(arguments: tuple[str, ...], escapes: ModuleType, command: Command) -> None:
    opens = "--screenshot" in arguments and "--size" not in arguments
    texts = {name: text for name, text in escapes.share(TYPED.index(arguments), 40 if opens else 4).items()
             if "\0" not in text}                   # nobody can pass that
    said = 0
    for text in texts.values():
        lines = refusal(escapes, command(*(part.replace("{}", escapes.marked(text)) for part in arguments)))
        said += escapes.BEGIN in lines[0]
    assert said > len(texts) // 2 or "--at" in arguments or "--sample" in arguments


def test_what_is_typed_into_plain(escapes: ModuleType, command: Command) -> None:
    texts = [text for text in escapes.SHORT.values() if "\n" not in text]
    for verb in ("", "g ", "/ ", "b ", "w ", "got ", "m ", "? ", "save ", "D ", "tell "):
        done = command("--plain", "two_layer", typed="".join(f"{verb}{escapes.marked(text)}\n" for text in texts))
        assert done.code == 0 and escapes.harmful(done.out + done.err) == []
        assert done.out.count("\n") >= len(texts)


def test_files_of_any_name(escapes: ModuleType, command: Command, tmp_path: Path) -> None:
    said = 0
    for text in (*escapes.share(0, 2).values(), *escapes.SURROGATES.values()):
        name = escapes.marked(text).replace("/", "_").replace("\x00", "")
        if len(name.encode("utf-8", "surrogatepass")) > 200 or "\ud83d" in name:
            continue
        file = written(tmp_path, "x", f"{name}.toml")
        for done in (command("show", file, "E"), command("check", file), command("compare", file, file),
                     command("--plain", file, typed="n\n"), command("copy", "two_layer", f"{name}.copy.toml"),
                     command("copy", "two_layer", file), command("show", file, "nothing")):
            assert escapes.harmful(done.out + done.err) == [], (text, done)
            assert done.code in (0, 1, 2) and "Traceback" not in done.err
            said += escapes.BEGIN in done.out + done.err
    assert len(list(tmp_path.glob("*.copy.toml"))) > 60 and said > 300


# the user's own files

def test_the_settings(escapes: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "bptui" / "config.toml"
    file.parent.mkdir()
    said = 0
    for text in escapes.CORPUS.values():
        t = toml(escapes.marked(text))
        for content in (f"{t} = 1", f"theme = {t}", f"[keys]\n{t} = 's'", f"[keys]\ninto = {t}", f"keys = {t}",
                        f"x = '{text}'"):
            file.write_text(content, "utf-8", newline="")
            found = read_settings({"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)})
            assert escapes.harmful("".join(found.faults)) == []
            assert not any("\n" in fault for fault in found.faults)
            said += any(escapes.BEGIN in fault for fault in found.faults)
    assert said > len(escapes.CORPUS) // 2
