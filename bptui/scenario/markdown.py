"""The Markdown of an `about`, as rows of styled words for some width: for a screen, for a pipe, for paper.

Paragraphs, items, formulas that are set in, headings; `**bold**` and headings are bold, `*stressed*` words and links
are underlined, and code stays together where it can. What is not Markdown is text, whatever it is: nothing is refused,
nothing can be obeyed by a terminal, and time grows with the length alone. A row knows which character of the text it
begins with, so that a place in a text outlives another width.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import combining, east_asian_width

from .errors import printable

LINE = 78                                           # columns where no terminal says how many it has
LONGEST = 100_000                                   # characters of a text that are shown
GOES_ON = "(The text goes on in the file.)"
CODE_TOGETHER = 30                                  # columns of code that is not broken at its blanks
ITEM = re.compile(r"( {0,8})(-|\*|[0-9]{1,3}[.)]) +(?=\S)")
HEADING = re.compile(r" {0,3}#{1,6} +(.*?)[ #]*")
FENCE = re.compile(r" *```+ *(?:[a-z]{2,12})?")
LINK = re.compile(r"\[([^\[\]]{1,300})\]\(([^()\s]{1,500})\)")
SPECIAL = re.compile(r"`+|\*\*|\*|\[|\\")
Measure = Callable[[str], int]


@dataclass(frozen=True)
class TextWord:
    """`joined` is one that follows on the word before without a blank."""

    text: str
    style: str = ""                                 # "bold", "underline", or both
    code: bool = False
    joined: bool = False


@dataclass(frozen=True)
class TextRow:
    """Text in its styles; the number of its first character in the whole; what of it is set as code."""

    runs: tuple[tuple[str, str], ...] = ()
    first: int = 0
    codes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.runs)


@dataclass(frozen=True)
class TextBlock:
    """Words that are filled into rows, behind an `indent`; or, as it is, one `line`."""

    words: tuple[TextWord, ...] = ()
    indent: str = ""
    line: str = ""
    apart: bool = False                             # by a blank row from the block before


def columns(text: str) -> int:
    """The cells of a text in a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


@lru_cache(16)
def rows(about: str, width: int, measure: Measure = columns) -> tuple[TextRow, ...]:
    """The text in rows of at most `width` cells, as `measure` counts them; none where there is no text."""
    found: list[TextRow] = []
    start = 0
    for block in blocks(about):
        if block.apart and found:
            found.append(TextRow(first=start))
            start += 1
        if block.words:
            found += flowed(block.words, width, measure, block.indent, start)
            start += len(block.indent) + sum(len(word.text) + 1 for word in block.words)
        else:
            found += _broken(block.line, width, measure, start)
            start += len(block.line) + 1
    return tuple(found)


def says_something(about: str) -> bool:
    """Whether there is any text in it, and not marks alone."""
    return any(row.text.strip() for row in rows(about, LINE))


def flowed(words: Iterable[TextWord], width: int, measure: Measure = columns, indent: str = "",
           start: int = 0) -> list[TextRow]:
    """Words as rows, broken between them; what is wider than a row is broken within. Behind the first row's `indent`
    the others are set in as far."""
    if measure(indent) * 2 > width:                 # no room to set anything in
        words, indent = (*map(TextWord, indent.split()), *words), ""
    found: list[TextRow] = []
    runs: list[tuple[str, str]] = [(indent, "")] if indent else []
    codes: list[str] = []
    x, first, at, empty = measure(indent), start, start + len(indent), True

    def end() -> None:
        nonlocal runs, codes, x, first, empty
        found.append(TextRow(tuple(runs), first, tuple(codes)))
        runs, codes, x, first, empty = [(" " * measure(indent), "")] if indent else [], [], measure(indent), at, True

    for number, group in enumerate(_groups(words)):
        at += number > 0                            # the blank, also where a row ends there
        if not empty and x + 1 + sum(measure(word.text) for word in group) > width:
            end()
        for n, word in enumerate(group):
            text, blank = word.text, " " * (not n and not empty)
            while (part := _fitting(text, width - x - len(blank), measure, empty)) != text:
                if part:
                    runs.append((blank + part, word.style))
                    at, text = at + len(part), text[len(part):]
                end()
                blank = ""
            runs.append((blank + text, word.style))
            x, at, empty = x + len(blank) + measure(text), at + len(text), False
            if word.code:
                codes.append(word.text)
    if not empty:
        end()
    return found


def _groups(words: Iterable[TextWord]) -> Iterator[list[TextWord]]:
    """Words that stand together without a blank."""
    group: list[TextWord] = []
    for word in words:
        if group and not word.joined:
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _fitting(text: str, room: int, measure: Measure, least: bool) -> str:
    """The beginning of a text that fits; at `least` one character, so that it gets shorter."""
    if text.isascii():
        return text[:max(room, int(least))]
    end = 0
    while end < len(text) and room >= measure(text[end]):
        room -= measure(text[end])
        end += 1
    return text[:max(end, int(least))]


