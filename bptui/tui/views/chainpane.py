"""The chain pane: a tree of factors, paths, running products and a result, with its numbers in one column.

Nothing is shown that the position has not reached: there the decimal point's place holds a dot. The row under
the cursor has its lens below it, the formula with all its digits. Rows fold where there is no room: blank
lines first, then running products, then what is farthest from the cursor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from rich.cells import cell_len

from ...debugger import ahead
from ...debugger.scene import Scene
from ...explain import notation
from ...explain.links import Chain, Link, column
from . import headline
from .canvas import Canvas, Line, sign_style
from .frame import rule

NAME, RULE = 9, 26
DEEPER = 7                                          # columns that the chain of an unfolded path moves right
ALL_DIGITS = 22                                     # columns of a number with all digits, from its point on
BARRED = ("path", "rest", "sum", "term", "result")  # kinds of rows that have a bar, where they have a scale
NOTE = 78                                           # characters of a sentence that the line of words can show


@dataclass(frozen=True)
class ChainColumns:
    """Where things stand, for a pane of some width: the zero of the bars, the decimal point, the mark."""

    zero: int
    bar: int
    point: int
    mark: int


def columns(width: int) -> ChainColumns:
    point = width - 2 - (ALL_DIGITS if notation.FORMAT.get() == "all" else 13 if width >= 80 else 11)
    before, bar = (13, 7) if width >= 80 else (10, 6)
    return ChainColumns(point - before, bar, point, width - 2)


def made(scene: Scene, row: Link) -> bool:
    session = scene.session
    return row.made <= session.here


def paint(scene: Scene, width: int, height: int, focused: bool) -> list[Line]:
    """The pane with its rule: `height` rows in all."""
    session = scene.session
    c = Canvas(width, height)
    chain = scene.chain
    if chain is None:
        rule(c, 0, [("Chain", "bold")])
        c.put(6, 2, "Step on with s, and the chain of each value is shown here.")
        return c.lines()
    _rule(scene, c, chain)
    shown = _rows(scene, chain, height - 2)
    start = headline.paint(scene, c, chain, height - 1 - max(len(shown), _most(chain, height)) - _note(scene),
                           len(shown) < height - 2)
    cols = columns(width)
    nine = notation.plain(column(r for r in chain.rows if made(scene, r)))
    now = headline.standing(scene, chain)
    cursor = session.cursor["chain"] if session.cursor["chain"] is not None else now
    y = start
    for number, lens in shown:
        row = chain.rows[number]
        c.spot(y, number)
        if lens:
            _lens(scene, c, y, chain, number, cols)
        else:
            _row(scene, c, y, row, cols, nine, number == now)
            if number == cursor and focused:
                c.restyle(y, "reverse", 3, width - 1)
        y += 1
    if y < height - 1:
        _notes(scene, c, y, height)
    return c.lines()


def _note(scene: Scene) -> int:
    """Rows that a sentence below the chain takes."""
    return 2 if _noted(scene) else 0


def _most(chain: Chain, height: int) -> int:
    """The rows that the chain will have when all of it is made, so that nothing moves until then."""
    lenses = sum(r.compound and r.lens != r.rule and r.kind != "running" for r in chain.rows)
    return len(chain.rows) + (lenses if len(chain.rows) + lenses < height - 3 else 1)


def _rows(scene: Scene, chain: Chain, room: int) -> list[tuple[int, bool]]:
    """What to draw: (row number, whether it is that row's lens)."""
    session = scene.session
    now = headline.standing(scene, chain)
    chosen = session.cursor["chain"] if session.cursor["chain"] is not None else now
    if chosen is None or chosen >= len(chain.rows):
        chosen = min(len(chain.rows) - 1, 0)
    numbers = list(range(len(chain.rows)))
    wide = len([r for r in chain.rows if r.compound]) + len(chain.rows) + _note(scene) < room - 1

    def lines() -> list[tuple[int, bool]]:
        found: list[tuple[int, bool]] = []
        for n in numbers:
            found.append((n, False))
            row = chain.rows[n]
            own = row.compound and row.lens != row.rule and made(scene, row) and (
                row.kind != "running" or n == chosen)
            own = own or (session.beat == ahead.NUMBERS and n == now)
            if own and (n == chosen or wide):
                found.append((n, True))
        return found

    shown = lines()
    if len(shown) > room:
        numbers = [n for n in numbers if chain.rows[n].kind != "running" or n in (chosen, now)
                   or (made(scene, chain.rows[n]) and chain.rows[n].made == session.here)]
        shown = lines()
    if len(shown) > room:                           # scroll: keep the cursor, and what comes after it, in sight
        at = next(k for k, (n, lens) in enumerate(shown) if n == chosen and not lens)
        first = max(0, min(at - room // 2, len(shown) - room))
        shown = shown[first:first + room]
    return shown


def _rule(scene: Scene, c: Canvas, chain: Chain) -> None:
    session = scene.session
    title = [(chain.title if chain.back or scene.times.blocks[
        scene.times.locate(max(1, session.position.value))[0]].phase == "backward" else f"How {chain.title} is made",
        "bold")]
    now = headline.standing(scene, chain)
    factors = [r for r in chain.rows if r.number and r.kind in ("factor", "head") and not r.depth]
    backward = chain.result.key[:1] == ("d",)
    if session.beat:
        title.append(("what comes next", "bold"))
    elif now is not None and backward:
        row = chain.rows[now]
        paths = [r for r in chain.rows if r.kind == "path" and not r.depth]
        if row.kind == "result":
            title.append(("done", "bold"))
        elif row.kind == "path" and factors:
            title.append((f"factor 1 of {len(factors)}, path {paths.index(row) + 1} of {chain.paths}", "bold"))
        elif row.kind == "path":
            title.append((f"path {paths.index(row) + 1} of {chain.paths}", "bold"))
        elif row.kind in ("factor", "head", "sum"):
            title.append((f"factor {row.number or 1} of {len(factors)}", "bold"))
            following = next((r for r in chain.rows[now + 1:] if r.kind in ("running", "result")), None)
            if following is not None and row.kind == "factor":
                title.append((f"makes {following.name}", ""))
    elif backward and made(scene, chain.result):
        title.append(("done", "bold"))
    elif backward:
        title.append(("not reached yet", "dim"))
    printed = any(scene.marks.at(session.position.update, r.key, session.lane) for r in chain.rows if r.key)
    rule(c, 0, title, [(c.width - 1, "value printed" if printed else "value")])


@dataclass(frozen=True)
class Texts:
    """What a row says: its name and from which column on, its rule, its number, and the column where these begin."""

    name: int
    rule: str
    number: str
    bar: str
    start: int
    limit: int

    def place(self, end: int) -> int:
        """The column of the rule, behind a name that ends before `end`."""
        return RULE if end + 2 <= RULE and RULE + cell_len(self.rule) <= self.limit else end + 2


def _texts(scene: Scene, row: Link, cols: ChainColumns, nine: bool, now: bool) -> Texts:
    session = scene.session
    there, indent = made(scene, row), DEEPER * row.depth
    branch = row.kind in ("path", "rest") and row.sign in ("├", "└")
    name = NAME + 2 + indent if branch else NAME + indent - (1 if row.depth else 0)
    bars = row.scale > 0 and row.kind in BARRED and there
    bar = _bar(row.value, row.scale, cols.bar) if bars and row.value is not None else ""
    left = len(bar) if row.value is not None and row.value < 0 else 0
    number = notation.number(row.value, row.signed, nine) if row.value is not None and there else ""
    start = cols.point - (notation.point(number) if number else 2)  # as if it stood there: none says how wide it is
    limit = cols.zero - 1 - left if bars or (row.kind == "head" and row.value is None) else start - 1
    rule_text = session.insights.slope(row.local) or row.rule
    if row.kind == "result" and there:
        rule_text = session.insights.proof(session.position, row.cell) or rule_text
    told = there or now or row.kind in ("factor", "path", "head")
    return Texts(name, rule_text if told else "", number, bar, start, limit)


def unfit(scene: Scene, width: int) -> str:
    """The row under the cursor in one line, where the pane has no room for its formula; else nothing."""
    session = scene.session
    chain, number = scene.chain, session.cursor["chain"]
    if chain is None or number is None or number >= len(chain.rows):
        return ""
    row = chain.rows[number]
    nine = notation.plain(column(r for r in chain.rows if made(scene, r)))
    texts = _texts(scene, row, columns(width), nine, number == headline.standing(scene, chain))
    end, formula = texts.name + cell_len(row.name), session.insights.slope(row.local) or row.rule
    lens = row.lens if made(scene, row) else ""
    told = texts.rule in ("", formula) or len(chain.formula) > 1    # else a proof hides it
    fits = end <= texts.limit and (not texts.rule or texts.place(end) + cell_len(texts.rule) <= texts.limit)
    if told and fits and RULE + cell_len(lens) <= width - 1:
        return ""
    return " = ".join(dict.fromkeys(filter(None, (row.name, formula, lens))))


def _row(scene: Scene, c: Canvas, y: int, row: Link, cols: ChainColumns, nine: bool, now: bool) -> None:
    session = scene.session
    there, texts = made(scene, row), _texts(scene, row, cols, nine, now)
    style = "bold" if now else "" if there else "dim"
    if now and not session.beat:                    # what comes next is bold, but nobody stands there
        c.put(1, y, "►", "bold")
    indent = DEEPER * row.depth
    if row.depth:
        c.put(NAME, y, "│", "dim")
    if row.kind in ("path", "rest") and row.sign in ("├", "└"):
        c.put(NAME + indent, y, row.sign, "" if there else "dim")
    else:
        sign = 4 if row.sign == "×" and not row.depth else 6 - (2 if row.sign == "×" else 0)
        c.put(sign + indent, y, row.sign, style)
        if row.number:
            c.put(6 + indent, y, row.number, style)
    x = c.put(texts.name, y, row.name, style, until=texts.limit)
    if texts.rule and x < texts.limit - 1:
        c.put(texts.place(x), y, texts.rule, style if row.kind != "running" else "dim", until=texts.limit)
    if row.kind == "head" and row.value is None:
        if cols.zero - 3 > max(RULE, x + 2) + len(row.rule):
            c.put(cols.zero - 2, y, "- 0 +", "dim")
        return
    if row.value is None or (row.kind == "operand" and session.beat == ahead.FORMULA):
        return                                      # its number is put in with the next beat
    if not there:
        c.put(cols.point, y, notation.PENDING, "dim")
        return
    if row.scale > 0 and row.kind in BARRED:
        c.put(cols.zero, y, "│", "dim")
        c.put(cols.zero + 1 if row.value > 0 else cols.zero - len(texts.bar), y, texts.bar, sign_style(row.value))
    colour = sign_style(row.value) if row.signed else ""
    c.put(texts.start, y, texts.number, f"{colour} bold".strip() if now else colour)
    glyph = scene.marks.glyph(session.position.update, row.key, session.lane, row.value) if row.key else ""
    if glyph:
        c.put(cols.mark, y, glyph, "dim" if glyph == "=" else "bold")


def _bar(value: float, scale: float, room: int) -> str:
    """A bar to the left (-) or right (+) of the zero; a full one is `room` cells."""
    if not math.isfinite(value) or not scale:
        return ""
    full, half = divmod(min(2 * room, round(abs(value) / scale * 2 * room)), 2)
    return "█" * full + "▌" * half if value > 0 else "▐" * half + "█" * full


def _lens(scene: Scene, c: Canvas, y: int, chain: Chain, number: int, cols: ChainColumns) -> None:
    row = chain.rows[number]
    if row.kind == "path" and row.sign == "├":
        c.put(NAME, y, "│", "dim")
    x = c.put(RULE, y, row.lens, "dim" if made(scene, row) else "bold", until=c.width - 1)
    if row.kind == "result" and x < cols.point - 8:
        return


def _noted(scene: Scene) -> str:
    """What is wrong with a printed figure, if the line of words cannot show it: too long, or behind a message."""
    session = scene.session
    text = scene.figure
    return text if len(text) > NOTE or session.message else ""


def _notes(scene: Scene, c: Canvas, y: int, height: int) -> None:
    """The sentence about a printed figure, under the chain, where the line of words has no room for it."""
    text = _noted(scene)
    if not text:
        return
    room = c.width - 8
    words, line, y = text.split(" "), "", y + (1 if y + 3 < height else 0)
    for word in [*words, ""]:
        if word and len(line) + len(word) + 1 <= room:
            line = f"{line} {word}".strip()
            continue
        if y < height:
            c.put(6, y, line)
        line, y = word, y + 1
