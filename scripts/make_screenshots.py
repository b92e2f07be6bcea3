"""Remakes `screenshots/` and the README's table of keys from the program itself.

Run it in the checkout, in the environment of the tests: `python scripts/make_screenshots.py`. Each picture is
what the real program shows after real keys; `bptui SCENARIO --screenshot FILE --keys … --size …` makes one.
"""

from __future__ import annotations

import re
from pathlib import Path

from bptui.debugger.commands.register import markdown_table
from bptui.debugger.saved.settings import Settings
from bptui.debugger.state.looks import CHOICES
from bptui.tui.screenshot import take_screenshot

TOP = Path(__file__).resolve().parent.parent
NARROW, WIDE = (80, 24), (120, 40)
NAMES = {" ": "space", "<": "less_than_sign", ".": "full_stop", ",": "comma", "(": "left_parenthesis",
         ")": "right_parenthesis", "/": "slash", "-": "minus", "@": "at", "%": "percent_sign",
         ">": "greater_than_sign"}


def typed(key: str, line: str) -> str:
    """A key that asks for a line, and the line, as names of keys."""
    return " ".join([key, *(NAMES.get(c, c) for c in line), "enter", ""])


W1 = "home enter s s s s s s"                       # follow w1, as far as its second path
LIGHT, ASCII = {"theme": "light"}, {"glyphs": "ascii"}
PICTURES = (
    # what it is: the README shows the first four
    ("follow_w1", "two_layer", W1, NARROW),
    ("everything", "two_layer", " ".join(["n"] * 24), WIDE),
    ("matrix", "digits_minibatches", "G 4 8 z", WIDE),
    ("gallery", None, "", NARROW),
    ("first_screen", "two_layer", "", NARROW),
    ("gallery_wide", None, "", WIDE),
    # each phase
    ("forward", "two_layer", "s s s n", NARROW),
    ("loss", "two_layer", "n n n n n n", NARROW),
    ("backward", "two_layer", "enter s s", NARROW),
    ("update", "two_layer", "enter " + " ".join(["s"] * 5), NARROW),
    # each pane
    ("chain", "two_layer", W1 + " s s s z", WIDE),
    ("network", "xor_2_3_1", "G 2 z", WIDE),
    ("deep_network", "vanishing_gradient", "G 2 z", WIDE),
    ("computation_graph", "single_neuron", "G 2 z", WIDE),
    ("unrolled", "recurrent_bit", "G 2 z", WIDE),
    ("program", "two_layer", "n n n 3 z", WIDE),
    ("plot", "overfitting", "G 7 z", WIDE),
    ("gradients", "vanishing_gradient", "G 9 z", WIDE),
    ("image", "convolution", "G 2 8 z", WIDE),
    ("parameters", "wide_784", "g # 3 0 0 enter 4 z", WIDE),
    ("values", "two_layer", "G 5 z", NARROW),
    ("adjoints", "two_layer", "G 0 z", NARROW),
    ("batch", "softmax_iris", "G # z", WIDE),
    ("printed", "two_layer", "G 6 z", WIDE),
    ("watches", "two_layer", "G " + typed("w", "d(E, w5)") + typed("w", "abs(w5 - w5@0)") + "W", NARROW),
    ("stops", "exploding_gradient", typed("b", "E > 10") + typed("b", "trouble") + "B c", NARROW),
    ("hits", "two_layer", typed("b", "becomes E < 0.001") + typed("b", "E < 0.3 hit % 1000 log E, d(E, w5)")
     + "c B down enter", NARROW),
    ("side_by_side", "two_layer", "E", NARROW),
    ("in_place", "two_layer_in_place", W1 + " s", NARROW),
    ("one_neuron", "single_neuron", "enter s s s s s s", WIDE),
    ("wide_784", "wide_784", "G 1 g # 3 0 0 : 1 7 8 9 2 enter", WIDE),
    ("help", "two_layer", "question_mark", NARROW),
    # each theme, and ASCII
    *((f"theme_{theme}", "two_layer", W1, NARROW, {"theme": theme}) for theme in CHOICES["theme"]),
    ("light_wide", "two_layer", " ".join(["n"] * 24), WIDE, LIGHT),
    ("ascii", "two_layer", W1, NARROW, ASCII),
    ("ascii_wide", "two_layer", " ".join(["n"] * 24), WIDE, ASCII),
)
TABLE = re.compile(r"(?<=<!-- keys -->\n).*?(?=\n<!-- end of keys -->)", re.S)


def main() -> None:
    for old in (TOP / "screenshots").glob("*.svg"):
        old.unlink()
    for name, scenario, keys, size, *looks in PICTURES:
        out = TOP / "screenshots" / f"{name}.svg"
        path = TOP / "scenarios" / f"{scenario}.toml" if scenario else None
        take_screenshot(path, keys.replace("#", "number_sign").replace(":", "colon").split(), size, out,
                        settings=Settings(looks=looks[0] if looks else {}))
        print(out.relative_to(TOP))
    readme = TOP / "README.md"
    readme.write_text(TABLE.sub(lambda _: markdown_table(), readme.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
