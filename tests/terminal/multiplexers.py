"""tmux and GNU screen, each with a server of its own in a folder of its own, and a program in a window of it.

Nobody's configuration is read. Commands go to the server from outside, as a person's keys would after the prefix;
what the window holds is asked of the server, and what a client shows is the business of its pseudo-terminal.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

PATIENCE = 30.0


class Tmux:
    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="tmux")    # a socket's path must be short
        self._command = ("tmux", "-S", f"{self.folder.name}/socket", "-f", "/dev/null")
        self.clients: list[Any] = []                # pseudo-terminals, which are read while something is waited for
        self.set("-s exit-empty off")

    def client(self, *command: str) -> tuple[str, ...]:
        """The command of a client that makes a window for `command`, or, with none, comes back to the one there is."""
        if not command:
            return (*self._command, "attach-session")
        return (*self._command, "new-session", "-s", "0", shlex.join(command))

    def set(self, *options: str) -> None:
        """Set some options, each as `-g name value`; the server is started where it does not run yet."""
        run = [*self._command, "start-server"]
        for option in options:
            run += [";", "set", *shlex.split(option)]
        subprocess.run(run, check=True, stdin=subprocess.DEVNULL)

    def do(self, *words: str) -> str:
        """A tmux command: what it prints."""
        done = subprocess.run([*self._command, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    @property
    def text(self) -> str:
        """What the program's pane holds, to the ends of its lines; nothing where there is none yet, or any more."""
        done = subprocess.run([*self._command, "capture-pane", "-p", "-t", "0:0.0"], capture_output=True, text=True)
        return "\n".join(line.rstrip() for line in done.stdout.splitlines())

    def shows(self, *texts: str) -> None:
        end = time.monotonic() + PATIENCE
        while not all(text in (held := self.text) for text in texts):
            assert time.monotonic() < end, f"no {texts} in\n{held}"
            for client in self.clients:
                if client.master >= 0:
                    client.read(0.02)

    def flags(self, *names: str) -> list[str]:
        """What tmux knows of the pane's terminal, by the names of its formats."""
        return self.do("display", "-p", "-t", "0:0.0", " ".join(f"#{{{name}}}" for name in names)).split()

    def close(self) -> None:
        subprocess.run([*self._command, "kill-server"], capture_output=True)
        self.folder.cleanup()


class Screen:
    def __init__(self, *settings: str) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="screen")
        (self.rc).write_text("".join(f"{line}\n" for line in ("startup_message off", *settings)), "utf-8")
        (Path(self.folder.name) / "sockets").mkdir(mode=0o700)
        self.environment = {"SCREENDIR": f"{self.folder.name}/sockets", "SYSSCREENRC": "/dev/null"}
        self._name = "bptui"

    @property
    def rc(self) -> Path:
        return Path(self.folder.name) / "rc"

    def client(self, *command: str) -> tuple[str, ...]:
        if not command:
            return ("screen", "-U", "-d", "-r", self._name)
        return ("screen", "-U", "-c", str(self.rc), "-S", self._name, *command)

    def do(self, *words: str) -> None:
        """A screen command."""
        subprocess.run(["screen", "-S", self._name, "-p", "0", "-X", *words], check=False, capture_output=True,
                       stdin=subprocess.DEVNULL, env={**os.environ, **self.environment})

    def close(self) -> None:
        self.do("quit")
        self.folder.cleanup()
