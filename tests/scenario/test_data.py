"""Data files: what is taken out of an NPZ, and that nothing outside the scenario's folder is."""

from __future__ import annotations

import hashlib
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bptui.scenario import data
from bptui.scenario.errors import ScenarioError
from bptui.scenario.reader import read_scenario, render
from bptui.scenario.records import Scenario

SCENARIO = """\
[network]
inputs = 2
[[network.layers]]
kind = "dense"
units = 1
weights = WEIGHTS
[loss]
kind = "sum"
[data]
file = FILE
inputs = INPUTS
targets = TARGETS
"""
PLAIN = {"WEIGHTS": "[[1, 2]]", "FILE": '"x.npz"', "INPUTS": '"images"', "TARGETS": '"labels"'}


def write(folder: Path, **changes: str) -> Path:
    text = SCENARIO
    for word, value in (PLAIN | changes).items():
        text = text.replace(word, value)
    (folder / "s.toml").write_text(text)
    return folder / "s.toml"


def arrays(file: Path, **content: Any) -> None:
    np.savez_compressed(file, **content)


def good(folder: Path) -> None:
    arrays(
        folder / "x.npz",
        images=np.array([[0, 255], [7, 1]], np.uint8),
        labels=np.array([0, 1]),
        a=np.array([1.0, 2]),
        b=np.array([3.0, 4]),
        w=np.array([[0.5, 0.25]], np.float32),
    )


def problems(path: Path) -> list[str]:
    with pytest.raises(ScenarioError) as error:
        read_scenario(path)
    return [line.removeprefix("s:") for line in render(error.value, "s")]


def loaded(path: Path) -> tuple[Scenario, Any, Any]:
    scenario = read_scenario(path)
    assert scenario.data
    targets = scenario.data.targets
    return scenario, scenario.data.inputs.tolist(), None if targets is None else targets.tolist()


def test_arrays_of_an_npz(tmp_path: Path) -> None:
    good(tmp_path)
    scenario, inputs, targets = loaded(write(tmp_path, WEIGHTS='{ file = "x.npz", name = "w" }'))
    assert (inputs, targets) == ([[0, 255], [7, 1]], [0, 1])
    assert scenario.data and scenario.data.inputs.dtype == np.float64
    assert not scenario.data.inputs.flags.writeable
    assert scenario.network and isinstance(weights := scenario.network.layers[0].weights, np.ndarray)
    assert weights.tolist() == [[0.5, 0.25]] and weights.dtype == np.float64


def test_several_arrays_are_columns(tmp_path: Path) -> None:
    good(tmp_path)
    assert loaded(write(tmp_path, INPUTS='["b", "a"]', TARGETS='["labels"]'))[1:] == (
        [[3, 1], [4, 2]],
        [0, 1],
    )
    assert loaded(write(tmp_path, INPUTS='["images", "a"]'))[1] == [[0, 255, 1], [7, 1, 2]]
    assert loaded(write(tmp_path, INPUTS='["i*"]'))[1] == [[0, 255], [7, 1]]
    assert loaded(write(tmp_path, INPUTS='"a"'))[1] == [[1], [2]]


def test_the_digest_covers_the_data(tmp_path: Path) -> None:
    good(tmp_path)
    path = write(tmp_path)
    first = read_scenario(path).digest
    assert first == read_scenario(path).digest
    assert first != hashlib.sha256(path.read_bytes()).hexdigest()
    arrays(tmp_path / "x.npz", images=np.ones((2, 2)), labels=np.zeros(2))
    assert read_scenario(path).digest != first


OUTSIDE = [
    "../x.npz",
    "/etc/x.npz",
    "a/../../x.npz",
    "a/../x.npz",
    "link.npz",
    "folder/x.npz",
    "..",
    "",
    "C:/x.npz",
    "C:x.npz",
    "a\\\\x.npz",
    "\\\\\\\\host\\\\x.npz",
    "x\\u0000.npz",
]


@pytest.mark.parametrize("file", OUTSIDE)
@pytest.mark.parametrize("place", ["FILE", "WEIGHTS"])
def test_there_is_no_way_out_of_the_folder(file: str, place: str, tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    outside.mkdir()
    for at in (tmp_path, outside, folder):
        good(at)
    (folder / "a").mkdir()
    (folder / "link.npz").symlink_to(outside / "x.npz")
    (folder / "folder").symlink_to(outside, target_is_directory=True)
    value = f'"{file}"' if place == "FILE" else f'{{ file = "{file}", name = "w" }}'
    [line] = problems(write(folder, **{place: value}))
    assert line.startswith("10: " if place == "FILE" else "6: ")
    assert line.endswith("must be a file in the scenario's own folder")


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.npz").symlink_to(tmp_path / "x.npz")
    [line] = problems(write(tmp_path))  # the words differ between versions of Python
    assert line.startswith("10: 'x.npz' ")


def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    good(tmp_path)
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "y.npz").symlink_to(tmp_path / "x.npz")
    assert loaded(write(tmp_path, FILE='"inner/y.npz"'))[2] == [0, 1]


