"""The command line from outside: what it prints, where, and with which exit code. Each call is a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bptui
from bptui import cli

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "scenarios"
NAMES = sorted(path.stem for path in SCENARIOS.glob("*.toml"))
Result = subprocess.CompletedProcess[str]


def bptui_(*arguments: str, cwd: Path = ROOT, **environment: str) -> Result:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **environment}
    return subprocess.run([sys.executable, "-W", "error", "-m", "bptui", *arguments], cwd=cwd, env=env, timeout=120,
                          stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="surrogateescape")


def values(*arguments: str, at: int = 0) -> dict[str, Any]:
    done = bptui_("show", *arguments, "--at", str(at), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["at"] == at
    return found["values"]


def refused(done: Result) -> list[str]:
    """What a refused command says: on stderr only, without a traceback."""
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "Traceback" not in done.stderr and done.stderr.endswith("\n")
    return done.stderr.splitlines()


# show

def test_the_figures_of_the_issue() -> None:
    first = values("scenarios/two_layer.toml", "d(E, w5)", "E")
    assert first == {"d(E, w5)": pytest.approx(0.08216704056423078, abs=1e-15, rel=0), "E": 0.2983711087600027}
    after_one = {"two_layer": 0.29102777369359933, "two_layer_in_place": 0.29102792390544197}
    for name, expected in after_one.items():
        assert values(name, "E", at=1)["E"] == pytest.approx(expected, abs=1e-15, rel=0)
    assert values("two_layer", "E", at=10000)["E"] == pytest.approx(3.510187783e-05, abs=5e-15)
    last = values("two_layer_in_place", "out_o1", "out_o2", at=10000)
    assert last["out_o1"] == pytest.approx(0.015912196, abs=5e-10)
    assert last["out_o2"] == pytest.approx(0.984065734, abs=5e-10)
    d = values("single_neuron", "d(E, b)")["d(E, b)"]
    assert d == pytest.approx(0.09276092558183859, abs=1e-15, rel=0)


def test_values_are_under_the_quantity_as_it_was_written() -> None:
    asked = ["∂E/∂w5", "d( E,w5 )", "hidden.weights", "d(E, hidden.weights)[1,0]", "E<1", "w5.next", "w5@0 - w5"]
    found = values("two_layer", *asked)
    assert list(found) == asked
    assert found["∂E/∂w5"] == found["d( E,w5 )"] and found["hidden.weights"] == [[0.15, 0.2], [0.25, 0.3]]
    assert found["E<1"] is True and found["w5@0 - w5"] == 0


def test_after_more_updates_than_the_scenario_makes() -> None:
    assert 0 < values("two_layer", "E", at=80000)["E"] < 3e-06
    assert values("partial_derivative", "X", at=0)["X"] == 3
    for at in (0, 10_000, 10_001, 80_000):              # it is said, in every form
        text = bptui_("show", "two_layer", "E", "w5", "--at", str(at)).stdout
        as_json = json.loads(bptui_("show", "two_layer", "E", "--at", str(at), "--json").stdout)
        past = "The run ends after 10,000 updates: this is how it would go on."
        assert (text.splitlines()[-1] == past, past in text) == (at > 10_000, at > 10_000)
        assert as_json.get("run_ends_after") == (10_000 if at > 10_000 else None)


def test_numbers_that_json_lacks(tmp_path: Path) -> None:
    file = tmp_path / "odd.toml"
    file.write_text("[equations]\nforward = ['a = log(W)', 'b = -a', 'c = a - a', 'E = W*W + c*0']\nloss = 'E'\n"
                    "[parameters]\nW = 0.0\n", "utf-8")
    found = values(str(file), "a", "b", "c", "isnan(c)", "d(a, W)")
    assert found == {"a": "-Infinity", "b": "Infinity", "c": "NaN", "isnan(c)": True, "d(a, W)": "Infinity"}


def test_what_is_not_finite_has_one_name_in_words(tmp_path: Path) -> None:
    """However a value is asked for: alone, in a tensor, in its derivation, in a comparison of two files."""
    for name, w in (("odd", "0.0"), ("even", "1.0")):
        (tmp_path / f"{name}.toml").write_text(
            "[equations]\nforward = ['a = log(W*x)', 'E = a - a']\nloss = 'E'\n[parameters]\nW = " + w + "\n"
            "[values]\nx = [1.0, 2.0]\n[training]\nupdates = 2\n", "utf-8")
    said = [bptui_("show", "odd.toml", "a", "d(a, W)", "E", cwd=tmp_path).stdout,
            bptui_("compare", "odd.toml", "even.toml", cwd=tmp_path).stdout,
            bptui_("check", "odd.toml", cwd=tmp_path).stdout]
    assert "a = -Inf\n" in said[0] and "d(a, W) = Inf\n" in said[0] and "E = NaN\n" in said[0]
    assert "NaN in A, 0.0 in B" in said[1]
    assert not re.search(r"\b(nan|inf|Infinity)\b", "".join(said))


def test_a_number_that_is_its_own_formula_stands_once(tmp_path: Path) -> None:
    (tmp_path / "sum.toml").write_text("[equations]\nforward = ['r = W*2', 'E = r']\nloss = 'E'\n[parameters]\n"
                                       "W = 3.0\n", "utf-8")
    lines = bptui_("show", "sum.toml", "d(E, W)", cwd=tmp_path).stdout.splitlines()
    assert lines[2].split()[-2:] == ["+1.000000000", "1"]


def test_a_sample() -> None:
    done = bptui_("show", "wide_784", "loss", "--sample", "3", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0 and found["sample"] == 3 and found["values"]["loss"] > 0
    assert refused(bptui_("show", "wide_784", "loss", "--sample", "11")) == [
        "bptui: loss: sample 11 is not in the batch of update 0; its rows are 1, 2, 3, 4, 5, 6, 7, 8, 9, 10"]
    assert "whole number from 1" in refused(bptui_("show", "wide_784", "loss", "--sample", "0"))[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["two_layer", "w55"], "bptui: w55: 'w55' is not a quantity of two_layer, did you mean 'w5'?"),
        (["two_layer", "E", "1 +"], "bptui: 1 +: something is missing after '+'"),
        (["two_layer", "d(w5, E)"], "d(y, x) is of a forward or loss quantity"),
        (["two_layer", "E", "--at", "-1"], "argument --at"),
        (["two_layer", "E", "--at", "9" * 30], "argument --at"),
        (["two_layer", "E", "--colour"], "unrecognized arguments: --colour"),
        (["two_layer"], "the following arguments are required: QUANTITY"),
        (["two_layer", "\x1b[2J"], "bptui: \\x1b[2J:"),
        (["two_lyer", "E"], "two_lyer: there is no such file, did you mean 'two_layer'?"),
        (["two_layer", "().__class__"], "bptui: ().__class__:"),
    ],
)
@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_what_cannot_be_shown(arguments: list[str], words: str, as_json: list[str]) -> None:
    (line,) = refused(bptui_("show", *arguments, *as_json))
    assert words in line and "\x1b" not in line


@pytest.mark.parametrize("given", [["show", "two_layer", "--", "--"], ["show", "--json", "two_layer", "--", "--"],
                                   ["check", "--"], ["check", "--", "--"]])  # fmt: skip
def test_dashes_that_stand_for_nothing(given: list[str]) -> None:
    (line,) = refused(bptui_(*given))
    assert "the following arguments are required: " in line or line == "--: there is no such file"


def test_a_derivation() -> None:
    done = bptui_("show", "two_layer", "d(E, w5)", "E")
    assert (done.returncode, done.stderr) == (0, "")
    for figure in ("0.741365070", "0.186815602", "0.593269992", "0.082167041"):
        assert figure in done.stdout
    assert "∂out_o1/∂net_o1" in done.stdout and "\n\n" in done.stdout


def test_a_value_without_a_derivation() -> None:
    done = bptui_("show", "two_layer", "hidden.weights", "E < 1", "w5 - w6", "w5", "--at", "1")
    assert (done.returncode, done.stderr) == (0, "")
    weights, truth, gap, w5 = done.stdout.split("\n\n")
    assert weights.startswith("hidden.weights after 1 update =\n[[0.14978")
    assert truth == "E < 1 after 1 update = true" and gap.startswith("w5 - w6 after 1 update = -0.049749706")
    assert w5 == "w5 after 1 update = 0.35891647971788465\n"
    corners = bptui_("show", "wide_784", "hidden.weights").stdout
    assert "..." in corners and len(corners.splitlines()) < 20


# broken files

NETWORK = """[network]
inputs = 2
[[network.layers]]
kind = "dense"
name = "a"
units = 1
activation = "sigmoid"
weights = [[0.1, 0.2]]
[loss]
kind = "half_squared_error"
[data]
inputs = [[0.05, 0.1]]
targets = [[0.01]]
"""
EQUATIONS = "[equations]\nforward = ['y = W*x', 'E = y*y']\nloss = 'E'\n[parameters]\nW = 1.0\n[values]\nx = 2.0\n"
BROKEN: dict[str, tuple[str, str, str, str]] = {
    "bad TOML": (NETWORK, "inputs = 2", "inputs 2", "2: this is not TOML"),
    "unknown key": (NETWORK, "name = \"a\"", "name = \"a\"\nbiass = 1",
                    "6: unknown key 'biass' in [[network.layers]], did you mean 'bias'?"),
    "unknown activation": (NETWORK, '"sigmoid"', '"sigmoidd"',
                           "7: unknown activation 'sigmoidd', did you mean 'sigmoid'?"),
    "wrong shape": (NETWORK, "[[0.1, 0.2]]", "[[0.1, 0.2, 0.3]]", "8: weights of 'a' must be 1 rows of 2"),
    "missing data": (NETWORK, "[data]\ninputs = [[0.05, 0.1]]\ntargets = [[0.01]]\n", "", "[data] is missing"),
    "a name used twice": (EQUATIONS, "x = 2.0", "x = 2.0\nW = 3.0", "the name 'W' is used twice"),
    "a name never defined": (EQUATIONS, "W*x", "W*z", "2: 'z' is never defined"),
    "a non-finite number": (EQUATIONS, "1.0", "nan", "5: W must be a finite number"),
    "running code": (EQUATIONS, "W*x", "__import__(\"os\").system(\"touch broken\")*x", "2: "),
    "an unknown optimizer": (NETWORK, "[data]", "[training]\noptimizer = 'adan'\n[data]",
                             "12: unknown optimizer 'adan', did you mean 'adam'?"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_one_clear_line(kind: str, tmp_path: Path) -> None:
    text, old, new, words = BROKEN[kind]
    assert text.count(old) >= 1
    file = tmp_path / "broken.toml"
    file.write_text(text.replace(old, new, 1), "utf-8")
    for arguments in (["show", "broken.toml", "E"], ["check", "broken.toml"], ["broken.toml"]):
        said = refused(bptui_(*arguments, cwd=tmp_path))
        assert len(said) == 1 and said[0].startswith("broken.toml:") and words in said[0], said
        assert not (tmp_path / "broken").exists()


def test_a_huge_file_a_folder_and_a_missing_one(tmp_path: Path) -> None:
    with open(tmp_path / "huge.toml", "wb") as huge:
        huge.truncate(100 * 2**20)
    said = refused(bptui_("check", "huge.toml", str(SCENARIOS), "none.toml", "two_layer", cwd=tmp_path))
    assert said == [
        "huge.toml: the file holds 104,857,600 bytes; a scenario has at most 512 KiB",
        f"{SCENARIOS}: this is a folder, not a scenario", "none.toml: there is no such file"]


def test_controls_in_a_file_stay_in_it(tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[31mb.toml"
    file.write_text(EQUATIONS + 'title = "x\\u001b]0;y\\u0007"\n', "utf-8")
    (line,) = refused(bptui_("check", str(file)))
    assert "\x1b" not in line and "\\x1b" in line
    good = tmp_path / "good.toml"
    good.write_text('title = "x\\u001b]0;y\\u0007\\u009b\\u202e"\n' + EQUATIONS, "utf-8")
    done = bptui_("check", str(good))
    assert done.returncode == 0 and "x\\x1b]0;y\\x07\\x9b\\u202e" in done.stdout


# check

@pytest.mark.parametrize("name", NAMES if os.environ.get("FULL") else NAMES[::5])  # the gate checks all
def test_check_a_shipped_scenario(name: str) -> None:
    done = bptui_("check", name)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.splitlines()[-1] == "check: all holds"


def test_check_says_what_does_not_simply_agree() -> None:
    done = bptui_("check", "two_layer", "single_neuron")
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert "  claims     31 figures: 26 agree, 1 last digit, 4 known errata" in said
    assert "    last digit: d(E_o2, out_h1): printed -0.019049119, computed -0.019049118258278114" in said
    assert any("known erratum: E after 1 update: printed 0.291027924, computed 0.2910277736935993" in s for s in said)
    assert "  replay     bit-equal to the straight run over 10,000 updates" in said
    assert said[-1] == "check: all 2 hold"


def test_check_as_json() -> None:
    done = bptui_("check", "single_neuron", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr, found["ok"], found["scenario"]) == (0, "", True, "single_neuron")
    assert {"what": "d(E, b)", "after": 0, "claimed": "0.000000000", "digits": 0, "verdict": "known erratum",
            "computed": pytest.approx(0.09276092558183859, abs=1e-15)} in found["claims"]
    assert [set(row) for row in found["gradients"]] == [{"what", "differences", "digits50", "ok", "verdict"}] * 3
    assert found["finite"] == {"ok": True, "what": None, "cause": None}
    assert found["replay"] == {"ok": True, "updates": 1000}
    both = json.loads(bptui_("check", "single_neuron", "partial_derivative", "--json").stdout)
    assert both["ok"] is True
    assert [one["scenario"] for one in both["scenarios"]] == ["single_neuron", "partial_derivative"]


UNASKABLE = """
[equations]
forward = ["y = w*x", "E = y*y"]
loss = "E"
[parameters]
w = 1.0
[values]
x = [0.5, 2.0]
[training]
updates = 3
batch = 1
until = "q < 1"
[[claims]]
what = "d(d(E, w), w)"
value = "1"
[[claims]]
what = "w[3]"
value = "1"
[[claims]]
what = "x"
sample = 2
value = "1"
[[claims]]
what = "E < 0 and w99 > 1"
[[claims]]
what = "w"
value = "1"
"""


@pytest.mark.parametrize("command", [["check"], ["show", "E"], ["--plain"], [], ["--screenshot", "a.svg"]])
def test_claims_that_cannot_be_asked_are_faults_of_the_file_all_in_one_pass(tmp_path: Path, command: list[str]) -> None:
    file = tmp_path / "here.toml"
    file.write_text(UNASKABLE.removeprefix("\n"), "utf-8")
    arguments = [*command[:1], str(file), *command[1:]] if command[:1] != ["--screenshot"] else [str(file), *command]
    lines = refused(bptui_(*arguments, cwd=tmp_path))
    assert [line.removeprefix(f"{file}:").split(": ")[:2] for line in lines] == [
        ["11", "until"], ["13", "d(d(E, w), w)"], ["16", "w[3]"], ["20", "x"], ["23", "E < 0 and w99 > 1"]]
    assert "'w99' is not a quantity" in lines[-1]


def test_broken_claims_and_those_that_cannot_be_asked_are_told_in_one_pass(tmp_path: Path) -> None:
    """In a file of claims, and in the scenario's own: a dropped claim does not move the lines of the others."""
    claims = ('[[claims]]\nvalue = "1"\n[[claims]]\nwhat = "w99"\nvalue = "1"\n[[claims]]\nwhat = "w1"\nvalue = "abc"\n'
              '[[claims]]\nwhat = "h7"\nvalue = 3\nsample = 9\n')
    mine, own = tmp_path / "mine.toml", tmp_path / "own.toml"
    mine.write_text(claims, "utf-8")
    written = (SCENARIOS / "two_layer.toml").read_text("utf-8")
    own.write_text(f"{written.rstrip()}\n{claims}", "utf-8")
    lines = refused(bptui_("check", "two_layer", "--claims", str(mine)))
    assert [re.sub(r"[: ].*", "", line.removeprefix(f"{mine}:")) for line in lines] == ["1", "4", "8", "11", "12"]
    moved = written.rstrip().count("\n") + 1
    lines = refused(bptui_("check", str(own)))
    assert [int(re.sub(r"[: ].*", "", line.removeprefix(f"{own}:"))) - moved for line in lines] == [1, 4, 8, 11, 12]
    assert "'w99' is not a quantity" in lines[1]


