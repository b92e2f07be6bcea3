"""The tokens of an expression, and the checks that need no grammar.

Only ASCII names, decimal numbers and a fixed set of signs get past this module, so Python's own parser
never sees a string, a keyword, a look-alike letter or a comment. What people type and Python does not
know is rewritten here: `∂E/∂w5` to `d(E, w5)`, and a pin `w5@3` to an attribute that nobody can write.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass

from .decimals import with_points
from .errors import LONGEST_QUOTE, ExpressionError, quoted

MOST_CHARACTERS = 500
DEEPEST = 100             # brackets and trees; a sum of 100 terms is a tree of depth 100
MOST_UPDATES = 10**18    # to be read; what lies past the end of a run is refused where the run is known
PIN = "__pin_"            # no written name may begin with two underscores
OPERATOR_WORDS = ("and", "or", "not")
CONSTANTS = ("pi",)
PIN_PLACE = "@ stands after a name, an index or a call, as in w5@prev"
PASTED = {"−": "-", "×": "*"}       # signs of printed formulas: U+2212 and U+00D7

PATTERN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>\*\*|//|<<|>>|<=|>=|==|!=|[-+*/<>()\[\],.@=∂⁺])"
)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
GREEK = frozenset("αβγδεζηθκλμξρστφχψωΓΔΘΛΞΦΨΩ")     # of settings and error signals; none looks Latin

INSTEAD = {               # what has no place in an expression, and what to write instead
    "^": "write powers as **",
    "²": "write powers as **2",
    "³": "write powers as **3",
    "//": "write / to divide",
    "&": "write and",
    "|": "write or",
    "!": "write != or not",
    "·": "write * for a product",
    "÷": "write / to divide",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
    "π": "write pi",
    "'": "it holds no text",
    '"': "it holds no text",
    "#": "it holds no comments",
    ":": "it holds no slices; a choice is where(a > b, c, d)",
    ";": "write one expression",
    "if": "write where(condition, a, b)",
    "True": "write 1",
    "False": "write 0",
    "is": "write ==",
}


@dataclass(frozen=True)
class Token:
    kind: str             # number, name, sign or end
    text: str
    column: int           # where it stands in the text as typed, from 0

    @property
    def ends_operand(self) -> bool:
        word = self.kind == "name" and self.text not in OPERATOR_WORDS
        return word or self.kind == "number" or self.text in (")", "]")

    @property
    def begins_operand(self) -> bool:
        word = self.kind == "name" and self.text not in ("and", "or")
        return word or self.kind == "number" or self.text in ("(", "∂")


def name_fault(word: str) -> str | None:
    """Why `word` cannot be the name of anything, or None."""
    if not NAME.fullmatch(word):
        return f"{quoted(word)} is not a name: letters A to Z, digits and _, beginning with a letter or _"
    if keyword.iskeyword(word):
        return f"'{word}' is a reserved word and cannot be a name"
    if word in CONSTANTS:
        return f"'{word}' is a constant and cannot be a name"
    if word.startswith("__"):
        return f"{quoted(word)} is not a name: names do not begin with two underscores"
    if len(word) > LONGEST_QUOTE:
        return f"{quoted(word)} is not a name: names have at most {LONGEST_QUOTE} characters"
    return None


def tokens_of(text: str, letters: bool = False) -> list[Token]:
    """The tokens of `text`, checked one by one and against their neighbours; ExpressionError if not.

    With `letters` a name may have Greek letters, as error signals (δ_h1) and settings (η, β1) do.
    """
    if len(text) > MOST_CHARACTERS:
        raise ExpressionError(f"an expression has at most {MOST_CHARACTERS:,} characters, this has {len(text):,}")
    typed = "".join(" " if c.isspace() else PASTED.get(c, c) for c in text)
    typed, unclear = with_points(typed)
    if unclear:
        raise ExpressionError(unclear)
    tokens: list[Token] = []
    at = 0
    while at < len(typed):
        if typed[at] == " ":
            at += 1
            continue
        found = PATTERN.match(typed, at)
        if letters and (end := _name_end(typed, at)) > (found.end() if found else at):
            tokens.append(Token("name", typed[at:end], at))
            at = end
            continue
        if not found:
            raise _misplaced(typed[at], at)
        tokens.append(_checked(Token(str(found.lastgroup), found[0], at), typed))
        at = found.end()
    if not tokens:
        raise ExpressionError("the expression is empty")
    _check_neighbours(tokens)
    return tokens


def _name_end(typed: str, at: int) -> int:
    """Where a name that begins at `at` ends, Greek letters taken in; `at` where none begins."""
    end = at
    while end < len(typed) and (NAME.match(typed, end) or typed[end] in GREEK or (end > at and typed[end].isdecimal()
                                                                                  and typed[end].isascii())):
        end += 1
    return end if end - at <= LONGEST_QUOTE else at


def rewrite(tokens: list[Token]) -> list[Token]:
    """`∂y/∂x` becomes `d ( y , x )`, `w ⁺` `w . next`, and `@ 3` `. __pin_3`; columns stay those of the text."""
    out: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.text == "∂":
            y, after = _differentiated(tokens, at)
            if [t.text for t in tokens[after:after + 2]] != ["/", "∂"]:
                raise ExpressionError("a derivative is written d(E, w5) or ∂E/∂w5", token.column)
            x, at = _differentiated(tokens, after + 1)
            begin = [Token("name", "d", token.column), Token("sign", "(", token.column)]
            out += [*begin, *y, Token("sign", ",", token.column), *x, Token("sign", ")", token.column)]
        elif token.text == "@":
            if not out or not out[-1].ends_operand or out[-1].kind == "number":
                raise ExpressionError(PIN_PLACE, token.column)
            when = tokens[at + 1] if at + 1 < len(tokens) else token
            out += [Token("sign", ".", token.column), Token("name", PIN + _pinned(when), token.column)]
            at += 2
        elif token.text == "⁺":                       # w5⁺, as panes print w5.next
            if not out or not out[-1].ends_operand or out[-1].kind == "number":
                raise ExpressionError("⁺ stands after a parameter, as in w5⁺", token.column)
            out += [Token("sign", ".", token.column), Token("name", "next", token.column)]
            at += 1
        else:
            out.append(token)
            at += 1
    return out


def _checked(token: Token, typed: str) -> Token:
    end = token.column + len(token.text)
    if token.kind == "number":
        if glued := NAME.match(typed, end):
            raise ExpressionError(
                f"{quoted(token.text + glued[0])} is not a number; a product is written with *", token.column)
        if len(token.text) > 1 and token.text[0] == "0" and token.text.isdigit():
            raise ExpressionError(f"{quoted(token.text)} is not a number: it begins with 0", token.column)
    if token.text in INSTEAD or token.text in ("<<", ">>"):
        raise _misplaced(token.text, token.column)
    if token.kind == "name" and token.text not in OPERATOR_WORDS:
        fault = name_fault(token.text)
        if fault and token.text not in CONSTANTS:
            raise ExpressionError(fault, token.column)
    return token


def _misplaced(word: str, column: int) -> ExpressionError:
    shown = f"{quoted(word)} (U+{ord(word):04X})" if ord(word[0]) > 127 else quoted(word)
    if word in INSTEAD:
        return ExpressionError(f"{shown} has no place in an expression: {INSTEAD[word]}", column)
    return ExpressionError(f"{shown} has no place in an expression", column)


def _check_neighbours(tokens: list[Token]) -> None:
    """Brackets in pairs, and an operator between any two operands."""
    opened: list[Token] = []
    before = Token("sign", "", 0)
    for token in tokens:
        if token.text in ("(", "["):
            opened.append(token)
        elif token.text in (")", "]") and (
                not opened or opened.pop().text + token.text not in ("()", "[]")):
            raise ExpressionError(f"the bracket '{token.text}' closes nothing", token.column)
        if len(opened) > DEEPEST:
            raise ExpressionError("the expression is nested too deeply", token.column)
        called = token.text == "(" and before.kind == "name"
        if before.ends_operand and token.begins_operand and not called:
            raise ExpressionError(
                f"there is no operator between {quoted(before.text)} and {quoted(token.text)}; "
                "a product is written with *", token.column)
        before = token
    if opened:
        raise ExpressionError(f"the bracket '{opened[-1].text}' is never closed", opened[-1].column)


def _differentiated(tokens: list[Token], at: int) -> tuple[list[Token], int]:
    """What stands after the ∂ at `at`: a name with its attributes and indices; and where it ends."""
    end = at + 1
    if end >= len(tokens) or tokens[end].kind != "name":
        raise ExpressionError("a name stands after ∂, as in ∂E/∂w5", tokens[at].column)
    end += 1
    while end < len(tokens):
        if tokens[end].text == "." and end + 1 < len(tokens):
            end += 2
        elif tokens[end].text == "[":
            while tokens[end].text != "]":               # brackets are known to come in pairs
                end += 1
            end += 1
        else:
            break
    return tokens[at + 1:end], end


def _pinned(when: Token) -> str:
    if when.text == "prev":
        return when.text
    if when.kind == "number" and when.text.isdigit() and int(when.text) <= MOST_UPDATES:
        return when.text
    raise ExpressionError("after @ stands a number of updates or prev, as in w5@0 or w5@prev", when.column)
