"""The shipped scenarios are found by name, and all of them can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from bptui.scenario import shipped
from bptui.scenario.errors import ScenarioError
from bptui.scenario.reader import read_scenario

CHECKOUT = Path(__file__).parents[2] / "scenarios"


def test_the_shipped_scenarios_are_those_of_the_checkout() -> None:
    found = shipped.shipped()
    assert {name for name, _ in found} >= {"two_layer", "two_layer_in_place", "single_neuron", "wide_784"}
    assert [path.name for _, path in found] == sorted(path.name for path in CHECKOUT.glob("*.toml"))


@pytest.mark.parametrize("path", sorted(CHECKOUT.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_is_read(path: Path) -> None:
    scenario = read_scenario(path)
    assert (scenario.name == path.stem and scenario.claims) or path.stem == "wide_784"
    for name in scenario.beside:
        assert shipped.find_beside(name, path) == path.with_name(f"{name}.toml")


def test_the_packaged_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "packaged").mkdir()
    (tmp_path / "packaged" / "only.toml").touch()
    monkeypatch.setattr(shipped, "FOLDERS", (tmp_path / "packaged", CHECKOUT))
    assert shipped.shipped() == [("only", tmp_path / "packaged" / "only.toml")]
    monkeypatch.setattr(shipped, "FOLDERS", (tmp_path / "absent", CHECKOUT))
    assert "two_layer" in dict(shipped.shipped())
    monkeypatch.setattr(shipped, "FOLDERS", (tmp_path / "absent",))
    assert shipped.shipped() == []


def test_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shipped.find("two_layer").samefile(CHECKOUT / "two_layer.toml")
    assert shipped.find("two_layer.toml").samefile(CHECKOUT / "two_layer.toml")
    (tmp_path / "two_layer.toml").touch()
    assert shipped.find("two_layer.toml") == Path("two_layer.toml")
    assert shipped.find(tmp_path) == tmp_path
    for wrong, message in {
        "two_layr": "there is no such file, did you mean 'two_layer'?",
        "scenarios/two_layer_in_plac.toml": "there is no such file, did you mean 'two_layer_in_place'?",
        "../two_layer": "there is no such file, did you mean 'two_layer'?",
        "q\0": "there is no such file",
        "": "there is no such file",
    }.items():
        if wrong:
            with pytest.raises(ScenarioError) as error:
                shipped.find(wrong)
            assert str(error.value) == message


def test_beside_prefers_the_files_own_folder(tmp_path: Path) -> None:
    (tmp_path / "two_layer.toml").touch()
    assert shipped.find_beside("two_layer", tmp_path / "mine.toml") == tmp_path / "two_layer.toml"
    assert (
        shipped.find_beside("single_neuron", tmp_path / "mine.toml")
        == dict(shipped.shipped())["single_neuron"]
    )
    assert shipped.find_beside("single_neuron.toml", None) == dict(shipped.shipped())["single_neuron"]
    assert shipped.find_beside("nowhere", tmp_path / "mine.toml") is None
    assert shipped.find_beside("n" * 300, tmp_path / "mine.toml") is None      # longer than the name of a file