def _broken(line: str, width: int, measure: Measure, start: int) -> list[TextRow]:
    """A line as it is, its blanks too; one that is too wide goes on below."""
    found: list[TextRow] = []
    while line:
        part = _fitting(line, width, measure, True)
        blank = part.rfind(" ")
        if len(part) < len(line) and blank > len(part) // 2:
            part = part[:blank + 1]
        found.append(TextRow(((part.rstrip(), ""),), start))
        start, line = start + len(part), line[len(part):]
    return found


# blocks

def blocks(about: str) -> Iterator[TextBlock]:
    """The blocks of a text, in order."""
    text, more = about[:LONGEST].expandtabs(4), len(about) > LONGEST
    open_lines, indent, apart, blank, fenced = list[str](), "", False, False, False

    def closed() -> Iterator[TextBlock]:
        nonlocal open_lines
        if open_lines:
            yield TextBlock(tuple(_words(" ".join(open_lines))), indent, apart=apart)
        open_lines = []

    for source in text.strip("\n").splitlines():
        line = printable(source).rstrip()
        item, heading = ITEM.match(line), HEADING.fullmatch(line)
        if FENCE.fullmatch(line):
            yield from closed()
            fenced, blank = not fenced, blank or not fenced
            continue
        if fenced:
            yield TextBlock(line=f"  {line}", apart=blank)
            blank = False
            continue
        if not line:
            yield from closed()
            blank = True
            continue
        if item and (not item[2][0].isdigit() or not open_lines or indent or item[2][0] == "1"):
            yield from closed()
            mark = f"{' ' * (len(item[1]) // 2 * 2)}{item[2]} "
            open_lines, indent, apart = [line[item.end():]], mark, blank
        elif heading:
            yield from closed()
            yield TextBlock(tuple(TextWord(word, "bold") for word in heading[1].split()), apart=True)
        elif line.startswith(("    ", "|")):
            yield from closed()
            yield TextBlock(line=line[2:] if line[0] == " " else line, apart=blank)
        elif open_lines:
            open_lines.append(line.strip())
            continue
        else:
            open_lines, indent, apart = [line.strip()], "", blank
        blank = False
    yield from closed()
    if more:
        yield TextBlock(tuple(map(TextWord, GOES_ON.split())), apart=True)


# words

def _words(text: str) -> Iterator[TextWord]:
    """The words of a paragraph, in their styles."""
    joined = False
    for part, style, code in _spans(text):
        if code and columns(part) <= CODE_TOGETHER:
            yield TextWord(part, style, True, joined)
            joined = True
            continue
        for n, word in enumerate(part.split()):
            yield TextWord(word, style, code, joined and not n and not part[:1].isspace())
        if part.strip() or part[:1].isspace():
            joined = not part[-1:].isspace()


def _spans(text: str) -> Iterator[tuple[str, str, bool]]:
    """Stretches of one style: (text, style, whether it is code)."""
    ends: dict[str, int] = {}                       # where bold and stressed stretches end
    hopeless: set[str] = set()                      # what is not closed any more
    plain, at = "", 0

    def style() -> str:
        return " ".join(word for mark, word in (("**", "bold"), ("*", "underline")) if mark in ends)

    while found := SPECIAL.search(text, at):
        mark, i = found[0], found.start()
        plain, at = plain + text[at:i], found.end()
        if mark == "\\" and text[at:at + 1] and text[at] in "\\`*[]":
            plain, at = plain + text[at], at + 1
        elif mark[0] == "`":
            end = -1 if mark in hopeless else _closing_ticks(text, at, mark)
            if end < 0:
                hopeless.add(mark)
                plain += mark
                continue
            yield plain, style(), False
            yield text[at:end].strip() or text[at:end], style(), True
            plain, at = "", end + len(mark)
        elif mark == "[" and (link := LINK.match(text, i)):
            yield plain, style(), False
            yield link[1], f"{style()} underline".strip(), False
            plain, at = "" if link[2] == link[1] else f" ({link[2]})", link.end()
        elif mark[0] == "*" and ends.get(mark) == i:
            yield plain, style(), False
            plain = ""
            del ends[mark]
        elif mark[0] == "*" and mark not in ends and mark not in hopeless and _opens(text, i, at):
            end = _closing(text, at, mark)
            if end < 0:
                hopeless.add(mark)
                plain += mark
                continue
            yield plain, style(), False
            plain = ""
            ends[mark] = end
        else:
            plain += mark
    yield plain + text[at:], style(), False


def _opens(text: str, before: int, after: int) -> bool:
    """Whether what stands there can begin a stretch: not the × of a formula, as in 2*x."""
    return text[after:after + 1].strip() != "" and not text[before - 1:before].isalnum()


def _closing(text: str, at: int, mark: str) -> int:
    """Where a stretch ends that has begun before `at`; -1 if it does not."""
    for found in SPECIAL.finditer(text, at):
        end = found.end()
        if found[0] == mark and found.start() > at and not text[found.start() - 1].isspace() and \
                not text[end:end + 1].isalnum():
            return found.start()
    return -1


def _closing_ticks(text: str, at: int, mark: str) -> int:
    """Where code ends: at as many ticks as have begun it."""
    end = text.find(mark, at)
    while end >= 0:
        last = end + len(mark)
        if text[last:last + 1] != "`" and text[end - 1] != "`":
            return end
        while text[last:last + 1] == "`":
            last += 1
        end = text.find(mark, last)
    return -1
