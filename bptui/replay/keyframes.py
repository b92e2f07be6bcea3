"""Saved states, thinned so that memory stays bounded however long the run.

A state is kept after every `stride` updates; when the room is full every second one goes and the stride
doubles. A seek starts at the nearest earlier one.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

BYTES = 32 << 20
MOST = 4096                                         # beyond this, more frames make no seek noticeably faster


def state_size(state: tuple[Any, ...]) -> int:
    """Bytes that a state holds."""
    return sys.getsizeof(state) + sum(x.nbytes if isinstance(x, np.ndarray) else sys.getsizeof(x) for x in state)


class Keyframes:
    def __init__(self, start: tuple[Any, ...], room: int = BYTES) -> None:
        self.capacity = max(2, min(MOST, room // max(1, state_size(start))))
        self.stride = 1
        self.frames = {0: start}

    def keep(self, update: int, state: tuple[Any, ...]) -> None:
        """Keep `state` if its turn has come. Only the runner calls this, in order."""
        if update % self.stride:
            return
        self.frames[update] = state
        self._thin()

    def _thin(self) -> None:
        while len(self.frames) > self.capacity:
            self.stride *= 2
            self.frames = {n: s for n, s in self.frames.items() if n % self.stride == 0}

    def past(self, update: int, state: tuple[Any, ...]) -> Keyframes:
        """The frames before `update`, for a run that leaves this one there with `state`: so large are those to come."""
        other = Keyframes(state)
        other.capacity = min(self.capacity, other.capacity)
        if update:
            other.stride = self.stride
            other.frames = {n: s for n, s in self.frames.items() if n < update}
            other._thin()
        return other

    def before(self, update: int) -> tuple[int, tuple[Any, ...]]:
        """The latest kept (update, state) not after `update`."""
        at = min(update, max(self.frames)) // self.stride * self.stride
        while at not in self.frames:
            at -= self.stride
        return at, self.frames[at]
