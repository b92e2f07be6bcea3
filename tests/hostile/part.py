"""Open a part of the mutated scenarios, in this process: `part.py FOLDER FIRST COUNT`.

Prints how many opened, how many were refused, and the most memory it took, in megabytes. What is not as it should be
is raised, with the seed that makes it again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import mutate
import opening

HERE = Path(__file__).resolve().parent


def texts(folder: Path) -> list[str]:
    return [path.read_text("utf-8") for path in sorted(folder.glob("*.toml"))]


def main(folder: Path, first: int, count: int) -> None:
    good, hostile, path = texts(HERE.parents[1] / "scenarios"), texts(HERE / "corpus"), folder / "m.toml"
    opened = refused = 0
    for seed in range(first, first + count):
        path.write_bytes(mutate.mutant(seed, good, hostile))
        if seed % 10 == 0:
            for name in ("iris.csv", "transfer_base.npz"):
                damaged = mutate.damaged(seed, (folder / name).read_bytes())
                (folder / f"mutant{Path(name).suffix}").write_bytes(damaged)
        try:
            found = opening.open_scenario(path)
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
        assert found.seconds < opening.SECONDS, (seed, found)
        refused, opened = refused + bool(found.lines), opened + (not found.lines)
    # not `getrusage`: for that, a process begins with the most memory of whoever started it
    status = Path("/proc/self/status").read_text("utf-8")
    print(opened, refused, int(status.partition("VmHWM:")[2].split()[0]) // 1024)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
