"""Hostile files that are too large or too odd to keep: scenarios that grow without end, data files of every bad kind.

Each has its size where a limit is, or far beyond it. `SCENARIOS` are texts that must be refused; `OPENED` are those
just inside the limits, which must open, and as fast as all others.
"""

from __future__ import annotations

import io
import os
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np


def row(count: int) -> str:
    return f"[{', '.join(['1'] * count)}]"


def rows(count: int, one: str) -> str:
    return f"[{', '.join([one] * count)}]"


def network(inputs: object, *layers: str, data: str = "[[1]]", training: str = "updates = 10") -> str:
    """A network without targets."""
    written = "".join(f"[[network.layers]]\nkind = {layer}\n" for layer in layers)
    return (
        f'[network]\ninputs = {inputs}\n{written}[loss]\nkind = "sum"\n[data]\ninputs = {data}\n'
        f"[training]\n{training}\n"
    )


def equations(
    *lines: str, loss: str, parameters: str = "W = 1.0", values: str = "", training: str = "updates = 10"
) -> str:
    written = ",\n".join(f'"{line}"' for line in lines)
    return (
        f'[equations]\nforward = [{written}]\nloss = "{loss}"\n[parameters]\n{parameters}\n[values]\n{values}\n'
        f"[training]\n{training}\n"
    )


def dense(units: int, activation: str = "sigmoid") -> str:
    return f'"dense"\nunits = {units}\nactivation = "{activation}"'


def chain(count: int) -> list[str]:
    return ["E0 = W", *(f"E{n} = E{n - 1}*W" for n in range(1, count))]


