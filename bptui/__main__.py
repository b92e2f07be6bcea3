"""`bptui` and `python -m bptui`: an interrupt ends it without a traceback, while it is being loaded too."""

from __future__ import annotations

import signal


def main() -> int:
    """Run what the command line says; the exit code."""
    try:
        from .cli import main as command
        return command()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    raise SystemExit(main())
