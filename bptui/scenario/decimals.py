"""The decimal comma: a point where nothing else can be meant, and else a sentence that says how to write the number.

Outside of brackets a comma between digits can be no other thing. But 1,234 may be 1.234 or, as English has it, 1234:
three digits after one to three others that do not begin with 0.
"""

from __future__ import annotations

import re

COMMAS = re.compile(r"(?<![\w.,])[0-9]+(?:,[0-9]+)+(?:\.[0-9]+)?(?![0-9])")
THOUSANDS = re.compile(r"[1-9][0-9]{0,2},[0-9]{3}")


def with_points(text: str) -> tuple[str, str]:
    """`text` with a point for each decimal comma, of the same length; and what is unclear about one, or ""."""
    unclear = ""
    if "," not in text:
        return text, unclear
    shown = list(text)
    for found in COMMAS.finditer(text):
        before = text[:found.start()]
        if before.count("(") + before.count("[") > before.count(")") + before.count("]"):
            continue                                # between arguments, or indices
        fault = fault_of(found[0])
        unclear = unclear or fault
        if not fault:
            shown[found.start() + found[0].index(",")] = "."
    return "".join(shown), unclear


def fault_of(number: str) -> str:
    """Why digits with commas between them cannot be read as one number; "" if they can."""
    bare = number.replace(",", "")
    if "." in number or number.count(",") > 1:
        return f"'{number}': write it without commas, as {bare}"
    if THOUSANDS.fullmatch(number):
        return f"'{number}' may be {number.replace(',', '.')} or {bare}: write one of them"
    return ""


def meant(text: str) -> str:
    """`: write 0.15` for a text that has a decimal comma in it, else nothing."""
    found = COMMAS.search(text)
    if found is None:
        return ""
    fault = fault_of(found[0])
    return f": {fault}" if fault else f": write {found[0].replace(',', '.')}"
