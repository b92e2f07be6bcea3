"""The screen of every kind of value of every shipped scenario can be drawn, whether or not something is followed."""

from __future__ import annotations

from types import ModuleType

import pytest

from bptui.replay.quantity import Place
from bptui.replay.timeline import Position
from bptui.scenario.shipped import shipped
from bptui.tui.layout import screen

pytestmark = pytest.mark.slow

MOST = 60                                           # values of each scenario


@pytest.mark.parametrize("name", [name for name, _ in shipped()])
def test_the_screen_of_every_block(tui: ModuleType, name: str) -> None:
    session = tui.open_session(name)
    times = session.times
    firsts = [times.span(n)[0] for n in range(len(times.blocks))]
    lasts = [times.span(n)[1] for n in range(len(times.blocks))]
    values = sorted({*firsts, *lasts})
    for value in values[::max(1, len(values) // MOST)]:
        session.followed = None
        tui.stand(session, Position(0, value, times.stops(value)))
        assert len(screen(session, 120, 40)) == 40
        var = times.blocks[times.locate(value)[0]].out
        session.follow(Place(var, 0))
        assert len(screen(session, 80, 24)) == 24