def test_claims_of_another_file_that_cannot_be_asked_are_faults_of_that_file(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('[[claims]]\nwhat = "w99"\nvalue = "1"\n[[claims]]\nwhat = "w1"\nvalue = "0.15"\n'
                    '[[claims]]\nwhat = "hidden.weights"\nvalue = "2"\n', "utf-8")
    lines = refused(bptui_("check", "two_layer", "--claims", str(mine)))
    assert [line.removeprefix(f"{mine}:").split(": ")[:2] for line in lines] == [["2", "w99"], ["8", "hidden.weights"]]


def test_claims_of_another_file(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('[[claims]]\nwhat = "w1"\nafter = 1\nvalue = "0.1498"\n[[claims]]\nwhat = "d(E, w1)"\n'
                    'value = "0.000364723"\nwhy = "what I got"\n', "utf-8")
    done = bptui_("check", "two_layer", "--claims", str(mine))
    assert (done.returncode, done.stderr) == (1, "")
    assert "  claims     2 figures: 1 agrees, 1 differs" in done.stdout
    assert "    differs: d(E, w1): claimed 0.000364723, computed 0.0004385677" in done.stdout
    assert done.stdout.splitlines()[-1] == "check: 1 of 1 failed: two_layer"
    as_json = bptui_("check", "two_layer", "--claims", str(mine), "--json")
    assert as_json.returncode == 1 and json.loads(as_json.stdout)["ok"] is False
    mine.write_text('[[claim]]\nwhat = "w1"\n', "utf-8")
    assert all(line.startswith(str(mine)) for line in refused(bptui_("check", "two_layer", "--claims", str(mine))))


# list, copy, and the rest

def test_list() -> None:
    done = bptui_("list")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == NAMES
    assert "Where does 0.082167041 come from?" in done.stdout
    (line,) = refused(bptui_("list", "two_layer"))
    assert line == "bptui list: unrecognized arguments: two_layer (see bptui list --help)"


def test_copy_writes_and_never_overwrites(tmp_path: Path) -> None:
    assert bptui_("copy", "two_layer", cwd=tmp_path).stdout == "wrote two_layer.toml\n"
    shipped = (SCENARIOS / "two_layer.toml").read_bytes()
    assert (tmp_path / "two_layer.toml").read_bytes() == shipped
    (tmp_path / "two_layer.toml").write_text("mine")
    (line,) = refused(bptui_("copy", "two_layer.toml", cwd=tmp_path))
    assert "two_layer.toml is already there" in line
    assert (tmp_path / "two_layer.toml").read_text() == "mine"
    assert bptui_("copy", "two_layer", "other.toml", cwd=tmp_path).returncode == 0
    assert (tmp_path / "other.toml").read_bytes() == shipped
    os.symlink("nowhere", tmp_path / "link.toml")
    assert "already there" in refused(bptui_("copy", "two_layer", "link.toml", cwd=tmp_path))[0]
    (line,) = refused(bptui_("copy", "two_layr", cwd=tmp_path))
    assert line == "bptui: two_layr is no shipped scenario, did you mean 'two_layer'? (see bptui list)"
    assert "No such file or directory" in refused(bptui_("copy", "two_layer", "no/where.toml", cwd=tmp_path))[0]


def test_a_copy_brings_its_data(tmp_path: Path) -> None:
    assert bptui_("copy", "wide_784", str(tmp_path)).returncode == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["wide_784.npz", "wide_784.toml"]
    assert bptui_("copy", "wide_784", "second.toml", cwd=tmp_path).stdout == "wrote second.toml\n"
    done = bptui_("show", "second.toml", "E", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["values"]["E"] == pytest.approx(0.69, abs=0.01)
    (tmp_path / "wide_784.npz").write_bytes(b"mine")
    assert "wide_784.npz is already there" in refused(bptui_("copy", "wide_784", "third.toml", cwd=tmp_path))[0]
    assert not (tmp_path / "third.toml").exists()


def test_a_full_disk_is_left_no_half_of_a_copy(tmp_path: Path) -> None:
    """No file can grow beyond 16 KiB or so: the scenario fits, its data do not."""
    command = ("sh", "-c", 'ulimit -f 32; exec "$@"', "sh", sys.executable, "-m", "bptui", "copy", "wide_784")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert refused(done) == ["bptui: wide_784.npz: File too large"]
    assert list(tmp_path.iterdir()) == []


def test_version_and_help() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert bptui_("--version").stdout == f"bptui {project['version']}\n"
    told = bptui_("--help")
    assert told.returncode == 0 and all(f"bptui {name}" in told.stdout for name in cli.COMMANDS)
    for name in cli.COMMANDS:
        assert bptui_(name, "--help").stdout.startswith(f"usage: bptui {name}")


def test_compare_finds_where_the_tutorials_two_rules_part() -> None:
    done = bptui_("compare", "two_layer", "two_layer_in_place", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert found["differs"] == [{"what": "training.update_order", "path": "training.update_order", "a": "simultaneous",
                                 "b": "in_place", "note": ""}]
    first = found["first"]
    # The output weights are changed before the way back goes on to h1: 0.40 was read there, and 0.358916480.
    assert (first["update"], first["quantity"], first["equal_before"]) == (0, "d(E, out_h1)", 19)
    assert (first["differ"], first["values"]) == (12, 35)
    assert abs(first["a"] - 0.036350306) < 5e-10 and abs(first["b"] - 0.030229739) < 5e-10
    assert [(t["what"], t["after"]) for t in found["then"]] == [("E", 1), ("E", 10_000)]
    assert [f"{found['then'][1][run]:.13f}"[:12] for run in "ab"] == ["0.0000351018", "0.0000350847"]


def test_compare_in_words() -> None:
    said = bptui_("compare", "two_layer", "two_layer").stdout.splitlines()
    assert said[1].split() == ["what", "differs", "nothing"]
    assert said[2].endswith("none: all values of 10,000 updates are equal, bit for bit")
    said = bptui_("compare", "batch_each", "batch_all").stdout
    assert "training.batch: 1 in A, all in B" in said
    assert "the number of samples in the batch is 1 in A, 6 in B" in said
    assert "after 0 updates: steep.next is" in bptui_("compare", "adam", "adam_sgd").stdout
    assert refused(bptui_("compare", "two_layer", "two_lair"))[0].startswith("two_lair: there is no such file")


@pytest.mark.parametrize(("arguments", "words"), [
    (["chek", "two_layer"], "'chek' is no command, did you mean check?"),
    (["shw", "two_layer", "E"], "'shw' is no command, did you mean show?"),
    (["chek"], "'chek' is no command, did you mean check?"),
    (["Show", "two_layer", "E"], "did you mean show?"),
    (["diff", "two_layer", "gan"], "did you mean compare?"),
    (["open", "two_layer"], "'open' is no command: bptui two_layer opens a scenario"),
    (["foo", "bar"], "'foo' is no command and no scenario; the commands: show, check, compare"),
    (["two_layer", "show", "d(E, w5)"], "the command comes first: bptui show two_layer 'd(E, w5)'"),
    (["two_lyer"], "two_lyer: there is no such file, did you mean 'two_layer'?"),
    (["nosuch"], "nosuch: there is no such file; bptui list names the scenarios that come with it"),
    (["check", "nosuch"], "nosuch: there is no such file; bptui list names"),
    (["help", "shw"], "'shw' is no command, did you mean 'show'? The commands: show"),
    (["--theme", "drak", "two_layer"], "there is no theme 'drak', did you mean 'dark'? Known: terminal"),
    (["two_layer", "--theem", "dark"], "unrecognized arguments: --theem dark, did you mean '--theme'?"),
    (["show", "two_layer", "E", "--jsn"], "did you mean '--json'?"),
    (["show", "two_layer", "w99"], "w99: 'w99' is not a quantity of two_layer; there are w1 to w8"),
])
def test_what_was_meant_is_said(arguments: list[str], words: str) -> None:
    (line,) = refused(bptui_(*arguments))
    assert words in line


def test_help_and_version_by_their_names() -> None:
    assert bptui_("help").stdout == bptui_("--help").stdout and bptui_("version").stdout == bptui_("--version").stdout
    for name in cli.COMMANDS:
        assert bptui_("help", name).stdout == bptui_(name, "--help").stdout


@pytest.mark.parametrize("arguments", [
    ["LONG"], ["show", "two_layer", "LONG"], ["LONG", "two_layer"], ["show", "LONG", "E"], ["--size", "LONG"],
    ["two_layer", "--LONG"], ["copy", "LONG"], ["show", "two_layer", "E", "--at", "LONG"], ["--theme", "LONG"],
    ["--plain", "two_layer", "--at", "LONG"], ["check", "two_layer", "--claims", "LONG"]])
@pytest.mark.parametrize("letter", ["x", "\x1b∂ "])
def test_a_long_argument_is_not_repeated_whole(arguments: list[str], letter: str) -> None:
    lines = refused(bptui_(*(word.replace("LONG", letter * 10_000) for word in arguments)))
    assert sum(map(len, lines)) < 3000


def test_a_command_wins_over_a_scenario_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "list").write_text(EQUATIONS)
    assert bptui_("list", cwd=tmp_path).stdout.startswith("adam")
    assert "terminal" in refused(bptui_("./list", cwd=tmp_path))[0]


def test_without_a_terminal_one_line_names_what_works() -> None:
    for arguments in ([], ["two_layer"], ["two_layer", "--at", "d(E, w1)"]):
        assert refused(bptui_(*arguments)) == [
            "bptui: the screen needs a terminal, but the input is not one; "
            "these commands work here: bptui --plain SCENARIO, bptui show, check, compare, list, lesson, copy"]


def test_a_picture_needs_no_terminal(tmp_path: Path) -> None:
    file = str(tmp_path / "x.svg")
    done = bptui_("two_layer", "--screenshot", file, "--keys", "n n n", "--size", "90x25", TERM="dumb")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    picture = (tmp_path / "x.svg").read_text("utf-8")
    assert picture.startswith("<svg") and "two_layer" in picture
    (line,) = refused(bptui_("two_layer", "--screenshot", str(tmp_path / "no" / "x.svg")))
    assert "No such file or directory" in line


@pytest.mark.parametrize(
    "arguments", [["--keys", "s", "two_layer"], ["two_layer", "--size", "80x24"], ["--at", "#1"], ["a", "b"],
                  ["two_layer", "--screenshot", "x.svg", "--size", "80"], ["--scr", "x"], ["--plain"],
                  ["--plain", "two_layer", "--screenshot", "x.svg"]])  # fmt: skip
def test_bad_usage(arguments: list[str]) -> None:
    (line,) = refused(bptui_(*arguments))
    assert line.startswith("bptui: ") and line.endswith("(see bptui --help)")


# streams

def test_a_reader_that_leaves_early() -> None:
    command = f"{sys.executable} -m bptui list | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    first, code = done.stdout.splitlines()
    assert first.startswith("adam") and done.stderr == "" and code in ("0", "141")
    closed = "import sys, os; os.close(1)\nfrom bptui.cli import main\nsys.exit(main(['list']))"
    done = subprocess.run([sys.executable, "-c", closed], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "bptui", "list"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE,
                              text=True, check=False)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "No space left" in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_streams_that_are_not_utf_8(encoding: str) -> None:
    done = bptui_("show", "two_layer", "d(E, w1)", "∂E/∂w5", PYTHONIOENCODING=encoding, LC_ALL="C")
    assert (done.returncode, done.stderr) == (0, "")
    assert ("∂E/∂w5" in done.stdout) == (encoding == "utf-8")
    assert ("dE/dw5" in done.stdout) == (encoding != "utf-8")
    found = bptui_("show", "two_layer", "∂E/∂w5", "--json", PYTHONIOENCODING=encoding)
    assert list(json.loads(found.stdout)["values"]) == ["∂E/∂w5"]
    assert bptui_("check", "two_layer", PYTHONIOENCODING=encoding).returncode == 0


def test_bytes_that_are_no_text() -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for arguments in ([b"show", b"two_layer", b"\xff"], [b"show", b"\xff", b"E"], [b"\xff"]):
        done = subprocess.run([os.fsencode(sys.executable), b"-m", b"bptui", *arguments], cwd=ROOT, env=env,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)
        assert done.returncode == 2 and b"Traceback" not in done.stderr and done.stderr.count(b"\n") == 1


# in this process

def raising(error: BaseException) -> Callable[[list[str]], int]:
    def command(arguments: list[str]) -> int:
        raise error
    return command


def test_an_interrupt(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(cli.COMMANDS, "list", raising(KeyboardInterrupt()))
    assert cli.main(["list"]) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("module", ["bptui.cli", "bptui.streams", "bptui.scenario.tables", "tomllib"])
def test_an_interrupt_while_it_is_being_loaded(module: str) -> None:
    script = ("import runpy, sys\nclass Interrupt:\n def find_spec(self, name, *others):\n"
              f"  if name == {module!r}: raise KeyboardInterrupt\n"
              "sys.meta_path.insert(0, Interrupt())\nsys.argv = ['bptui', 'list']\n"
              "runpy.run_module('bptui', run_name='__main__')")
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_one_thread_whatever_was_set_before(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in cli.THREADS:
        monkeypatch.setenv(name, "8")
    assert cli.main(["--version"]) == 0
    assert [os.environ[name] for name in cli.THREADS] == ["1", "1", "1"]


def test_help_is_there_before_numpy() -> None:
    script = ("import sys\nfrom bptui.cli import main\nassert main(['--help']) == 0 and main(['list']) == 0\n"
              "assert not {'sympy', 'mpmath', 'textual'} & set(sys.modules)")
    subprocess.run([sys.executable, "-W", "error", "-c", script], cwd=ROOT, check=True, capture_output=True)
    script = "import sys, bptui\nassert bptui.__version__ and 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-W", "error", "-c", script], cwd=ROOT, check=True, capture_output=True)


def test_in_python() -> None:
    assert bptui.open_run(SCENARIOS / "two_layer.toml").value("d(E, w5)") == pytest.approx(0.08216704056423078)
    with pytest.raises(AttributeError, match="no attribute 'open_nothing'"):
        bptui.open_nothing  # noqa: B018
