"""What is wrong with a scenario, and where.

Every mistake is a `Problem` at a key path; whoever knows the file turns the path into `file:line`.
The scenario reader and the engine raise the same error, so a person sees one list in file order.
Words of the user are quoted through `quoted`, which keeps them short and free of control characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from unicodedata import category

from .synonyms import nearest, numbered

KeyPath = tuple[str | int, ...]
MOST_SHOWN = 20
LONGEST_QUOTE = 60
MOST_COMPARED = 2000      # names that a misspelt word is compared with
MOST_LISTED = 40          # known names that are listed when none is near
MOST_MARKS = 3            # on one character: a tower of them is drawn over the lines above
HIDDEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")    # letters for Unicode, nothing for the eye

OPENING = re.compile(                               # words that begin what is said; "a is not trained" has a name
    r"(?:an|betas|it|nothing|not|perturbation|the|there|this) |(?:hits|samples|stops) count "
    r"|(?:a|after|go|no|of|one|sample|say|shapes|something|updates?|value) (?!is |has |takes |needs |must |are )")


@dataclass(frozen=True)
class Problem:
    """One mistake: the key path it stands at, what is wrong, what was expected.

    `line` is for mistakes that have no key, such as broken TOML; otherwise it is found from `key`.
    """

    key: KeyPath
    message: str
    line: int | None = None


class ScenarioError(Exception):
    """A scenario cannot be opened. `problems` in the order they were found.

    `partial` is what could be read of it, a Scenario, or claims and their lines, for whoever knows more of its words.
    """

    def __init__(self, problems: Iterable[Problem], partial: object = None) -> None:
        self.problems = tuple(problems)
        self.partial = partial
        super().__init__("; ".join(p.message for p in self.problems))


class QuantityError(ValueError):
    """A quantity that was typed cannot be read or computed: one clear sentence."""


class ExpressionError(QuantityError):
    """A text cannot be read as an expression: one clear sentence, and the column (from 0) it is about."""

    def __init__(self, message: str, column: int = 0) -> None:
        super().__init__(message)
        self.column = column


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`, did you mean 'sigmoid'?` when something known is what `word` means or is really near to it, else nothing.

    Of names that are numbered, as w1 to w8, it is said which there are.
    """
    if len(word) > LONGEST_QUOTE:
        return ""
    compared = list(islice(known, MOST_COMPARED))
    near = nearest(word, compared)
    if near is not None:
        return f", did you mean {near!r}?"
    there = numbered(word, compared)
    return f"; there {'are' if ' to ' in there else 'is'} {there}" if there else ""


def near_or_known(word: str, known: Iterable[str], most: int = MOST_LISTED) -> str:
    """What was meant by `word`, or else what there is: all that is known, or the first of it."""
    names = list(known)
    rest = f" and {len(names) - most:,} more" * (len(names) > most)
    return did_you_mean(word, names) or (f"; known here: {', '.join(names[:most])}{rest}" if names else "")


def sentence(words: object) -> str:
    """Words as a sentence: with a capital, but where they begin with a name, and with a full stop, where they have no
    end of their own."""
    text = str(words)
    text = text[:1].upper() + text[1:] if OPENING.match(text) else text
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."


def one_of(names: Iterable[str]) -> str:
    """The known names as a phrase: `a, b or c`."""
    names = list(names)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def printable(text: str) -> str:
    """`text` with all that a terminal could obey or hide (controls, marks of direction, piled accents) as escapes."""
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks = 0
    for c in text:
        marks = marks + 1 if category(c) in ("Mn", "Me") else 0
        harmless = c.isprintable() and c not in HIDDEN and marks <= MOST_MARKS
        shown.append(c if harmless else c.encode("unicode_escape").decode("ascii"))
    return "".join(shown)


def quoted(text: str) -> str:
    """`text` in single quotes, printable, cut to a length that fits a line."""
    return f"'{printable(text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE - 1] + '…')}'"
