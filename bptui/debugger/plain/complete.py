"""Completes the name that is being typed: quantities of the scenario, their parts, functions."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...scenario.expression import QUANTITY_FUNCTIONS
from ..state.session import Session

WORD = re.compile(r"[^\W\d]\w*(?:\.\w*)*(?:\[[0-9,]*)?$|[^\W\d]\w*\[[0-9,]*\]\.\w*$")
PARTS = ("grad", "next", "change")


def complete(session: Session, text: str) -> str | None:
    """`text` with its last name completed; None where nothing fits or it is complete."""
    options = completions(session, text)
    found = WORD.search(text)
    return text[:found.start()] + options[0] if found is not None and options else None


def completions(session: Session, text: str) -> list[str]:
    """What the last name of `text` may become, the most likely first."""
    found = WORD.search(text)
    if found is None or not found[0]:
        return []
    begun = found[0]
    fit = sorted({name for name in _names(session, begun) if name.startswith(begun) and name != begun},
                 key=lambda name: (len(name), name))
    return fit[:50]


def _names(session: Session, begun: str) -> Iterable[str]:
    program = session.run.program(session.position.update)
    yield from program.names
    yield from program.variables
    yield from (f"{name}(" for name in QUANTITY_FUNCTIONS)
    yield from session.run.model.form.editable
    yield from ("learning_rate", "optimizer")
    base, dot, _ = begun.rpartition(".")
    if dot:
        place = program.names.get(base)
        var = place[0] if place is not None else program.variables.get(base)
        if var is not None and var in program.state:
            yield from (f"{base}.{part}" for part in PARTS)
            yield from (f"{base}.{name.removeprefix(var.name + '.')}" for name in program.variables
                        if name.startswith(f"{var.name}.") and "." not in name.removeprefix(var.name + "."))