class Bomb:
    """Unpickling this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    pickle.loads(pickle.dumps(Bomb(canary)))
    assert canary.exists()  # the bomb is live
    canary.unlink()
    np.savez(tmp_path / "x.npz", images=np.array([Bomb(canary)], object), labels=np.zeros(1))
    assert problems(write(tmp_path)) == ["11: the array 'images' in 'x.npz' does not hold numbers"]
    (tmp_path / "x.npz").write_bytes(pickle.dumps(Bomb(canary)))
    assert problems(write(tmp_path)) == ["10: 'x.npz' is not an NPZ file"]
    assert not canary.exists()


CONTENTS: dict[str, tuple[Mapping[str, Any], str]] = {
    "nan": (
        {"images": np.array([[1, 2], [np.nan, 3]])},
        "11: the array 'images' in 'x.npz' must hold finite numbers, and row 2 does not",
    ),
    "text": ({"images": np.array(["a"])}, "11: the array 'images' in 'x.npz' does not hold numbers"),
    "complex": ({"images": np.array([1j])}, "11: the array 'images' in 'x.npz' does not hold numbers"),
    "empty": ({"images": np.zeros((0, 3))}, "11: the array 'images' in 'x.npz' is empty"),
    "absent": (
        {"imges": np.zeros((2, 2))},
        "11: there is no array 'images' in 'x.npz', did you mean 'imges'?",
    ),
    "no axes": (
        {"images": np.array(2.0)},
        "11: inputs must be a list of rows, one per sample, as in [[0.05, 0.10]]",
    ),
    "other rows": (
        {"images": np.zeros((3, 2))},
        "12: targets has 2 rows where inputs has 3 rows: each has one row per sample",
    ),
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_arrays_that_do_not_serve(kind: str, tmp_path: Path) -> None:
    content, line = CONTENTS[kind]
    arrays(tmp_path / "x.npz", labels=np.zeros(2), **content)
    assert problems(write(tmp_path)) == [line]


def test_keys_that_do_not_serve(tmp_path: Path) -> None:
    good(tmp_path)
    assert problems(write(tmp_path, FILE='"x.txt"')) == [
        "10: 'x.txt' is not a data file: its name does not end in .npz or .csv"
    ]
    assert problems(write(tmp_path, FILE='"y.npz"')) == [
        "10: there is no file 'y.npz' beside the scenario, did you mean 'x.npz'?"
    ]
    assert problems(write(tmp_path, FILE="3")) == ["10: file must be text in quotes, not a number"]
    assert problems(write(tmp_path, INPUTS="[[1, 2]]")) == ["11: inputs must be text in quotes, not a list"]
    assert problems(write(tmp_path, INPUTS='"p*"')) == ["11: no array in 'x.npz' fits 'p*'"]
    assert problems(write(tmp_path, WEIGHTS='{ file = "x.npz" }')) == [
        "6: weights: name is missing, which says the array in the file"
    ]
    assert problems(write(tmp_path, WEIGHTS='{ file = "x.npz", name = "w", nam = "w" }')) == [
        "6: unknown key 'nam' in weights, did you mean 'name'?"
    ]
    (tmp_path / "d.npz").mkdir()
    assert problems(write(tmp_path, FILE='"d.npz"')) == ["10: 'd.npz' is not a file"]


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "x.npz").open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    assert problems(write(tmp_path)) == [
        "10: 'x.npz' holds 67,108,865 bytes; an NPZ file has at most 64 MiB"
    ]


def test_what_unpacks_to_a_large_file_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(data.LARGEST_DATA, ".npz", 2**20)
    arrays(tmp_path / "x.npz", images=np.zeros((700, 200)), labels=np.zeros(700))
    assert (tmp_path / "x.npz").stat().st_size < 10_000
    size = 8 * 700 * 200 + 8 * 700 + 2 * 128  # the numbers and numpy's two headers
    assert problems(write(tmp_path)) == [f"10: 'x.npz' holds {size:,} bytes; an NPZ file has at most 1 MiB"]


def test_a_header_that_lies_is_refused(tmp_path: Path) -> None:
    header = (
        str({"descr": "<f8", "fortran_order": False, "shape": (10**12, 10**5)}).encode().ljust(117) + b"\n"
    )
    for content in (
        b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header,
        b"\x93NUMPY\x01\x00\x05\x00{'a':",
        b"\x93NUMPY\x01\x00\x0b\x00__import__(",
        b"not numpy",
        b"",
    ):
        with zipfile.ZipFile(tmp_path / "x.npz", "w") as file:
            file.writestr("images.npy", content)
        line = problems(write(tmp_path, TARGETS='"images"'))[0]
        assert line == "11: the array 'images' in 'x.npz' cannot be read"


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    good(tmp_path)
    whole = (tmp_path / "x.npz").read_bytes()
    path = write(tmp_path)
    for at in range(0, len(whole), 7):
        broken = bytearray(whole)
        broken[at] ^= 0x55
        (tmp_path / "x.npz").write_bytes(broken)
        try:
            read_scenario(path)
        except ScenarioError as error:
            assert all("x.npz" in line for line in render(error, "s"))
    (tmp_path / "x.npz").write_bytes(whole[:100])
    assert problems(path) == ["10: 'x.npz' is not an NPZ file"]
