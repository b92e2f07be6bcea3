"""What the screens ask of the application that shows them. They know no more of it, so it can know them."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

from textual.app import App
from textual.events import Key

from ..debugger.saved.settings import Settings
from ..debugger.state.session import Session


class Host(App[None]):
    """An application with a person's settings, a debugger and a gallery."""

    settings: Settings
    only_ascii: bool                                # whether everything is drawn in ASCII

    @abstractmethod
    def dress(self, session: Session) -> None:
        """What was chosen holds for every screen from now on, and is kept for the next time."""

    @abstractmethod
    def open_scenario(self, path: Path, number: str = "") -> bool:
        """Open a scenario of the gallery, at the place that shows `number`; False where that cannot be."""

    @abstractmethod
    def to_gallery(self) -> None:
        """Leave the scenario, saved as it is, for the gallery."""

    @abstractmethod
    async def hear(self, event: Key) -> None:
        """Give a key to what is on top, and see it taken before the next one is looked at."""

    @abstractmethod
    def until_drawn(self, last: float) -> float:
        """Seconds until the screen may be drawn again, drawn `last`; 0 is now."""
