"""Makes `scenarios/wide_784.npz`: 100 pictures of digits, 28 x 28 bytes each, and their targets.

    python scripts/make_wide_784.py [FILE]

The pictures are drawn, not photographed: a digit of seven straight strokes, as on a pocket calculator,
moved, slanted, scaled and thickened a little differently each time. Row r shows the digit r % 10, so a
batch of ten in file order holds each digit once. `inputs` has a picture a row, from 0 (dark) to 255;
`targets` has a one in the column of the digit. The border stays dark in all pictures, so some
derivatives are exactly zero in every batch.

The file is the same byte for byte on every machine: the only chance is `random.Random(SEED).random()`,
the only arithmetic is `+ - * /` and the square root, which IEEE 754 rounds one way, and the archive is
stored, not compressed, with a fixed date, because zlib's builds differ and clocks do too.
"""

from __future__ import annotations

import sys
import zipfile
from math import sqrt
from pathlib import Path
from random import Random

SEED = 784
SIDE = 28
PICTURES = 100
DIGITS = 10
DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP archive can say
HERE = Path(__file__).resolve().parent
SHIPPED = HERE.parent / "scenarios" / "wide_784.npz"

Point = tuple[float, float]
Stroke = tuple[Point, Point]

# Corners on a grid of 1 x 2, x to the right, y downwards.
STROKES: dict[str, Stroke] = {
    "top": ((0, 0), (1, 0)),
    "upper left": ((0, 0), (0, 1)),
    "upper right": ((1, 0), (1, 1)),
    "middle": ((0, 1), (1, 1)),
    "lower left": ((0, 1), (0, 2)),
    "lower right": ((1, 1), (1, 2)),
    "bottom": ((0, 2), (1, 2)),
}
MISSING: tuple[tuple[str, ...], ...] = (  # from an 8, for each digit
    ("middle",),
    ("top", "upper left", "middle", "lower left", "bottom"),
    ("upper left", "lower right"),
    ("upper left", "lower left"),
    ("top", "lower left", "bottom"),
    ("upper right", "lower left"),
    ("upper right",),
    ("upper left", "middle", "lower left", "bottom"),
    (),
    ("lower left",),
)


def picture(digit: int, chance: Random) -> bytes:
    """One digit as SIDE x SIDE bytes, row by row."""

    def between(low: float, high: float) -> float:
        return low + (high - low) * chance.random()

    width, height = between(7, 10), between(7, 8.5)  # of one cell of the grid
    left, top = between(7, 11), between(4, 6)
    slant = between(-1.5, 1.5)  # to the left, for each cell down
    reach = between(1.4, 2.2)  # half the thickness of a stroke

    def place(corner: Point) -> Point:
        x, y = corner
        return left + x * width - (y - 1) * slant, top + y * height

    strokes = [(place(a), place(b)) for name, (a, b) in STROKES.items() if name not in MISSING[digit]]
    pixels = ((x, y) for y in range(SIDE) for x in range(SIDE))
    return bytes(int(255 * max(0.0, 1 - min(distance(p, s) for s in strokes) / reach)) for p in pixels)


def distance(point: Point, stroke: Stroke) -> float:
    """From a point to the nearest point of a stroke."""
    (x, y), ((ax, ay), (bx, by)) = point, stroke
    along_x, along_y = bx - ax, by - ay
    share = ((x - ax) * along_x + (y - ay) * along_y) / (along_x * along_x + along_y * along_y)
    share = min(1.0, max(0.0, share))
    dx, dy = x - ax - share * along_x, y - ay - share * along_y
    return sqrt(dx * dx + dy * dy)


def npy(rows: int, columns: int, data: bytes) -> bytes:
    """A table of bytes in NumPy's format 1.0."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({rows}, {columns}), }}"
    start = b"\x93NUMPY\x01\x00"
    filled = header.ljust(-(-(len(start) + 2 + len(header) + 1) // 64) * 64 - len(start) - 3) + "\n"
    return start + len(filled).to_bytes(2, "little") + filled.encode("ascii") + data


def write(file: Path) -> None:
    chance = Random(SEED)
    digits = [row % DIGITS for row in range(PICTURES)]
    inputs = b"".join(picture(digit, chance) for digit in digits)
    targets = bytes(int(column == digit) for digit in digits for column in range(DIGITS))
    members = {
        "inputs.npy": npy(PICTURES, SIDE * SIDE, inputs),
        "targets.npy": npy(PICTURES, DIGITS, targets),
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, DATE)
            entry.create_system = 3  # else it tells which system it was made on
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED)
