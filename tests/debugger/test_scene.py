"""A scene is of one moment: each frame and each command makes its own, and what it derives is derived once.

What is stale is worse than what is slow, so these tests look for a scene that outlives a change of the session: they
let every scene say, whenever it is asked for something, whether the session still stands where it was made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from types import ModuleType
from typing import Any

import pytest

from bptui.debugger.commands import lecture, travel
from bptui.debugger.panes import register
from bptui.debugger.scene import Scene
from bptui.debugger.state.session import Session
from bptui.explain.chain import Explainer
from bptui.tui.layout import screen

PANES = ("chain", "network", "program", "parameters", "values", "printed", "loss", "matrix", "gradients", "adjoints",
         "batch", "watches", "stops", "hits")
MOVES = ("into", "over", "out", "back_into", "again", "down", "up", "right", "left", "enter", "to_cursor",
         "next_change", "copy", "close", "only", "next_sample", "numbers", "order", "turn", "back", "frame_up",
         "page_down", "home")
DERIVED = tuple(name for name, made in vars(Scene).items() if isinstance(made, cached_property))


def moment(session: Session) -> tuple[Any, ...]:
    """Everything that a scene is derived from."""
    return (session.branch.name, session.position, session.lane, session.followed, session.only, session.unfolded,
            session.beat, session.began)


@pytest.fixture
def scenes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Scene]]:
    """Every scene that is made, each of which fails when it is asked for something at another moment."""
    found: list[Scene] = []
    begin, moments = Scene.__init__, dict[int, tuple[Any, ...]]()

    def init(scene: Scene, *args: Any, **more: Any) -> None:
        begin(scene, *args, **more)
        found.append(scene)                         # kept, so that none has the number of another
        moments[id(scene)] = moment(scene.session)
    monkeypatch.setattr(Scene, "__init__", init)
    for name in DERIVED:
        made = vars(Scene)[name].func

        def asked(scene: Scene, name: str = name, made: Any = made) -> Any:
            assert moment(scene.session) == moments[id(scene)], f"a scene is asked for its {name} after a change"
            if name not in vars(scene):
                vars(scene)[name] = made(scene)
            return vars(scene)[name]
        monkeypatch.setattr(Scene, name, property(asked))
    yield found


def test_no_scene_outlives_a_change_of_the_session(tui: ModuleType, scenes: list[Scene]) -> None:
    for name, at, panes in (("two_layer", "#3:20", PANES), ("batch_random", "#2:4", ("chain", "parameters", "batch")),
                            ("attention", "#1:30", ("network", "matrix"))):
        session = tui.open_session(name, at)
        hands = tui.Hands(session)
        screen(session, 120, 40)
        for pane in panes:
            session.focus = pane
            for move in MOVES:
                before = len(scenes)
                hands.press(move)
                screen(session, 120, 40)
                assert len(scenes) > before
    assert len({id(scene) for scene in scenes}) == len(scenes)


def test_a_frame_makes_one_scene_and_a_command_another(tui: ModuleType, scenes: list[Scene]) -> None:
    session = tui.open_session("two_layer", "#3:20")
    for _ in range(3):
        scenes.clear()
        screen(session, 120, 40)
        assert len(scenes) == 1
        frame = scenes[0]
        travel.step(session, "into")
        screen(session, 120, 40)
        assert len(scenes) == 2 and scenes[1] is not frame
        lecture.forward(session)
        assert len(scenes) == 3
        session.beat = 0


def test_a_frame_derives_its_chain_once(tui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 120 columns the chain, the words below it, the keys and the notes all read the same one."""
    calls: Counter[str] = Counter()

    def counting(owner: type, name: str) -> None:
        function = getattr(owner, name)

        def counted(*args: Any, **more: Any) -> Any:
            calls[name] += 1
            return function(*args, **more)
        monkeypatch.setattr(owner, name, counted)
    for name in ("__init__", "derivative", "chain"):
        counting(Explainer, name)
    for name in ("two_layer", "attention", "softmax_iris"):
        session = tui.open_session(name, "#1:20")
        tui.follow(session, session.namer.of(*Scene(session).parameter(0)))
        session.message = ""
        screen(session, 120, 40)                    # what is kept of printed figures is worked out the first time
        calls.clear()
        screen(session, 120, 40)
        assert calls == {"__init__": 1, "derivative": 1, "chain": 1}, name     # of what is followed; of this step


def test_all_digits_on_the_screen_are_another_scene_than_the_words(tui: ModuleType, scenes: list[Scene]) -> None:
    """A sentence has nine decimals where the panes have all digits, so the two cannot share their texts."""
    session = tui.open_session("two_layer", "#3:20")
    session.looks["numbers"] = "all"
    screen(session, 120, 40)
    assert len(scenes) == 2


def test_a_table_is_looked_at_as_the_session_is_now(tui: ModuleType) -> None:
    """Two scenes of two orders have two views, and an older one keeps its own."""
    session = tui.open_session("two_layer", "#3:20")
    made = register.view(Scene(session), "parameters")
    session.looks["sort.parameters"] = "value"
    by_value = register.view(Scene(session), "parameters")
    assert made.rows is None and by_value.rows is not None
