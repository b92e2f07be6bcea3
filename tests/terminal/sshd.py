"""A real OpenSSH server on the loopback, and logins to it: everything of it is in one temporary folder.

Keys are made anew and are the only way in; no file of the person's `.ssh` is read or written, on either side. It
runs as whoever runs the tests, and logs in as the same. Each login runs `remote.py`, which writes down what the
command on the server found there and how it ended: the client learns nothing of that when its link is cut.
"""

from __future__ import annotations

import getpass
import json
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLACES = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"       # sshd is seldom on a person's path
ROOT = Path(__file__).resolve().parents[2]
REMOTE = Path(__file__).with_name("remote.py")
PATIENCE = 30.0
TRIES = 5                                           # somebody else may take a port that was free a moment ago
SERVER = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
PidFile {folder}/pid
AuthorizedKeysFile {folder}/user.pub
AuthenticationMethods publickey
PermitRootLogin prohibit-password
PermitUserRC no
StrictModes no
UsePAM no
PrintMotd no
PrintLastLog no
MaxStartups 100
"""
CLIENT = {"IdentitiesOnly": "yes", "IdentityAgent": "none", "PreferredAuthentications": "publickey",
          "GlobalKnownHostsFile": "/dev/null", "StrictHostKeyChecking": "yes", "LogLevel": "ERROR",
          "EscapeChar": "none"}


def which(program: str) -> str | None:
    return shutil.which(program, path=PLACES)


@dataclass(frozen=True)
class Login:
    """A login's command for the client, and the file that `remote.py` keeps about it on the server."""

    command: tuple[str, ...]
    record: Path

    def look(self) -> dict[str, Any]:
        """What is known of the command on the server; nothing before it runs."""
        return json.loads(self.record.read_text("utf-8")) if self.record.exists() else {}

    def ended(self) -> dict[str, Any]:
        """Wait for the command on the server to have ended: `code` says how, `cpu` what it took in seconds."""
        end = time.monotonic() + PATIENCE
        while "code" not in (found := self.look()):
            assert time.monotonic() < end, f"it goes on at the server: {found}"
            select.select([], [], [], 0.02)
        return found


class Server:
    """`folder` is new and empty. Raises RuntimeError, with what sshd says, where it cannot run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self._logins: list[Login] = []
        for name in ("host", "user"):
            subprocess.run([str(which("ssh-keygen")), "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", folder / name],
                           check=True, stdin=subprocess.DEVNULL)
        if os.geteuid() == 0:                       # where a system has no server of its own there is no such folder
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        for _ in range(TRIES):
            if self._started():
                return
        raise RuntimeError((folder / "log").read_text("utf-8", "replace"))

    def _started(self) -> bool:
        """Whether it listens, at a port that was free."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        (self.folder / "config").write_text(SERVER.format(port=self.port, folder=self.folder), "utf-8")
        key = (self.folder / "host.pub").read_text("utf-8")
        (self.folder / "known").write_text(f"[127.0.0.1]:{self.port} {key}", "utf-8")
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen([str(which("sshd")), "-D", "-e", "-f", self.folder / "config"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            if b"Server listening" in (self.folder / "log").read_bytes():
                return True
            select.select([], [], [], 0.02)
        self.process.kill()
        self.process.wait()
        return False

    def login(self, *arguments: str, ignored: int = 0, environment: dict[str, str] | None = None) -> Login:
        """A login that runs bptui; the signal `ignored` is ignored there, as under nohup."""
        record = self.folder / f"login{len(self._logins)}.json"
        variables = {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(self.state), **(environment or {})}
        remote = ("exec", "env", *(f"{k}={v}" for k, v in variables.items()), sys.executable, str(REMOTE), str(record),
                  str(ignored), sys.executable, "-W", "error", "-m", "bptui", *arguments)
        options = {**CLIENT, "UserKnownHostsFile": self.folder / "known", "IdentityFile": self.folder / "user"}
        command = ("ssh", "-F", "none", "-tt", *(word for k, v in options.items() for word in ("-o", f"{k}={v}")),
                   "-p", str(self.port), f"{getpass.getuser()}@127.0.0.1", " ".join(map(shlex.quote, remote)))
        self._logins.append(Login(command, record))
        return self._logins[-1]

    def close(self) -> None:
        """End it, and what still runs in its logins."""
        self.process.terminate()
        self.process.wait()
        for login in self._logins:
            found = login.look()
            if found and "code" not in found:
                os.kill(found["pid"], signal.SIGKILL)
                login.ended()