ACTIVATION, ADD = '"activation"\nactivation = "tanh"', '"add"\nfrom = "a"'
# text, and what its line must say
SCENARIOS: dict[str, tuple[Callable[[], str], str]] = {
    "units x units": (lambda: network(1, dense(2000), dense(2000)), "at most 1,000,000 can be held"),
    "a million units": (lambda: network(1, dense(10**6)), "at most 1,000,000 can be held"),
    "units x samples": (
        lambda: network(1, dense(50_000), data=rows(900, "[1]")),
        "2.01 GiB; at most 1 GiB can be held: a batch of 446 rows fits",
    ),
    "a Jacobian of units x units": (
        lambda: network(1, dense(10_000, "softmax")),
        "makes 400,140,004 numbers, 2.98 GiB; at most 1 GiB can be held",
    ),
    "the Jacobians of many steps": (
        lambda: network("[200, 2]", '"rnn"\nunits = 500\nactivation = "softmax"', data=rows(1, row(400))),
        "at most 1 GiB can be held",
    ),
    "steps x samples": (
        lambda: network("[100, 1]", '"rnn"\nunits = 300', data=rows(1000, row(100))),
        "at most 1 GiB can be held: a batch of 537 rows fits",
    ),
    "steps x layers": (
        lambda: network("[200, 5]", *['"lstm"\nunits = 3\nreturn_sequence = true'] * 20, data=rows(1, row(1000))),
        "at most 20,000 can be held",
    ),
    "an lstm for every pass of a perturbation": (
        lambda: network("[50, 1]", '"lstm"\nunits = 5', data=rows(1, row(50)), training='gradient = "perturbation"'),
        "every pass of a perturbation together has",
    ),
    "kernel x channels": (
        lambda: network("[9, 50, 50]", '"conv2d"\nfilters = 2\nkernel = 25', data=rows(1, row(22500))),
        "numbers of all windows of an image: 3,802,500; at most 250,000 can be held",
    ),
    "padding": (
        lambda: network("[1, 2, 2]", '"conv2d"\nfilters = 1\nkernel = 1\npadding = 400', data=rows(1, row(4))),
        "numbers of an image with its padding: 643,204; at most 250,000 can be held",
    ),
    "moved again and again": (
        lambda: network("[100, 100]", *['"flatten"'] * 100, data=rows(1, row(10**4))),
        "numbers of a sample that are moved up to this layer: 260,000; at most 250,000 can be held",
    ),
    "filters x places": (
        lambda: network("[1, 120, 120]", '"conv2d"\nfilters = 100\nkernel = 3', data=rows(1, row(14400))),
        "an update of 1 row has a sum of 1,392,400 terms; at most 250,000 can be stepped through",
    ),
    "the rows of a vocabulary": (
        lambda: network(3, '"embedding"\nvocabulary = 1000000\nsize = 9', data="[[1, 2, 3]]"),
        "at most 1,000,000 can be held",
    ),
    "words of a vocabulary": (
        lambda: network(30, '"embedding"\nvocabulary = 900000\nsize = 1', data=rows(1, row(30))),
        "as rows with one 1 these inputs would be 27,000,000 numbers; at most 5,000,000 can be held",
    ),
    "attention on attention": (
        lambda: network("[200, 4]", *['"attention"'] * 20, data=rows(1, row(800))),
        "at most 1 GiB can be held",
    ),
    "normalised again and again": (
        lambda: network("[100, 20, 20]", *['"batch_norm"'] * 150, data=rows(4, row(40000))),
        "at most 1 GiB can be held: a batch of 2 rows fits",
    ),
    "numbers that are drawn": (
        lambda: network(1000, *['"dropout"\nrate = 0.5'] * 90, data=rows(30, row(1000))),
        "an update of 30 rows draws 2,700,000 numbers; at most 500,000 can be waited for: a batch of 5 rows fits",
    ),
    "one sum": (
        lambda: network("[1, 100, 100]", '"conv2d"\nfilters = 30\nkernel = 1', data=rows(1, row(10_000))),
        "an update of 1 row has a sum of 300,000 terms; at most 250,000 can be stepped through",
    ),
    "a sum over the samples": (
        lambda: network("[1, 1, 1]", '"conv2d"\nfilters = 1\nkernel = 1\npadding = 40', data=rows(40, "[1]")),
        "an update of 40 rows has a sum of 262,440 terms; at most 250,000 can be stepped through: a batch of 38 rows",
    ),
    "samples": (
        lambda: network(1, dense(1), data=rows(100_001, "[1]"), training="batch = 1"),
        "inputs has 100,001 rows; at most 100,000 can be held",
    ),
    "samples of equations": (
        lambda: equations("E = W*X", loss="E", values=f"X = {row(100_001)}"),
        "X has 100,001 values; at most 100,000 can be held",
    ),
    "one layer more": (lambda: network(1, *[ACTIVATION] * 1001), "there are 1,001 layers; at most 1,000 can be drawn"),
    "thousands of layers": (
        lambda: network(1, *[dense(1)] * 7000),
        "there are 7,000 layers; at most 1,000 can be drawn",
    ),
    "layers with weights": (lambda: network(1, *[dense(1)] * 900), "parts; at most 20,000 can be stepped through"),
    "thousands of equations": (
        lambda: equations(*chain(9000), loss="E8999"),
        "parts; at most 20,000 can be stepped through",
    ),
    "every equation reads many": (
        lambda: equations("E0 = W", *(f"E{n} = {'+'.join([f'E{n - 1}'] * 60)}" for n in range(1, 500)), loss="E499"),
        "parts; at most 20,000 can be stepped through",
    ),
    "products of a hundred": (
        lambda: equations(
            "E = W",
            *(f"F{n} = {'*'.join(['W'] * 100)}" for n in range(40)),
            f"G = {'+'.join(f'F{n}' for n in range(40))}",
            loss="G",
        ),
        "parts; at most 20,000 can be stepped through",
    ),
    "thousands of parameters": (
        lambda: equations("E = W0", loss="E", parameters="\n".join(f"W{n} = 1" for n in range(20_000))),
        "parts; at most 20,000 can be stepped through",
    ),
    "objectives x equations": (
        lambda: equations(
            *chain(100),
            loss="E99",
            training="\n".join(['[[training.objectives]]\nminimize = "E99"\nparameters = ["W"]'] * 2000),
        ),
        "parts; at most 20,000 can be stepped through",
    ),
    "a text": (lambda: "#" * (512 * 1024 + 1), "the file holds 524,289 bytes; a scenario has at most 512 KiB"),
    "keys": (lambda: "".join(f"k{n} = 1\n" for n in range(45_000)), "unknown key 'k0'"),
    "headers": (lambda: "".join(f"[t{n}]\n" for n in range(50_000)), "unknown key 't0'"),
    "tables of an array": (lambda: "[[a]]\n" * 80_000, "unknown key 'a'"),
    "inline tables": (lambda: f"a = [{','.join(['{a=1}'] * 80_000)}]", "unknown key 'a'"),
    "dotted keys": (lambda: "".join("a." * 98 + f"a{n} = 1\n" for n in range(2500)), "unknown key 'a'"),
    "a dotted key": (lambda: "a." * 200_000 + "a = 1", "a key has more than 100 parts"),
    "nested lists": (lambda: "a = " + "[" * 500_000, "lists or tables are nested too deeply"),
    "nested tables": (lambda: "a = " + "{a=" * 150_000, "lists or tables are nested too deeply"),
    "a list of numbers": (lambda: f"a = [{','.join(['1'] * 260_000)}]", "unknown key 'a'"),
    "a long number": (lambda: "a = " + "9" * 500_000, "a number has too many digits"),
    "escapes": (lambda: 'a = "' + "\\u0041" * 80_000 + '"', "unknown key 'a'"),
    "lines without anything": (lambda: "\n" * 500_000 + "a = 1", "unknown key 'a'"),
    "an enormous name": (lambda: network(f'["{"x" * 400_000}"]', dense(1)), "names"),
    "names of inputs": (lambda: network([f"n{n}" for n in range(40_000)], dense(1)), "inputs must have 40000"),
    "claims": (
        lambda: equations("E = W", loss="E") + '[[claims]]\nwhat = "X"\nvalu = "1"\n' * 12_000,
        "unknown key 'valu'",
    ),
    "scenarios beside": (lambda: "beside = [" + '"a",' * 90_000 + "]", "nothing to run"),
}
OPENED: dict[str, Callable[[], str]] = {
    "a law of many numbers": lambda: network(
        1, f'"dense"\nunits = 1\nactivation = {{ law = "x", {", ".join(f"a{n} = 1" for n in range(20_000))} }}'
    ),
    "layers": lambda: network(1, *[ACTIVATION] * 1000),
    "layers with weights": lambda: network(1, *[dense(1)] * 350),
    "an lstm of many steps": lambda: network("[100, 5]", '"lstm"\nunits = 50', data=rows(1, row(500))),
    "equations": lambda: equations(*chain(1500), loss="E1499"),
    "one sum": lambda: network(100_000, dense(1), data=rows(1, row(100_000))),
    "samples one by one": lambda: network(1, dense(2), data=rows(60_000, "[1]"), training="batch = 1\nshuffle = true"),
    "samples together": lambda: network(1, dense(3), dense(3), data=rows(100_000, "[1]")),
    "units": lambda: network(1, dense(90_000)),
    "units with moments": lambda: network(
        1, dense(300), dense(400, "softmax"), training='optimizer = "adamw"\nclip_norm = 1'
    ),
    "a long about": lambda: 'about = "' + "x \\n" * 100_000 + '"\n' + equations("E = W*W", loss="E"),
    "a long title": lambda: 'title = "' + "x" * 500_000 + '"\n' + equations("E = W*W", loss="E"),
    "claims": lambda: (
        equations("E = W*W", loss="E") + '[[claims]]\nwhat = "E"\nafter = 1000000000\nvalue = "1"\n' * 9000
    ),
    "parentheses": lambda: network(1, '"dense"\nunits = 1\nactivation = "' + "(" * 90 + "x" + ")" * 90 + '"'),
    "a start that is never reached": lambda: (
        'start = "W@1000000000"\nbeside = ["m"]\n' + equations("E = W*W", loss="E", training="updates = 1000000000")
    ),
    "an end that is never reached": lambda: equations(
        "E = W*W", loss="E", training='updates = 1000000000\nuntil = "E < 0"'
    ),
    "turns": lambda: equations(
        "E = W*W",
        loss="E",
        training="\n".join(['[[training.objectives]]\nminimize = "E"\nparameters = ["W"]\nupdates = 1000'] * 500),
    ),
    "a rate that explodes": lambda: equations(
        "E = W*W", loss="E", training='schedule = { kind = "exponential", gamma = 1e308 }\nepochs = 1000000000'
    ),
    "powers of powers": lambda: equations("E = (W+2)**99**9**0.1", "F = E" + "**W" * 90, loss="F"),
}


