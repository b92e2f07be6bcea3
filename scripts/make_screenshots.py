"""Remakes `screenshots/` and the README's table of keys from the program itself.

Run it in the checkout, in the environment of the tests: `python scripts/make_screenshots.py`. Each picture is
what the real program shows after real keys; `bptui SCENARIO --screenshot FILE --keys … --size …` makes one.
"""

from __future__ import annotations

import re
from pathlib import Path

from bptui.debugger.commands import markdown_table
from bptui.tui.picture import take_screenshot

TOP = Path(__file__).resolve().parent.parent
NARROW, WIDE = (80, 24), (120, 40)
NAMES = {" ": "space", "<": "less_than_sign", ".": "full_stop", ",": "comma", "(": "left_parenthesis",
         ")": "right_parenthesis", "/": "slash", "-": "minus", "@": "at", "%": "percent_sign"}


def typed(key: str, line: str) -> str:
    """A key that asks for a line, and the line, as names of keys."""
    return " ".join([key, *(NAMES.get(c, c) for c in line), "enter", ""])


W1 = "home enter s s s s s s"                       # follow w1, as far as its second path
PICTURES = (
    ("first_screen", "two_layer", "", NARROW),
    ("follow_w5", "two_layer", "enter s s", NARROW),
    ("follow_w1", "two_layer", W1, NARROW),
    ("everything", "two_layer", " ".join(["n"] * 24), WIDE),
    ("in_place", "two_layer_in_place", W1 + " s", NARROW),
    ("one_neuron", "single_neuron", "enter s s s s s s", WIDE),
    ("side_by_side", "two_layer", "E", NARROW),
    ("hits", "two_layer", typed("b", "becomes E < 0.001") + typed("b", "E < 0.3 hit % 1000 log E, d(E, w5)")
     + "c B down enter", NARROW),
    ("wide_784", "wide_784", "G 1 g # 3 0 0 : 1 7 8 9 2 enter", WIDE),
)
TABLE = re.compile(r"(?<=<!-- keys -->\n).*?(?=\n<!-- end of keys -->)", re.S)


def main() -> None:
    for name, scenario, keys, size in PICTURES:
        out = TOP / "screenshots" / f"{name}.svg"
        take_screenshot(TOP / "scenarios" / f"{scenario}.toml", keys.replace("#", "number_sign").replace(
            ":", "colon").split(), size, out)
        print(out.relative_to(TOP))
    readme = TOP / "README.md"
    readme.write_text(TABLE.sub(lambda _: markdown_table(), readme.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
