"""bptui: a step-debugger for backpropagation in the terminal. In Python: `bptui.open_run(path).value("d(E, w5)")`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .replay.run import open_run

__version__ = "0.1.0"
__all__ = ["__version__", "open_run"]


def __getattr__(name: str) -> Any:
    """`open_run` brings numpy with it, so it is imported when it is first used."""
    if name != "open_run":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .replay.run import open_run
    return open_run
