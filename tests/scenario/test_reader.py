"""Scenario files: what a good one says, and that what is no scenario at all is told in one line."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bptui.scenario.errors import Problem, ScenarioError
from bptui.scenario.reader import read_claims, read_scenario, read_scenario_text, render
from bptui.scenario.records import Activation, Claim, Init, Training
from bptui.scenario.trees import Call, Name, Operation

HERE = Path(__file__).parent
NETWORK = (HERE / "network.toml").read_text("utf-8")
EQUATIONS = (HERE / "equations.toml").read_text("utf-8")


def test_a_network() -> None:
    scenario = read_scenario_text(NETWORK, "net")
    assert (scenario.name, scenario.title, scenario.path, scenario.equations) == ("net", "T", None, None)
    assert scenario.network
    hidden, output = scenario.network.layers
    assert scenario.network.inputs == ("i1", "i2")
    assert (hidden.key, hidden.kind, hidden.name, hidden.units) == (
        ("network", "layers", 0),
        "dense",
        "hidden",
        ("h1", "h2"),
    )
    assert isinstance(hidden.weights, np.ndarray) and hidden.weights.tolist() == [[0.15, 0.2], [0.25, 0.3]]
    assert isinstance(hidden.bias, np.ndarray) and hidden.bias.shape == () and hidden.bias == 0.35
    assert hidden.weights.dtype == np.float64 and not hidden.weights.flags.writeable
    assert (hidden.weight_names, hidden.bias_names) == ((("w1", "w2"), ("w3", "w4")), ("b1",))
    assert (hidden.train, hidden.train_bias) == (True, False)
    assert (output.name, output.units, output.weights, output.bias) == ("layer2", 1, None, None)
    assert (hidden.activation.name, output.activation.name) == ("sigmoid", "linear")
    assert (scenario.loss.kind, scenario.loss.reduction, scenario.loss.name) == (
        "half_squared_error",
        "mean",
        "E",
    )
    assert scenario.data and scenario.data.targets is not None
    assert scenario.data.inputs.tolist() == [[0.05, 0.1]] and scenario.data.targets.tolist() == [[0.01]]
    assert scenario.claims == (Claim("d(E, w1)", Call("d", (Name("E", 2), Name("w1", 5))), value="0.5"),)
    assert scenario.lines[("network", "layers", 0, "weights", 1)] == 12
    assert scenario.digest == hashlib.sha256(NETWORK.encode()).hexdigest()


def test_equations() -> None:
    scenario = read_scenario_text(EQUATIONS, "one")
    assert scenario.title == "one" and scenario.network is None and scenario.data is None
    equations = scenario.equations
    assert equations and [line.name for line in equations.lines] == ["s", "p", "E"]
    assert equations.lines[1].text == "p = sigmoid(s)" and equations.loss == "E" == scenario.loss.name
    w1 = equations.parameters["W1"]
    assert isinstance(w1, np.ndarray) and w1.shape == () and w1 == 0.5
    assert equations.parameters["b"] == Init("uniform", {"low": 0.0, "high": 1.0})
    assert equations.values["X1"].tolist() == [0.1, 0.2] and equations.values["desired"].shape == ()


def test_the_defaults_are_those_of_the_contract() -> None:
    scenario = read_scenario_text(EQUATIONS, "one")
    assert scenario.training == Training(
        optimizer="sgd",
        learning_rate=0.01,
        updates=None,
        epochs=None,
        batch="all",
        shuffle=False,
        seed=0,
        update_order="simultaneous",
    )
    assert (scenario.beside, scenario.start, scenario.letters, scenario.claims) == ((), None, {}, ())
    assert (scenario.source, scenario.about, scenario.loss.reduction) == ("", "", "mean")


def test_every_supported_key() -> None:
    scenario = read_scenario_text(
        """
        beside = ["other", "one-more.toml"]
        start = "∂E/∂w1"
        source = "s"
        [loss]
        kind = "abs(t - o)"
        reduction = "sum"
        name = "L"
        [names]
        net = "z"
        delta = "δ"
        [training]
        optimizer = "adam"
        learning_rate = -1
        epochs = 3
        batch = 2
        shuffle = true
        seed = 7
        update_order = "in_place"
        gradient = "backpropagation"
        [network]
        inputs = 2
        [[network.layers]]
        kind = "dense"
        units = 2
        activation = "x / (1 + exp(-x))"
        bias = false
        train = false
        [[network.layers]]
        kind = "dense"
        units = 1
        bias = [1]
        weights = { init = "glorot_uniform" }
        activation = { law = "x*sigmoid(beta*x) + c", beta = 1.0, c = 2, train = ["beta"] }
        [[network.layers]]
        kind = "flatten"
        [data]
        inputs = [[1, 2], [3, 4]]
        targets = [0, 1]
        target_names = ["t1"]
        [[claims]]
        what = "E"
        value = "~−1.5e-3"
        erratum = "-2"
        why = "because"
        sample = 2
        after = 4
        [[claims]]
        what = "E < 1 and any(isnan(hidden.weights))"
        [[claims]]
        what = "isnan(E)"
    """,
        "all",
    )
    assert scenario.beside == ("other", "one-more.toml") and scenario.start == "∂E/∂w1"
    assert scenario.loss.kind is None and isinstance(scenario.loss.law, Call)
    assert (scenario.loss.text, scenario.loss.reduction, scenario.loss.name) == ("abs(t - o)", "sum", "L")
    assert scenario.letters == {"net": "z", "delta": "δ"}
    assert scenario.training == Training("adam", {}, -1.0, None, 3, 2, True, 7, "in_place")
    assert scenario.network
    first, second, third = scenario.network.layers
    assert first.bias is False and not first.train and isinstance(first.activation.law, Operation)
    assert first.activation.text == "x / (1 + exp(-x))" and first.activation.name is None
    assert second.weights == Init("glorot_uniform", {}) and second.activation.parameters == {
        "beta": 1,
        "c": 2,
    }
    assert isinstance(second.bias, np.ndarray) and second.bias.shape == (1,)
    assert second.activation.train == ("beta",)
    assert (
        third.kind == "flatten"
        and third.units == 0
        and third.activation == Activation("linear", text="linear")
    )
    assert [layer.name for layer in scenario.network.layers] == ["layer1", "layer2", "layer3"]
    assert scenario.data and scenario.data.targets is not None and scenario.data.targets.tolist() == [0, 1]
    claim = scenario.claims[0]
    assert (claim.value, claim.erratum, claim.why, claim.sample, claim.after) == (
        "~−1.5e-3",
        "-2",
        "because",
        2,
        4,
    )
    assert scenario.claims[1].value is None


def test_a_generated_layer_name_never_collides() -> None:
    scenario = read_scenario_text(NETWORK.replace('"hidden"', '"layer2"'), "net")
    assert scenario.network and [layer.name for layer in scenario.network.layers] == ["layer2", "layer3"]


def test_windows_line_ends_and_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "w.toml"
    file.write_bytes(b"\xef\xbb\xbf" + NETWORK.replace("\n", "\r\n").encode())
    assert read_scenario(file).lines[("training", "updates")] == 30


# Ten kinds of broken scenario: the change, and the one line that is seen.


def refused(path: Path) -> list[str]:
    with pytest.raises(ScenarioError) as error:
        read_scenario(path)
    return [line.removeprefix(str(path)) for line in render(error.value, path)]


def test_a_large_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "large.toml").open("wb") as file:
        file.truncate(100 * 10**6)

    def read(path: Path) -> bytes:
        raise AssertionError("a file of this size must not be read")
    monkeypatch.setattr(Path, "read_bytes", read)
    assert refused(tmp_path / "large.toml") == [
        ": the file holds 100,000,000 bytes; a scenario has at most 512 KiB"
    ]


def test_files_that_are_no_scenarios(tmp_path: Path) -> None:
    large = tmp_path / "large.toml"
    with large.open("wb") as file:
        file.truncate(100 * 10**6)
    assert refused(large) == [": the file holds 100,000,000 bytes; a scenario has at most 512 KiB"]
    assert refused(tmp_path) == [": this is a folder, not a scenario"]
    assert refused(tmp_path / "two_layr.toml") == [": there is no such file, did you mean 'two_layer'?"]
    assert refused(tmp_path / "zzzzz") == [": there is no such file"]
    assert refused(large / "x") == [": cannot be read: Not a directory"]
    assert refused(tmp_path / ("x" * 300)) == [": cannot be read: File name too long"]
    for content, line in {
        b"": ":1: the file is empty",
        b" \n\n": ":1: the file is empty",
        b"# nothing\n": ":1: there is no [network] and no [equations]: nothing to run",
        b"title = 'a'\nabout = '\xff'": ":2: this is not UTF-8 text",
        b"PK\x03\x04": ":1: this is not TOML: Expected '=' after a key in a key/value pair (column 3)",
        b"a = 1\n\nb = [1,\n": ":3: this is not TOML: Invalid value",
        b"a = " + b"[" * 100_000: ": lists or tables are nested too deeply",
        b"a = 1\na = 2\n": ":2: this is not TOML: Cannot overwrite a value",
    }.items():
        file = tmp_path / "s.toml"
        file.write_bytes(content)
        [seen] = refused(file)
        assert seen.startswith(line), seen


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    assert refused(tmp_path / "pipe.toml") == [": this is not a regular file"]


def test_a_path_is_shown_without_controls() -> None:
    error = ScenarioError([Problem(("a", 3), "b\x1b[0m", None)])
    assert render(error, "x\x1b]0;y\x07.toml", {("a",): 4}) == ["x\\x1b]0;y\\x07.toml:4: b\\x1b[0m"]
    assert render(error, "x") == ["x: b\\x1b[0m"]


def test_the_engines_problems_get_their_lines_from_the_scenario() -> None:
    lines = read_scenario_text(NETWORK, "n").lines
    error = ScenarioError(
        [Problem(("training",), "second"), Problem(("network", "layers", 1, "activation"), "first")]
    )
    assert render(error, "n", lines) == ["n:18: first", "n:28: second"]


def test_claims_of_another_file(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('[[claims]]\nwhat = "E"\nvalue = "1"\n[[claims]]\nwhat = "E < 1"\nafter = 3\n')
    assert [(claim.what, claim.value, claim.after) for claim in read_claims(file)[0]] == [
        ("E", "1", 0),
        ("E < 1", None, 3),
    ]
    for text, line in {
        'title = "x"\n[[claims]]\nwhat = "a<1"':
            ":1: unknown key 'title' in a file of claims; known here: claims",
        "# none\n": ":1: claims is missing in a file of claims",
        "claims = []\n": ":1: claims is an empty list, expected tables",
        "[claims]\n": ":1: claims must be a list of tables, not a table",
        "claims = [3]\n": ":1: [[claims]] must be a table, not a number",
        "[[claims]]\nafter = 3\n": ":1: what is missing in [[claims]]",
        '[[claims]]\nwhat = "E<1"\nafer = 3\n': ":3: unknown key 'afer' in [[claims]], did you mean 'after'?",
    }.items():
        file.write_text(text)
        with pytest.raises(ScenarioError) as error:
            read_claims(file)
        assert render(error.value, "c") == ["c" + line]


def test_reading_imports_nothing_heavy() -> None:
    code = (
        "import sys, bptui.scenario.reader; "
        "print(*(m for m in ('sympy', 'textual', 'mpmath', 'bptui.engine') if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == ""
