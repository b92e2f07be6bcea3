"""Real screens after real keys: as text, as pictures, and the facts of the mock-ups in words.

A snapshot is remade by `pytest tests/tui/test_screens.py --snapshot-update`, and read before it is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bptui.debugger.scene import Scene
from bptui.debugger.state.session import Session
from bptui.replay.open import open_run
from bptui.tui.app import BptuiApp
from bptui.tui.screenshot import plain_font, settled
from bptui.tui.views import cards
from tests.support.runs import finished


@dataclass(frozen=True)
class Screen:
    """What leads to a screen: a scenario, where it opens, what the cursor of the parameters is on, and keys."""

    name: str
    keys: str
    at: str | None = None
    size: tuple[int, int] = (80, 24)
    parameter: int | None = None


SCREENS = {
    "first": Screen("two_layer", ""),
    "first_wide": Screen("two_layer", "", size=(120, 40)),
    "first_one_neuron": Screen("single_neuron", ""),
    "first_784": Screen("wide_784", "", parameter=406),
    "mockup_a": Screen("two_layer", "enter s s"),
    "mockup_b": Screen("two_layer", "up up up up enter s s up", at="#0:15"),
    "mockup_f": Screen("two_layer", "n 1", at="#0:23", size=(120, 40)),
    "term_by_term": Screen("two_layer", "s s"),
    "term_by_term_784": Screen("wide_784", "s s s s s s s s s", parameter=406),
    "loss_that_differs": Screen("two_layer", "n", at="#1:10"),
    "update": Screen("two_layer", "n", at="#0:27"),
    "in_place": Screen("two_layer_in_place", "home enter s s s", at="#0:23"),
    "i_got": Screen("two_layer", "home i 0 full_stop 0 0 0 3 6 4 7 2 3 enter", at="#0:24"),
    "find": Screen("two_layer", "slash 0 full_stop 0 5 5 4 enter"),
    "find_wrong": Screen("two_layer", "slash 0 full_stop 0 1 9 0 4 9 1 1 9 enter"),
    "backward_one_neuron": Screen("single_neuron", "enter s", at="#0:5"),
    "backward_one_neuron_wide": Screen("single_neuron", "n n n", at="#0:4", size=(120, 40)),
    "sum_over_samples": Screen("wide_784", "enter N", at="#0:890", parameter=406),
    "sum_over_samples_wide": Screen("wide_784", "enter n", at="#0:888", size=(120, 40), parameter=406),
    "printed": Screen("two_layer", "6", at="#0:20"),
    "program_and_values": Screen("two_layer", "3 5 up up", at="#0:24"),
    "unfolded": Screen("two_layer", "home enter right", at="#0:20", size=(120, 40)),
    "low": Screen("two_layer", "enter s", at="#0:12", size=(80, 14)),
    "too_small": Screen("two_layer", "s", size=(59, 24)),
    "help": Screen("two_layer", "question_mark"),
}
PICTURES = ("first", "mockup_a", "mockup_b", "mockup_f")


async def reached(tui: ModuleType, shown: Screen, picture: bool = False) -> tuple[Any, str]:
    """The application's screen after the keys, when nothing is being worked on: (session, text or SVG)."""
    session = Session(finished(shown.name), shown.at)
    if shown.parameter is not None:
        session.cursor["parameters"] = shown.parameter
    app = BptuiApp(session, headless=True)
    async with app.run_test(size=shown.size) as pilot:
        await settled(app)
        for key in shown.keys.split():
            await pilot.press(key)
        await settled(app)
        await pilot.pause()
        assert session.run.known == session.run.updates
        lines = [line.rstrip() for line in tui.shown(app).splitlines()]
        return session, plain_font(app.export_screenshot(title="bptui")) if picture else "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", SCREENS)
async def test_screen(tui: ModuleType, as_text: Any, name: str) -> None:
    _, text = await reached(tui, SCREENS[name])
    assert text == as_text


