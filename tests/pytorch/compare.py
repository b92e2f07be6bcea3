"""bptui against the quantities that PyTorch made: what disagrees, in words. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bptui.replay.open import open_scenario
from bptui.scenario.errors import QuantityError
from bptui.scenario.reader import read_scenario_text

EXECUTORS = ("straight", "arrays")


def agree(ours: Any, theirs: Any) -> bool:
    """|a - b| ≤ 1e-10·(|b| + 1e-6) in every element, and the same shape. NaN agrees with nothing."""
    a, b = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    return a.shape == b.shape and bool((np.abs(a - b) <= 1e-10 * (np.abs(b) + 1e-6)).all())


def asked(quantities: Mapping[str, list[list[Any]]]) -> Iterator[tuple[str, int, int, Any]]:
    """(what, after, sample, value) of every quantity; the `next` of a trained parameter is its later value."""
    for what, series in quantities.items():
        for after, sample, value in series:
            yield what, after, sample, value
            if after and f"{what}.grad" in quantities:
                yield f"{what}.next", after - 1, sample, value


def disagreements(toml: str, quantities: Mapping[str, list[list[Any]]], executor: str) -> list[str]:
    """One line for each quantity on which bptui, run by `executor`, differs. Raises ScenarioError."""
    run = open_scenario(read_scenario_text(toml, "case"), executor)
    found: list[str] = []
    for what, after, sample, theirs in asked(quantities):
        try:
            ours: Any = run.value(what, after=after, sample=sample or None)
        except QuantityError as error:
            found.append(f"{what} after {after}: {error}")
            continue
        if not agree(ours, theirs):
            of = f", sample {sample}" if sample else ""
            found.append(f"{what} after {after}{of}: bptui {np.asarray(ours).tolist()}, PyTorch {theirs}")
    return found
