"""The words below the panes: what the session says; where that is no message, what a row has no room for.

A formula, a watch or a stop can be longer than its row. It is cut there, and whole here when the cursor is on it.
"""

from __future__ import annotations

from ...debugger.scene import Scene
from ...explain import notation
from ...scenario.errors import sentence
from . import frame
from .canvas import Line
from .register import PAINTERS


def words(scene: Scene, width: int, pane: int | None) -> list[Line]:
    """The sentence, in as many rows as it takes; `pane` is how wide the pane with the focus is, None where it is not
    on the screen."""
    session = scene.session
    numbers = notation.FORMAT.get()
    unfit = PAINTERS[session.focus].unfit
    with notation.written_as("9" if numbers == "all" else numbers):     # a sentence is read, not copied
        if numbers == "all":                        # another notation, other texts
            scene = Scene(session)
        said = scene.sentence
        row = unfit(scene, pane) if unfit is not None and pane is not None and not session.message else ""
        if row:
            figure = scene.figure
            said = f"{figure} {sentence(row)}".strip()
        return frame.sentence(said, width)