@pytest.mark.parametrize("name", PICTURES)
async def test_picture(tui: ModuleType, as_picture: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    _, svg = await reached(tui, SCREENS[name], picture=True)
    assert svg == as_picture


def point_columns(lines: list[str]) -> set[int]:
    """Where the decimal points of the values stand: the last number of a row, with its sign."""
    return {match.start(1) for line in lines if (match := re.search(r" [+-]\d(\.)\d{9}(?: +[=≈≠])?$", line.rstrip()))}


async def test_the_facts_of_mockup_a(tui: ModuleType) -> None:
    session, text = await reached(tui, SCREENS["mockup_a"])
    lines = text.splitlines()
    chain = lines[3:12]
    assert lines[0].startswith(" two_layer   after 0 of 10000 updates   following ∂E/∂w5")
    assert lines[0].endswith("E 0.298371109")
    assert lines[1].endswith("14/35") and "BACKWARD ■■►·············" in lines[1]
    assert "factor 2 of 3" in lines[2] and "makes ∂E/∂net_o1" in lines[2] and "printed" in lines[2]
    assert lines[3].strip() == "∂E/∂w5  =  ∂E/∂out_o1  ×  ∂out_o1/∂net_o1  ×  ∂net_o1/∂w5"
    made = {"1  ∂E/∂out_o1": "+0.741365070", "× 2  ∂out_o1/∂net_o1": "+0.186815602", "=  ∂E/∂net_o1": "+0.138498562"}
    for name, value in made.items():
        row = next(line for line in chain if re.match(rf"^[ ►]+{re.escape(name)} ", line))
        assert row.endswith(f"{value}   =")
        assert row.startswith(" ►") == (name == "× 2  ∂out_o1/∂net_o1")
    assert sum(line.startswith(" ►") for line in chain) == 1
    for name in ("× 3  ∂net_o1/∂w5", "=  ∂E/∂w5"):
        row = next(line for line in chain if line.strip().startswith(name))
        assert row.endswith("·") and row.index("·") == 65
    assert point_columns(chain[1:]) == {65}
    assert any(line.strip() == "0.751365070 × (1 - 0.751365070)" for line in chain)
    assert lines[-2] == " The sigmoid of o1 lets 18.7 % of the error through; 25 % is its most."
    for key in ("? help", "s factor 3", "n ∂E/∂w5", "f end of output", "SNF back", "o all"):
        assert key in lines[-1]
    assert "0.082167041" not in text
    assert session.position.value == 14


async def test_the_facts_of_mockup_b(tui: ModuleType) -> None:
    session, text = await reached(tui, SCREENS["mockup_b"])
    lines = text.splitlines()
    chain = lines[3:12]
    assert "following ∂E/∂w1" in lines[0]
    assert lines[1].endswith("20/35")
    assert "factor 1 of 3, path 2 of 2" in lines[2]
    assert re.search(r"├ through o1 .* \+0\.055399425   =$", "\n".join(chain), re.M)
    assert re.search(r"^ ► +└ through o2 .* -0\.019049118   ≈$", "\n".join(chain), re.M)
    assert re.search(r"Σ  ∂E/∂out_h1 .* \+0\.036350306   =$", "\n".join(chain), re.M)
    assert point_columns(chain[1:]) == {65}
    above, below = chain[2], next(line for line in chain if "through o2" in line)
    zero = above.index("│", 40)                     # the bars: right of the zero for +, left of it for -
    assert above[zero + 1] == "█" and above[zero - 1] == " "
    assert below[zero] == "│" and below[zero - 1] == "█" and below[zero + 1] == " "
    assert chain[3].strip() == "│                0.138498562 × 0.400000000"    # the lens follows the cursor
    assert "s factor 2" in lines[-1] and "n ∂E/∂net_h1" in lines[-1] and "f end of hidden" in lines[-1]
    assert "0.000438568" not in text and "0.241300709" not in text
    assert (session.position.value, session.position.inner) == (20, 2)


async def test_the_facts_of_mockup_f(tui: ModuleType) -> None:
    _, text = await reached(tui, SCREENS["mockup_f"])
    lines = text.splitlines()
    assert len(lines) == 40
    assert lines[1].rstrip().endswith("24/35")
    row = next(line for line in lines if "►    =  ∂E/∂w1" in line)
    assert "proved; 50 digits agree" in row and row.rstrip().endswith("+0.000438568 =")
    assert [line for line in lines if "=  0.036350306  ×  0.241300709  ×  0.050000000" in line]
    assert [line for line in lines if "net_h[j]  = Σ_i W_h[j,i] × i[i] + b1" in line]
    assert "w1 + 0.01 should raise E by 0.000004386. Tried: 0.000004386." in lines[-2]
    assert point_columns(lines[3:16]) == {107}


@pytest.mark.parametrize(("forward", "said"), [
    ('"E = w*x"', "E, ∂E/∂w, w⁺"),                  # and that is all
    ('"r = sqrt(w)", "E = r"', "r, E, ∂E/∂r …"),
    ('"a = w*x", "b = a*a", "c = b*w", "E = c*c"', "a, b, c, E, ∂E/∂c …"),
    ('"a = w*x", "b = a*a", "c = b*w", "d1 = c*c", "E = d1*d1"', "a, b, c … E, ∂E/∂d1 …"),
])
def test_the_first_screen_names_each_value_once(tmp_path: Path, forward: str, said: str) -> None:
    file = tmp_path / "short.toml"
    file.write_text(f'[equations]\nforward = [{forward}]\nloss = "E"\n[parameters]\nw = 0.5\n[values]\nx = 2\n'
                    '[training]\nupdates = 3\n', "utf-8")
    lines = [line.text for line in cards.first(Scene(Session(open_run(file))), 80, 14, True)]
    assert [line.split("value by value")[1].strip() for line in lines if "value by value" in line] == [said]


async def test_the_first_screen_tells_what_to_do(tui: ModuleType) -> None:
    session, text = await reached(tui, SCREENS["first"])
    lines = text.splitlines()
    assert lines[0].rstrip().endswith("E ·")
    assert "You are before the first of 35 values of the first update" in text
    assert "put the cursor on w5 and press Enter" in text
    assert "Enter follow ∂E/∂w5" in lines[-1]
    assert lines[-2].startswith(" · means: not computed yet.")
    assert session.position.value == 0
    assert not re.search(r"[+-]\d\.\d", text)


FOUR = ("[equations]\nforward = ['y = max(w*x, 0)', 'g = sqrt(y)', 'E = (g - t)**2']\nloss = 'E'\n"
        "[parameters]\nw = 1.0\n[values]\nx = [0.25, -0.5, 0.49, 1.0]\nt = [0.5, 0.2, 0.5, 0.9]\n"
        "[training]\nlearning_rate = 0.1\nupdates = 2\n")


@pytest.mark.parametrize("width", [80, 120])
def test_the_sample_is_told_while_something_is_followed(tui: ModuleType, width: int) -> None:
    """In the head, where it has room; and by what chooses another, in the line of words."""
    session = tui.session_of(FOUR)
    session.go("#0:12")
    tui.follow(session, "w")
    assert "following ∂E/∂w · sample 1 of 4" in tui.text(session, (width, 24)).splitlines()[0]
    session.sample(1)
    shown = tui.text(session, (width, 24))
    assert "following ∂E/∂w · sample 2 of 4" in shown.splitlines()[0] and "Sample 2 of 4 is shown." in shown
    session.sample(-1)
    assert session.message == "Sample 1 of 4 is shown."