# data files


def npy(shape: tuple[int, ...], content: bytes, descr: str = "<f8") -> bytes:
    """An array's bytes under a header that says whatever it likes."""
    return headed(str({"descr": descr, "fortran_order": False, "shape": shape}), content)


def headed(header: str, content: bytes = bytes(8)) -> bytes:
    """The same under any header."""
    line = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(line).to_bytes(2, "little") + line + content


def zip64(file: bytes) -> bytes:
    """An NPZ file of one array whose directory says that it begins beyond what any file has."""
    at = file.find(b"PK\x01\x02")
    entry, end = bytearray(file[at : file.find(b"PK\x05\x06")]), bytearray(file[file.find(b"PK\x05\x06") :])
    extra = struct.pack("<HHQ", 1, 8, 2**64 - 1)
    entry[42:46], entry[30:32] = b"\xff" * 4, struct.pack("<H", len(extra))
    end[12:16] = struct.pack("<I", len(entry) + len(extra))
    return file[:at] + bytes(entry) + extra + bytes(end)


def npz(members: dict[str, bytes], **lies: int) -> bytes:
    """An NPZ file; `lies` are what its directory says of all members instead: size, method."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    content = bytearray(packed.getvalue())
    at = content.find(b"PK\x01\x02")
    while at >= 0:
        if "method" in lies:
            content[at + 10 : at + 12] = struct.pack("<H", lies["method"])
        if "size" in lies:
            content[at + 24 : at + 28] = struct.pack("<I", lies["size"])
        at = content.find(b"PK\x01\x02", at + 46)
    return bytes(content)


def overlapping(count: int) -> bytes:
    """A directory in which every entry is of the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.npy", npy((600_000,), bytes(8 * 600_000)))
        first = file.getinfo("a.npy")
        for n in range(count):
            other = zipfile.ZipInfo(f"a{n}.npy")
            for field in ("header_offset", "CRC", "compress_size", "file_size", "compress_type"):
                setattr(other, field, getattr(first, field))
            file.filelist.append(other)
        file.comment = b" "                          # else nothing is written
    return packed.getvalue()


