"""The formula above the rows of a chain: as a book sets it where there is room, else on one line.

In a book's setting the numbers stand below it, each factor's below the factor, and the value below them. The factor
that is being made is bold and underlined inside the whole; what is to come is dim, and its number a dot.
"""

from __future__ import annotations

from ...debugger.scene import Scene
from ...explain import notation
from ...explain.links import Chain, Link, current_row
from . import book
from .canvas import Canvas

LEFT = 6
PLACE = 11                                          # columns that a factor's number will need
TIMES, IS = "  ×  ", "  =  "


def paint(scene: Scene, c: Canvas, chain: Chain, room: int, second: bool) -> int:
    """Draw it from row 1 on; the row after it. A book has `room` rows at most, one line a `second` below it."""
    parts = _parts(scene, chain)
    if len(chain.formula) > 1:
        for indices in (True, False):
            if (used := _as_in_a_book(scene, c, chain, parts, indices, room)) is not None:
                return 1 + used
    _line(c, chain, parts)
    if second:
        _product(scene, c, chain)
        return 3
    return 2


def _parts(scene: Scene, chain: Chain) -> list[str]:
    """The style of each factor."""
    session = scene.session
    now = standing(scene, chain)
    working = working_on(chain, now)
    reached = {r.number for r in chain.rows if r.number and r.made <= session.here and not r.depth}
    product = len(chain.formula) > 2
    return ["bold underline" if (product or session.beat) and part.number == working else
            "dim" if product and part.number not in reached else "" for part in chain.formula[1:]]


def standing(scene: Scene, chain: Chain) -> int | None:
    """The row that the run stands at; in a lecture the one that comes next."""
    session = scene.session
    if session.beat and scene.coming is not None:
        return scene.coming.number
    return current_row(chain, session.here)


def working_on(chain: Chain, now: int | None) -> str:
    """The factor that the current row belongs to."""
    if now is None or chain.rows[now].kind == "result":
        return ""
    number = ""
    for row in chain.rows[:now + 1]:
        number = row.number if row.number and not row.depth else number
    return number


def _line(c: Canvas, chain: Chain, styles: list[str]) -> None:
    """The whole on one line."""
    name, *factors = chain.formula
    x = c.put(LEFT, 1, name.text, "bold")
    if not factors:
        return
    x = c.put(x, 1, IS)
    for n, (text, style) in enumerate(zip((part.text for part in factors), styles, strict=True)):
        if n:
            x = c.put(x, 1, TIMES)
        if x + len(text) > c.width - 2:
            c.put(x, 1, "…" if len(factors) > 1 else text, style, until=c.width - 1)
            break
        x = c.put(x, 1, text, style)


def _product(scene: Scene, c: Canvas, chain: Chain) -> None:
    """The line with its numbers, once all of them are there."""
    session = scene.session
    text = TIMES.join(map(notation.one, chain.factors(session.here)))
    if text and (at := LEFT + len(chain.formula[0].text) + 2) + len(text) < c.width - 1:
        c.put(at, 2, f"=  {text}", "dim")


def _as_in_a_book(scene: Scene, c: Canvas, chain: Chain, styles: list[str], indices: bool, room: int) -> int | None:
    """The rows that it took; None where it has no room, or would look as on one line."""
    boxes = [book.box(part.expression, indices) if part.expression is not None else book.text(part.text)
             for part in chain.formula]
    if all(box.height == 1 for box in boxes):
        return None
    numbers = _numbers(scene, chain)
    room_for = [0, *(max(PLACE if len(boxes) > 2 else 0, len(number)) for number in numbers)]
    widths = [max(box.width, least) for box, least in zip(boxes, room_for, strict=True)]
    above = max(box.base for box in boxes)
    below = max(box.height - box.base for box in boxes)
    lines = above + below + 2                       # with room for what is still to be made, so that nothing moves
    below_it = chain.result.lens != chain.formula[1].text
    if not below_it:
        lines -= 1
    tight = room == lines                           # then without the value, which the last row has, too
    if lines + 1 - tight > room or LEFT + sum(widths) + len(IS) + len(TIMES) * (len(boxes) - 2) > c.width - 2:
        return None
    _box(c, LEFT, 1 + above, boxes[0], "bold")
    equals = LEFT + boxes[0].width
    x, under = c.put(equals, 1 + above, IS), 1 + above + below
    for n, (box, style) in enumerate(zip(boxes[1:], styles, strict=True)):
        if n:
            c.put(x, 1 + above, TIMES)
            c.put(x, under, TIMES, "dim")
            x += len(TIMES)
        wide = widths[n + 1]
        middle = len(boxes) > 2                     # of several factors, each stands above its number
        _box(c, x + (wide - box.width) // 2 * middle, 1 + above, box, style)
        if numbers[n]:
            c.put(x + (wide - len(numbers[n])) // 2 * middle, under, numbers[n], "dim")
        x += wide
    if any(numbers):
        c.put(equals, under, IS, "dim")
    if not tight and (value := _value(scene, chain)):
        c.put(c.put(equals, under + below_it, IS), under + below_it, value, "bold")
    return lines + 1 - tight


def _box(c: Canvas, x: int, base: int, box: book.Box, style: str) -> None:
    """A box with its base on a row. Of several rows only the last is underlined: between them it would be a bar."""
    for n, text in enumerate(box.rows):
        words = style if n == box.height - 1 else style.replace("underline", "").strip()
        inside = len(text) - len(text.lstrip())
        c.put(x + inside, base - box.base + n, text.strip(), words)


def _numbers(scene: Scene, chain: Chain) -> list[str]:
    """The number of each factor, a dot where it is not made; of what is no product, the formula with its numbers."""
    session = scene.session
    factors = chain.formula[1:]
    if len(factors) > 1:
        heads = {r.number: r for r in chain.rows if r.number and r.value is not None and not r.depth}
        summed = next((r for r in chain.rows if r.kind == "sum" and not r.depth), None)
        if summed is not None:
            heads["1"] = summed
        return [_written(scene, heads.get(part.number)) for part in factors]
    last = chain.result
    return [last.lens if last.compound and last.made <= session.here else ""]


def _written(scene: Scene, row: Link | None) -> str:
    session = scene.session
    there = row is not None and row.value is not None and row.made <= session.here
    return notation.one(row.value) if there and row is not None and row.value is not None else notation.PENDING


def _value(scene: Scene, chain: Chain) -> str:
    """What it comes to, once it is made."""
    session = scene.session
    last = chain.result
    return notation.one(last.value, last.signed) if last.value is not None and last.made <= session.here else ""
