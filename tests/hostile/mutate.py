"""Scenarios, settings and sessions that went wrong: texts mutated from good ones, by chance that can be repeated.

A mutation knows nothing of the format but what lines, words, numbers and texts in quotes look like. What is put in
place of them is what hostile files are made of: numbers at every edge, other types, ways out of the folder, code,
control characters, other scripts. `mutant` is a function of its seed and of the texts that it is given.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])")
TEXT = re.compile(r'"[^"\n]*"')
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
KEY = re.compile(r"^[ \t]*([A-Za-z_]+)[ \t]*=", re.MULTILINE)
SECTION = re.compile(r"(?m)^(?=\[)")

NUMBERS = (
    "0", "-0", "-0.0", "1", "-1", "2", "3", "7", "100", "1000", "999999", "1000000", "1000001", "1_000_000_000",
    "1000000001", "4294967296", "9223372036854775807", "-9223372036854775808", "18446744073709551616", "9" * 300,
    "9" * 5000, "1e400", "-1e400", "1e308", "1e-308", "5e-324", "1e-400", "nan", "-nan", "inf", "-inf", "0.1",
    "0.999999", "1e10", "0x7fffffff", "0o777", "0b1", "1__0", "01", "1.", ".5", "1e", "1979-05-27",
)
FILES = (
    "../x.csv", "/etc/passwd", "/dev/zero", "/dev/stdin", "/proc/self/environ", "..", ".", "", "link.csv", "away.npz",
    "pipe.csv", "folder.csv", "loop.csv", "nowhere.csv", "C:\\\\x.csv", "\\\\\\\\host\\\\x.csv", "~/x.csv",
    "iris.csv", "bad.csv", "bomb.npz", "liar.npz", "pickled.npz", "open.csv", "zero.csv", "mutant.csv", "mutant.npz",
    "%00.csv", "x.csv\\u0000", "file:///etc/passwd", "sub/../../x.csv",
)
CODE = (
    "__import__('os').mkdir('pwned')", "x.__class__", "(lambda: 1)()", "exec(x)", "eval('1')", "x if x else x",
    "[x for x in x]", "x := 1", "f'{x}'", "'a'*10**9", "2**2**2**2**2**2", "9**9**9**9", "(" * 99 + "x" + ")" * 99,
    "-" * 400 + "x", "x" + "**x" * 99, "d(E, w1)", "w1@1000000000", "E@prev", "E < 0", "isnan(E)", "x/0", "log(-1)",
    "exp(exp(exp(x)))", "max(x)", "where(x, x, x)", "stop(x)", "1e999*x", "x[0]", "x[999999999]", "erf(x)", "pi", "E",
    "W", "w1", "t - o", "(t - o)**2", "sum(E)", "E.validation", "sin(x)**-1", "x**0.5", "x**1e308", "0**-1",
)
ODD = (
    "", " ", "\\u001b[31m", "\\u0007", "\\u009b2J", "\\u202e", "\\u0000", "網络", "🙂", "e\\u0301", "ｈ1",
    "[bold]x[/]", "%s%n", "{0.__class__}", "x" * 61, "x" * 5000, "a" * 300 + "=", "\\ud800", "\\", "'", '"', "\u2028",
    "\u00a0", "nul", "__init__",
)
VALUES = (
    "true", "false", "[]", "{}", "[[]]", "[[[[[[1]]]]]]", "[1, [2]]", "[[1], [2, 3]]", '[""]', "{ a = 1 }",
    "[1, 2, 3]", "[[1.0, 2.0]]", '{ init = "normal" }', '{ init = "normal", std = 1e308 }',
    '{ init = "uniform", low = 9e307, high = -9e307 }', '{ file = "away.npz", name = "w" }',
    '{ file = "bomb.npz", name = "w" }', '{ law = "x*b", b = 1 }', '{ law = "x**b", b = 1e308, train = ["b"] }',
    '{ kind = "step", step_size = 1, gamma = 1e308 }', '"all"', '["a", "a"]', '{ kind = "exponential", gamma = 0 }',
    '[{ minimize = "E", parameters = ["w1"], updates = 1000 }]', "[1, 200, 200]", "[200, 3]", "12:00:00", '"""x"""',
    "'''", "[" * 500, "{ a = " * 50,
)
LINES = (
    "[network]", "[[network.layers]]", "[data]", "[training]", "[equations]", "[[claims]]", "[noise]", "[names]",
    "[loss]", "[data.validation]", "[[training.objectives]]", "batch = 1", "batch = 7", 'batch = "all"',
    "updates = 1000000000", "epochs = 1000000000", "shuffle = true", 'optimizer = "adam"', 'optimizer = "rmsprop"',
    'update_order = "in_place"', 'gradient = "perturbation"', "clip_norm = 1e-300", "clip_value = 1e300",
    'until = "E < 1e-9"', "patience = 1", "validation = 0.5", "momentum = 0.9", "nesterov = true",
    "weight_decay = 1e300", "l1 = 1e300", "l2 = 0.1", 'reduction = "sum"', "train = false", "bias = false",
    "return_sequence = true", 'activation = "softmax"', 'activation = "log_softmax"', 'activation = "x*x"',
    'kind = "lstm"', 'kind = "attention"', 'kind = "batch_norm"', 'kind = "layer_norm"', 'kind = "flatten"',
    'kind = "dropout"', "rate = 0.5", "units = 50", "units = 5000", "heads = 2", 'start = "d(E, w1)@1000000000"',
    'beside = ["m"]', "seed = 9223372036854775807", "= 1", "]]", "\x00", "\ufeff", "#" * 999,
)
KINDS = (
    "dense", "conv2d", "max_pool", "average_pool", "flatten", "activation", "dropout", "rnn", "lstm", "gru",
    "embedding", "batch_norm", "layer_norm", "attention", "add", "softmax", "sigmoid", "relu", "hinge",
    "cross_entropy", "softmax_cross_entropy", "binary_cross_entropy", "huber", "sum", "adagrad", "adamw", "he_normal",
    "constant",
)


def _lines(r: random.Random, text: str) -> str:
    """A line is dropped, doubled, moved, or put in."""
    lines = text.split("\n")
    at, other = r.randrange(len(lines)), r.randrange(len(lines))
    match r.randrange(5):
        case 0:
            del lines[at : at + r.choice((1, 1, 1, 3))]
        case 1:
            lines[at:at] = lines[at : at + 3] * r.choice((1, 1, 2, 30))
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            lines.insert(at, r.choice(LINES))
    return "\n".join(lines)


def _replaced(pattern: re.Pattern[str], by: Callable[[random.Random, str], str]) -> Callable[[random.Random, str], str]:
    """Something that fits `pattern` is replaced, sometimes everything that reads the same."""

    def mutation(r: random.Random, text: str) -> str:
        found = list(pattern.finditer(text))
        if not found:
            return text
        one = r.choice(found)
        new = by(r, one[0])
        if r.random() < 0.1:
            return text.replace(one[0], new)
        return text[: one.start()] + new + text[one.end() :]

    return mutation


def _any_number(r: random.Random, old: str) -> str:
    return r.choice(
        (
            r.choice(NUMBERS),
            r.choice(NUMBERS),
            old + "0" * r.randrange(1, 9),
            "-" + old,
            f"0.{old}",
            f'"{old}"',
            r.choice(VALUES),
        )
    )


def _any_text(r: random.Random, old: str) -> str:
    inside = r.choice((FILES, CODE, CODE, ODD, KINDS, KINDS))
    new = r.choice(inside)
    return r.choice(
        (f'"{new}"', f'"{new}"', f'"{new}"', f'["{new}"]', new, r.choice(VALUES), r.choice(NUMBERS), old[:-1])
    )


def _misspelt(r: random.Random, old: str) -> str:
    at = r.randrange(len(old))
    return r.choice(
        (
            old[:at] + old[at + 1 :],
            old[:at] + r.choice("aexyz_1") + old[at:],
            old.upper(),
            old + "." + old,
            old * 40,
            r.choice(KINDS),
        )
    )


def _cut(r: random.Random, text: str) -> str:
    at = r.randrange(len(text) + 1)
    return text[:at] if r.random() < 0.5 else text[at:]


MUTATIONS: tuple[Callable[[random.Random, str], str], ...] = (
    _lines,
    _lines,
    _lines,
    _replaced(NUMBER, _any_number),
    _replaced(NUMBER, _any_number),
    _replaced(NUMBER, lambda r, old: r.choice(NUMBERS)),
    _replaced(TEXT, _any_text),
    _replaced(TEXT, _any_text),
    _replaced(KEY, _misspelt),
    _replaced(WORD, _misspelt),
    _replaced(re.compile(r"=[^\n=]*$", re.MULTILINE), lambda r, old: "= " + r.choice(VALUES)),
)


def _bytes(r: random.Random, content: bytes) -> bytes:
    """What happens to files on their way: bytes flipped, other ends of lines, marks, zeros."""
    at = r.randrange(len(content) + 1)
    match r.randrange(6):
        case 0:
            flipped = bytearray(content or b"\0")
            for _ in range(r.choice((1, 1, 5, 50))):
                flipped[r.randrange(len(flipped))] = r.randrange(256)
            return bytes(flipped)
        case 1:
            return content.replace(b"\n", r.choice((b"\r\n", b"\r", b"\n\r", b"\x85", b"")))
        case 2:
            return r.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00")) + content
        case 3:
            return (
                content[:at]
                + r.choice((b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\x1b[2J", b"\x80"))
                + content[at:]
            )
        case 4:
            return content[:at]
        case _:
            return content.decode("utf-8", "replace").encode(r.choice(("utf-16", "utf-32", "cp037")), "replace")


def mutant(seed: int, good: Sequence[str], hostile: Sequence[str] = ()) -> bytes:
    """A file by its number: a text with one to four mutations; of some the sections come from two."""
    r = random.Random(f"mutant {seed}")
    text = r.choice(hostile if hostile and r.random() < 0.2 else good)
    if r.random() < 0.15:
        mine, other = SECTION.split(text), SECTION.split(r.choice(good))
        text = "".join([*mine[: r.randrange(len(mine)) + 1], *other[r.randrange(len(other)) :]])
    for _ in range(r.choice((1, 1, 1, 1, 2, 3))):
        text = r.choice(MUTATIONS)(r, text)
    if r.random() < 0.02:
        text = _cut(r, text)
    content = text.encode("utf-8", "surrogatepass")
    return _bytes(r, content) if r.random() < 0.05 else content


def damaged(seed: int, content: bytes) -> bytes:
    """A data file by its number."""
    return _bytes(random.Random(f"damaged {seed}"), content)