ZEROS = bytes(80 * 2**20)
CANARY = b"cposix\nmkdir\n(Vpwned\ntR."  # a pickle that makes a folder when it is read
# name -> (content, what is said of it)
DATA: dict[str, tuple[Callable[[], bytes], str]] = {
    "bomb.npz": (lambda: npz({"x": npy((10 * 2**20,), ZEROS)}), "bytes; an NPZ file has at most 64 MiB"),
    "liar.npz": (lambda: npz({"x": npy((10 * 2**20,), ZEROS)}, size=1000), "cannot be read"),
    "boaster.npz": (lambda: npz({"x": npy((2,), bytes(16))}, size=60 * 2**20), "cannot be read"),
    "method.npz": (lambda: npz({"x": npy((2,), bytes(16))}, method=12), "cannot be read"),
    "pickled.npz": (lambda: npz({"x": npy((1,), CANARY, "|O")}), "does not hold numbers"),
    "fields.npz": (lambda: npz({"x": npy((1,), bytes(8), "[('a', '<f8')]")}), "does not hold numbers"),
    "day.npz": (lambda: npz({"x": npy((1, 1), bytes(8), "<M8[s/0]")}), "does not hold numbers"),    # ended the process
    "escape.npz": (lambda: npz({"x": headed("{'descr': '\\d', 'fortran_order': False, 'shape': (1,)}")}),
                   "does not hold numbers"),
    "keys.npz": (lambda: npz({"x": headed("{1: 2, 'a': 3}")}), "cannot be read"),
    "lists.npz": (lambda: npz({"x": headed("{[]: 1}")}), "cannot be read"),
    "nothing.npz": (lambda: npz({"x": headed("{'descr': (), 'fortran_order': False, 'shape': (1,)}")}),
                    "does not hold numbers"),
    "true.npz": (lambda: npz({"x": headed("{'descr': '<f8', 'fortran_order': False, 'shape': (True, True)}")}),
                 "cannot be read"),
    "deep.npz": (lambda: npz({"x": headed("(" * 9000)}), "cannot be read"),
    "long.npz": (lambda: npz({"x": headed(" " * 20_000 + "{}")}), "cannot be read"),
    "kind.npz": (lambda: npz({"x": npy((1,), bytes(3), "<f3")}), "cannot be read"),
    "zip64.npz": (lambda: zip64(npz({"x": npy((2,), bytes(16))})), "cannot be read"),
    "shape.npz": (lambda: npz({"x": npy((10**12, 10**5), b"")}), "cannot be read"),
    "negative.npz": (lambda: npz({"x": npy((-1, -8), bytes(64))}), "cannot be read"),
    "wide.npz": (
        lambda: npz({"x": npy((1, 6 * 10**6), bytes(6 * 10**6), "|u1")}),
        "has 6,000,000 numbers; at most 5,000,000 can be held",
    ),
    "together.npz": (
        lambda: npz({f"x{n}": npy((600_000,), bytes(600_000), "|u1") for n in range(9)}),
        "has 600,000 numbers; at most 5,000,000 can be held with the others",
    ),
    "tall.npz": (
        lambda: npz({"x": npy((10**6,), bytes(8 * 10**6))}),
        "inputs has 1,000,000 rows; at most 100,000 can be held",
    ),
    "overlapping.npz": (lambda: overlapping(12), "cannot be read"),
    "many.npz": (lambda: npz({f"a{n}": b"" for n in range(1001)}), "holds 1,001 arrays; at most 1,000 can be listed"),
    "directory.npz": (lambda: npz({f"a{n}": b"" for n in range(25_000)}), "is not an NPZ file"),
    "no.npz": (lambda: b"PK\x05\x06" + bytes(18), "fits 'x*'"),
    "text.npz": (lambda: b"x,y\n1,2\n", "is not an NPZ file"),
    "open.csv": (lambda: b'x,y\n1,"2\n' + b"3,4\n" * 100_000, "cell"),
    "row.csv": (lambda: b"x," * 600_000, "a row has more than 1 MiB"),
    "columns.csv": (
        lambda: b",".join(b"x%d" % n for n in range(130_000)) + b"\n" + b"0," * 129_999 + b"0\n",
        "must have 1 numbers, one per input of the network; here: 130000",
    ),
    "rows.csv": (lambda: b"x,y\n" + b"1,2\n" * 100_001, "a CSV file has at most 100,000 rows that can be held"),
    "values.csv": (
        lambda: b",".join(b"x%d" % n for n in range(1000)) + b"\n" + (b"0," * 999 + b"0\n") * 5001,
        "a CSV file has at most 5,000,000 values that can be held",
    ),
    "zero.csv": (lambda: b"x,y\n1,2\x003\n", "holds a zero byte, and is not text"),
    "cell.csv": (lambda: b"x,y\n1," + b"9" * 200_000 + b"\n", "a cell has more than 131,072 characters"),
    "spaces.csv": (lambda: b'x,y\n"1"' + b" " * 900_000 + b"2,3\n", "there is text after the closing quote"),
    "odd.csv": (lambda: "x,y\n1_000,１\n".encode(), "not a number"),
    "infinite.csv": (lambda: b"x,y\n1e999,2\n", "must hold finite numbers"),
    "names.csv": (lambda: b"x\x1b[2J,x\x1b[2J\n1,2\n", "two columns have the name"),
}


