"""Figures of the screen in a real pseudo-terminal: first paint, key to repaint, bytes. Run by hand: no test.

    python tests/terminal/measure.py [paint] [keys]

First paint is from the start of the process to the first byte that draws, bptui and a bare Textual app in turn.
Key to repaint is from the key written to the last byte of the paint that it causes, at 120x40, sympy loaded.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent))
from pseudo import BPTUI, Terminal

ROUNDS = 15
GAP = 0.02                                          # seconds without a byte that end a paint
BARE = """
from textual.app import App
from textual.widgets import DataTable, Tree
class Bare(App):
    CSS = "Screen { layout: horizontal; } Tree, DataTable { width: 50%; }"
    def compose(self):
        tree = Tree("root")
        tree.root.expand()
        for n in range(8):
            tree.root.add_leaf(f"leaf {n}")
        yield tree
        yield DataTable()
    def on_mount(self):
        table = self.query_one(DataTable)
        table.add_columns("name", "value", "next")
        for n in range(8):
            table.add_row(f"w{n}", "0.15", "0.1497")
Bare().run(mouse=False)
"""


def first_paint(command: tuple[str, ...], what: str, *arguments: str) -> float:
    """Seconds until `what` has been written."""
    start = time.perf_counter()
    with Terminal(*arguments, command=command) as terminal:
        wanted = what.encode()
        while wanted not in terminal.written:
            terminal.read(1)
        return time.perf_counter() - start


def paints() -> None:
    command = (sys.executable, *BPTUI[3:])
    ours, bare = [], []
    for _ in range(ROUNDS):
        ours.append(first_paint(command, "Parameters", "scenarios/two_layer.toml"))
        bare.append(first_paint((sys.executable, "-c", BARE), "0.1497"))
    ratios = sorted(a / b for a, b in zip(ours, bare, strict=True))
    print(f"first paint: bptui {median(ours) * 1e3:.0f} ms, bare {median(bare) * 1e3:.0f} ms, "
          f"best {min(ours) * 1e3:.0f} / {min(bare) * 1e3:.0f}; ratio {median(ratios):.2f} "
          f"({ratios[0]:.2f} to {ratios[-1]:.2f}), {ROUNDS} rounds")


def press(terminal: Terminal, key: str) -> tuple[float, int]:
    """(seconds to the last byte of the paint, its bytes)."""
    start = last = time.perf_counter()
    terminal.press(key)
    read = terminal.read(2)
    size = len(read)
    while read:
        last = time.perf_counter()
        read = terminal.read(GAP)
        size += len(read)
    return last - start, size


def keys(scenario: str, size: tuple[int, int]) -> None:
    with Terminal(f"scenarios/{scenario}.toml", size=size, command=(sys.executable, *BPTUI[3:])) as terminal:
        terminal.quiet(0.5)
        for key in ("n" * 12, "\r", "s" * 30, "\x1b"):      # loads sympy, and asks what is asked once
            terminal.press(key)
            terminal.quiet(1.0)
        for name, row in (("s", "s" * 40), ("n", "n" * 40), ("S", "S" * 30), ("down", "\x1b[B\x1b[A" * 8),
                          ("Tab", "\t" * 12), ("panes", "3456" * 4)):
            pressed = row.split("\x1b")[1:] if "\x1b" in row else list(row)
            found = []
            for key in pressed:
                found.append(press(terminal, f"\x1b{key}" if "\x1b" in row else key))
                terminal.quiet(0.1)
            times = sorted(t for t, n in found if n)
            sizes = sorted(n for _, n in found)
            print(f"{scenario} {size[0]}x{size[1]} {name:>6}: {median(times) * 1e3:5.1f} ms, worst "
                  f"{times[-1] * 1e3:5.1f}; {median(sizes):6.0f} bytes, worst {sizes[-1]}")


if __name__ == "__main__":
    if not sys.argv[1:] or "paint" in sys.argv:
        paints()
    if not sys.argv[1:] or "keys" in sys.argv:
        for scenario in ("two_layer", "wide_784"):
            keys(scenario, (120, 40))
            keys(scenario, (80, 24))
