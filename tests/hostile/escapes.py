"""Texts that a terminal would obey, hide or misplace, and judges of what has come out of a program.

The judges know nothing of how bptui cleans a text: what may reach a pipe is said here once more, by Unicode's own
categories, and what may reach a terminal is what a harmless run of the same program writes. Every text stands
between two marks, so that a test can see that it came through at all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

BEGIN, END = "Q{", "}Q"                             # stand before and behind each text
MOST_MARKS = 3                                      # on one character

CONTROLS: dict[str, str] = {
    **{f"c0_{n:02x}": chr(n) for n in range(0x20)},
    "del": "\x7f",
    **{f"c1_{n:02x}": chr(n) for n in range(0x80, 0xA0)},
    "backspaces": "honest\b\b\b\b\b\bhidden",
    "carriage_return": "honest\rhidden",
    "crlf": "one\r\nbptui: this line is forged",
    "newline": "one\ntwo_layer: all holds",
    "vertical": "a\vb\fc",
    "answer_back": "\x05" * 3,
    "bell": "\x07" * 20,
    "shift_out": "\x0eqqqq",
}
SEQUENCES: dict[str, str] = {
    "colours": "\x1b[5;8;38;5;123;48;2;1;2;3m",
    "clear": "\x1b[2J\x1b[3J\x1b[H",
    "clear_8_bit": "\x9b2J\x9b3J\x9bH",
    "reset": "\x1bc",
    "soft_reset": "\x1b[!p",
    "title": "\x1b]0;pwned\x07\x1b]2;pwned\x1b\\",
    "title_8_bit": "\x9d0;pwned\x9c",
    "title_stack": "\x1b[22;0t\x1b[21t",
    "clipboard": "\x1b]52;c;cm0gLXJmIH4=\x07",
    "clipboard_asked": "\x1b]52;c;?\x07",
    "link": "\x1b]8;;file:///etc/passwd\x1b\\here\x1b]8;;\x1b\\",
    "folder": "\x1b]7;file://host/tmp\x07",
    "palette": "\x1b]4;1;rgb:00/00/00\x07\x1b]10;?\x07\x1b]11;#000000\x07\x1b]104\x07",
    "notify": "\x1b]9;hello\x07\x1b]777;notify;a;b\x07\x1b]99;;x\x1b\\",
    "prompt_marks": "\x1b]133;A\x07\x1b]633;E;rm\x07",
    "iterm": "\x1b]1337;File=inline=1:AAAA\x07\x1b]1337;SetMark\x07\x1b]50;x\x07",
    "kitty_graphics": "\x1b_Ga=T,f=100,t=f;L2V0Yy9wYXNzd2Q=\x1b\\",
    "kitty_keys": "\x1b[>31u\x1b[=5;1u\x1b[<u",
    "sixel": "\x1bPq#0;2;0;0;0#0~~@@vv\x1b\\",
    "sixel_8_bit": "\x90q#0~~\x9c",
    "settings_asked": "\x1bP$q\"p\x1b\\\x1bP+q544e\x1b\\",
    "user_keys": "\x1bP0;1|17/0a\x1b\\",
    "start_of_string": "\x1bX hidden \x1b\\",
    "start_of_string_8_bit": "\x98 hidden \x9c",
    "privacy": "\x1b^ hidden \x1b\\",
    "application": "\x1b_ hidden \x1b\\",
    "tmux": "\x1bPtmux;\x1b\x1b]0;x\x07\x1b\\",
    "screen_title": "\x1bkpwned\x1b\\",
    "attributes_asked": "\x1b[c\x1b[>c\x1b[=c\x1bZ",
    "status_asked": "\x1b[5n\x1b[6n\x1b[?6n\x1b[?15n",
    "modes_asked": "\x1b[?2026$p\x1b[4$p",
    "version_asked": "\x1b[>q\x1b[?u",
    "checksum_asked": "\x1b[1;1;1;1;9;9*y",
    "window": "\x1b[8;1;1t\x1b[2t\x1b[3;0;0t\x1b[14t\x1b[18t",
    "alternate": "\x1b[?1049h\x1b[?47h\x1b[?1047l",
    "mouse": "\x1b[?1000h\x1b[?1002h\x1b[?1003h\x1b[?1006h\x1b[?1015h\x1b[?9h",
    "paste_end": "\x1b[201~\x1b[200~",
    "modes": "\x1b[?5h\x1b[?7l\x1b[?25l\x1b[?1h\x1b[4h\x1b[20h\x1b[12h\x1b[?2004l\x1b[?6h\x1b[?69h",
    "keypad": "\x1b=\x1b>",
    "margins": "\x1b[1;1r\x1b[10;20s\x1b7\x1b8",
    "moves": "\x1b[1A\x1b[99B\x1b[99C\x1b[99D\x1b[5;5f\x1bM\x1bD\x1bE",
    "lines": "\x1b[9L\x1b[9M\x1b[9P\x1b[9@\x1b[9X\x1b[9S\x1b[9T",
    "repeat": "A\x1b[999999999b",
    "rectangle": "\x1b[88;1;1;99;99$x\x1b[1;1;99;99$z",
    "character_sets": "\x1b(0lqqqk\x1b(B\x1b)0\x1bn\x1bo\x1b%@\x1b%G",
    "eight_bit_controls": "\x1b G\x1b F",
    "printer": "\x1b[5i\x1b[4i\x1b[0i",
    "print_8_bit": "\x9b5i",
    "lights": "\x1b[1q\x1b[5 q",
    "tabs": "\x1bH\x1b[3g\x1b#8\x1b#3",
    "unfinished": "\x1b[",
    "unfinished_title": "\x1b]0;",
    "unfinished_string": "\x1bP",
    "broken": "\x1b\x1b[\x1b]\x1b",
    "in_a_sequence": "\x1b[3\x1b]0;x\x071m",
}
HIDDEN: dict[str, str] = {
    **{f"bidi_{n:04x}": f"a{chr(n)}b" for n in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x61C)},
    **{f"invisible_{n:04x}": f"a{chr(n)}b" for n in (0x200B, 0x200C, 0x200D, 0xFEFF, 0x2060, 0x2061, 0xAD, 0x180E,
                                                    0x034F, 0x115F, 0x1160, 0x17B4, 0x3164, 0xFFA0, 0xFFF9, 0x206A)},
    **{f"break_{n:04x}": f"one{chr(n)}two" for n in (0x2028, 0x2029, 0x85, 0x1C, 0x1D, 0x1E)},
    "tags": "a\U000E0001" + "".join(chr(0xE0000 + ord(c)) for c in "rm -rf") + "\U000E007F",
    "private": "\ue000\U000F0000\U0010FFFD",
    "no_characters": "\ufdd0\ufffe\uffff\U0010FFFF",
    "reversed_source": "\u202e⁦if x⁩ ⁦begin\u2069",
}
MISPLACED: dict[str, str] = {
    "tower": "Z" + "\u0301\u0334\u0489\u0350\u20dd" * 40,
    "tower_alone": "\u0300" * 60,
    "accent": "e\u0301 u\u0308",
    "hangul": "\u1112\u1161\u11ab\u1100\u1173\u11af",
    "wide": "网络反向传播" * 3,
    "wide_odd": "a网b网c",
    "half_and_full": "ｱｲｳ＝１＋１",
    "emoji": "🙂🙃❤\ufe0f☎\ufe0e",
    "family": "👨\u200d👩\u200d👧\u200d👦",
    "skins": "👩🏽👍🏿🏻",
    "flags": "🇩🇪🇯🇵🇦",
    "keycap": "1\ufe0f\u20e3",
    "variation": "龍\U000E0100\ufe00",
    "right_to_left": "שלום 12 مرحبا 34",
    "thai": "ก็ กำ ที่",
    "tabs": "a\tb\tc",
    "blanks": "a\u00a0b\u2003c\u3000d\u202fe",
    "long": "x" * 3_000,
    "long_wide": "网" * 1_500,
    "long_controls": "\x1b" * 1_000,
}
MARKUP: dict[str, str] = {
    "link": "[link=file:///etc/passwd]here[/link]",
    "click": "[@click=app.exit]quit[/]",
    "colours": "[bold red on white]x[/bold red on white][/]",
    "unbalanced": "[/][/b]]]][[[",
    "names": "$primary :smile: {0} %s %(x)s \\x1b[31m ${HOME} `id`",
    "html": "</text></style><script>alert(1)</script>&amp;&#27;<!-- ]]>",
    "styles": "@font-face{ a } font-family: Fira Code;",
    "formula": "=HYPERLINK(\"http://x\",\"y\")",
    "shell": "'; rm -rf ~; echo '",
}
GROUPS = {"control": CONTROLS, "sequence": SEQUENCES, "hidden": HIDDEN, "misplaced": MISPLACED, "markup": MARKUP}
CORPUS = {f"{group}-{name}": text for group, texts in GROUPS.items() for name, text in texts.items()}
SHORT = {name: text for name, text in CORPUS.items() if len(text) < 1_000}
SURROGATES = {"surrogate-low": "\udc9b2J", "surrogate-byte": "\udcff\udc9d0;x\udc9c"}


def marked(text: str) -> str:
    return f"{BEGIN}{text}{END}"


def share(turn: int, of: int = 4) -> dict[str, str]:
    """A part of the corpus, another one each turn: where there are many places, each text comes to many of them."""
    return dict(list((CORPUS | SURROGATES).items())[turn % of::of])


def packed(texts: Iterable[str], most: int = 12) -> list[str]:
    """The texts in bundles, each between its marks: where a place is slow to come to."""
    all_of_them = [marked(text) for text in texts]
    return [" ".join(all_of_them[n:n + most]) for n in range(0, len(all_of_them), most)]


# judges

INVISIBLE = {*range(0xE0000, 0xE1000), 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0x180E}
SELECTORS = {*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}     # of a glyph: they are marks


def harmful(text: str) -> list[str]:
    """What of a text a terminal would obey or hide, by name; lines may end in a newline."""
    found: list[str] = []
    marks = 0
    for c in text:
        kind = unicodedata.category(c)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if kind in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") and c != "\n":
            found.append(f"U+{ord(c):04X} {kind}")
        elif ord(c) in INVISIBLE - SELECTORS:
            found.append(f"U+{ord(c):04X} hides")
        elif marks > MOST_MARKS:
            found.append(f"U+{ord(c):04X} on a tower")
    return found


def in_bytes(data: bytes) -> list[str]:
    """The same of what was written as UTF-8; bytes that are none are found, too."""
    return harmful(data.decode("utf-8", "surrogateescape"))


# ESC and what follows it: a string up to its end, a sequence up to its last byte, a pair, or a lonely ESC.
SEQUENCE = re.compile(rb"\x1b(?:[]PX^_k](?:[^\x07\x1b\x9c]|\x1b(?!\\))*(?:\x07|\x1b\\|\x9c)"
                      rb"|\[[0-?]*[ -/]*[@-~]|[ -/]+[0-~]|[0-~])?")
NUMBERS = re.compile(rb"[0-9]+")
PLAIN = set(range(0x20, 0x7F)) | {0x0A, 0x0D} | set(range(0x80, 0x100))


def shapes(data: bytes) -> set[bytes]:
    """The kinds of sequences in what a program wrote to a terminal, without where the cursor goes and which colour.

    Modes and strings are as they are: to set another mode is another thing.
    """
    return {NUMBERS.sub(b"#", s) if s[-1:] in b"HmABCDKJ" and s[1:2] == b"[" and s[2:3] != b"?" else s
            for s in SEQUENCE.findall(data)}


def colours(data: bytes) -> set[bytes]:
    """The colours and other looks that were asked for."""
    return {s for s in SEQUENCE.findall(data) if s.startswith(b"\x1b[") and s.endswith(b"m")}


def foreign(data: bytes, harmless: bytes) -> list[str]:
    """What a program wrote to a terminal and does not write where all is harmless."""
    strange = sorted(shapes(data) - shapes(harmless)) + sorted(colours(data) & {b"\x1b[5;8;38;5;123;48;2;1;2;3m"})
    rest = SEQUENCE.sub(b"", data)
    strange += [bytes([b]) for b in sorted(set(rest) - PLAIN)]
    return [repr(s) for s in strange] + in_bytes(rest.replace(b"\r", b""))