def folder(path: Path, shipped: Path) -> Path:
    """A folder with good data, with hostile data, and with what is no data at all; beside it, what is not its own."""
    path.mkdir(parents=True)
    for name in ("iris.csv", "digits.csv", "wide_784.npz", "transfer_base.npz"):
        shutil.copy(shipped / name, path / name)
    for name in ("liar.npz", "pickled.npz", "shape.npz", "open.csv", "zero.csv"):
        (path / name).write_bytes(DATA[name][0]())
    np.savez_compressed(path / "bomb.npz", x=np.zeros(9 * 2**20))
    (path / "bad.csv").write_bytes(b"x,y\n1,2,3\n")
    for outside in ("x.csv", "away.csv"):
        (path.parent / outside).write_text("x,y\n1,2\n")
    np.savez(path.parent / "away.npz", x=np.zeros(3), w=np.zeros((2, 2)))
    (path / "link.csv").symlink_to("../away.csv")
    (path / "away.npz").symlink_to("../away.npz")
    (path / "loop.csv").symlink_to("loop.csv")
    (path / "nowhere.csv").symlink_to("nothing.csv")
    (path / "device.csv").symlink_to("/dev/zero")
    os.mkfifo(path / "pipe.csv")
    (path / "folder.csv").mkdir()
    return path
