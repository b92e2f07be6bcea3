"""What a typed line means to the debugger without a screen, and the lines that answer it.

A verb is a command of the table, by its key as it is shown, its id or its title; what belongs to the screen says so.
Where the screen has a cursor, here the value stands at which the run stands, or what is typed after the verb. The
answer is the line of the new position, the rows of a list, or a message; and never nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...replay.meaning import listed
from ...replay.timeline import Position
from ...scenario.errors import QuantityError, did_you_mean, quoted, sentence
from ...scenario.expression import read_quantity
from ...scenario.trees import Number
from ..commands import copy, got, lesson, order
from ..commands import typed as typed_commands
from ..commands.command import Command, CommandId
from ..commands.register import COMMANDS, others, perform, repeat
from ..event import event, following, line
from ..job import begin, go_on, pinned, stop
from ..panes.pane import SLICE, GoesOn
from ..panes.register import BY_ID as PANES
from ..panes.register import lines
from ..scene import Scene
from ..side_by_side import compare
from ..side_by_side.compare import Consequences
from ..state import watches
from ..state.session import Session

HERE = "values"                                     # the pane whose cursor is on the value at which the run stands
OWN = (
    Command("hits", "", "hits", "Hits", "of a stop by its number, or what a quantity was in each update", "Stops",
            takes=PANES["hits"].takes),
    Command("where", "", "where", "Where", "the run stands, again", "Time"),
    Command("print", "", "print", "Print", "a quantity with all its digits, as it is here", "Ask",
            takes="a quantity; alone, a quantity prints itself"),
)
DEBUGGERS: dict[str, CommandId] = {               # words of gdb and pdb, and the commands that do the same here
    "step": "into", "stepi": "into", "si": "into", "next": "over", "nexti": "over", "ni": "over",
    "continue": "next_stop", "cont": "next_stop", "run": "next_stop", "finish": "out", "fin": "out", "return": "out",
    "reverse-step": "back_into", "rs": "back_into", "reverse-next": "back_over", "rn": "back_over",
    "reverse-finish": "back_out", "reverse-continue": "previous_stop", "rc": "previous_stop", "pp": "print",
    "inspect": "print", "output": "print", "show": "print", "exit": "quit", "break": "stop", "tbreak": "stop",
    "delete": "remove", "clear": "remove", "undisplay": "remove", "display": "watch", "backtrace": "where",
    "bt": "where", "list": "program", "locals": "values", "until": "to_cursor", "advance": "to_cursor",
    "jump": "go", "goto": "go", "search": "find", "set": "edit", "h": "help", "undo": "back",
}
HARMFUL = ("stop", "watch", "remove", "edit", "mark", "save_table", "reload", "quit", "gallery", "lecture", "only",
           "order", "filter", "theme", "numbers", "glyphs", "layout", "zoom", "close")

HELP = ("help", "palette")
WANTING = {
    "remove": "Say which: D 2 removes stop 2, and D w5 that watch.",
    "save_table": "Say which table, and the file: Y parameters w.csv. The same with O and &.",
}
ALL = (*COMMANDS, *OWN)
LISTED = (*PANES, *HELP, "quit", "where", "print")  # what the help lists of those that have no act
SHOWN = {key: command for command in reversed(ALL) for key in (*others(command), command.shown)
         if key and key not in DEBUGGERS}           # the keys of the table; h is help, as in a debugger's hands
IDS = {command.id: command for command in reversed(ALL)}
NAMES = {**{word: IDS[meant] for word, meant in DEBUGGERS.items()},
         **{name: command for command in reversed(ALL)
            for name in (command.title.removesuffix(" …").lower(), command.id.replace("_", " "), command.id)}}
HARMLESS = [name for name, command in NAMES.items() if command.id not in HARMFUL]       # what may be suggested
LONGEST_FIRST = sorted(NAMES, key=len, reverse=True)


class Unclear(ValueError):
    """A line that means nothing here: one sentence."""


@dataclass(frozen=True)
class Verb:
    """A command, what was typed after it, and how often it is meant."""

    command: Command
    text: str = ""
    count: int | None = None
    bare: bool = False                              # whether it is only what was typed, and no verb


def read(typed: str) -> Verb | None:
    """The verb of a line; None where there is nothing to do. Raises Unclear."""
    typed = typed.strip()
    if typed in SHOWN:                              # a digit is a pane, and so is a # alone
        return Verb(SHOWN[typed])
    if not typed or re.match(r"#(?![0-9])", typed): # a comment
        return None
    found = re.fullmatch(r"([0-9]+)\s*(.*)", typed, re.DOTALL)
    count, rest = (found[1], found[2]) if found else ("", typed)
    if (bare := _quantity(typed)) is not None:
        return bare
    command, text = _command(rest, typed)
    if command.id == "play" and text:               # p is play on the screen, and print to a debugger's hands
        command = IDS["print"]
    if command.id == "sides" and re.match(r"[-+*/<>=!]", text):     # E is a key, and here the loss
        return Verb(IDS["print"], typed, bare=True)
    steps = command.group == "Time" and command.act is not None and command.asks is None
    if not count and steps and not command.takes and re.fullmatch("[0-9]+", text):
        count, text = text, ""
    if count and (text or not steps):
        raise Unclear("Say how often and which step: 10 n, or 100 a.")
    if text and not (command.asks or command.takes or command.id in PANES or command.id in HELP):
        raise Unclear(f"{rest.removesuffix(text).strip()} takes nothing after it; {quoted(text)} stands there.")
    return Verb(command, text, int(count[:7]) if count else None)


def _command(rest: str, typed: str) -> tuple[Command, str]:
    word, _, text = rest.partition(" ")
    if word in SHOWN:
        return SHOWN[word], text.strip()
    lowered = rest.lower()
    for name in LONGEST_FIRST:
        if lowered.startswith(name) and not rest[len(name):len(name) + 1].strip():
            return NAMES[name], rest[len(name):].strip()
    sign = SHOWN.get(rest[:1])
    if sign is not None and not rest[0].isalnum() and (sign.asks is not None or sign.id in HELP):
        return sign, rest[1:].strip()               # /0.0554 and 'a, as on the screen
    if re.match(r"#?[0-9]", typed) and not rest[:1].isalpha():
        raise Unclear(f"{quoted(typed)} is no verb: g goes to a position, and 10 n makes ten steps.")
    raise Unclear(no_verb(word))


def no_verb(word: str, more: str = "") -> str:
    """That a word is no verb, with a near one that changes nothing; `more` is what else it is not."""
    return f"{sentence(f'There is no verb {quoted(word)}{more}{did_you_mean(word, HARMLESS)}')} ? lists them."


def _quantity(typed: str) -> Verb | None:
    """A line that begins with no verb and reads as a quantity: it prints itself."""
    try:
        _command(typed, typed)
        return None
    except Unclear:
        pass
    try:
        tree = read_quantity(typed)
    except QuantityError:
        return None
    return None if isinstance(tree, Number) else Verb(IDS["print"], typed, bare=True)


def words() -> list[str]:
    """What a line can begin with."""
    return sorted({*(name for name in NAMES if " " not in name), *SHOWN})


# doing it

def answer(session: Session, verb: Verb, goes_on: GoesOn) -> Iterator[str]:
    """Do it; the lines that say what came of it. `goes_on` is asked between slices of what takes long."""
    command = verb.command
    if command.id in PANES:
        yield from _listed(session, command.id, verb.text, goes_on)
    elif command.id in HELP:
        yield from help_lines(verb.text)
    elif command.id == "lesson":
        yield from lesson.lines(session)
    elif command.id == "print" and verb.text:
        yield printed(session, verb)
    elif command.id in ("where", "print"):
        session.message = ""
        yield event(Scene(session))
    elif command.instead or command.act is None:
        yield line(command.instead or f"{command.title} is for the screen.")
    elif not verb.text and command.id in WANTING:
        yield WANTING[command.id]
    else:
        yield from _done(session, verb, goes_on)


def printed(session: Session, verb: Verb) -> str:
    """A quantity as it is here; of a line that is neither that nor a verb, both are said."""
    if verb.bare:
        try:
            typed_commands.quantity(session, verb.text)
        except QuantityError as error:
            if re.fullmatch(r"\w+", verb.text):
                program = session.run.program(session.position.update)
                near = did_you_mean(verb.text, (*HARMLESS, *program.names, *program.variables)) or \
                    f"; there are {listed(program)}"
                return sentence(f"There is no verb {quoted(verb.text)}, and no quantity of that name{near}") + \
                    " ? lists the verbs."
            return f"{sentence(error)} ? lists the verbs."
    try:
        quantity = typed_commands.quantity(session, verb.text)
    except QuantityError as error:
        return line(sentence(error))
    each = watches.here(session, quantity)
    if each.value is None and not each.fault:
        return line(f"{quantity} is not made yet: step to it, or g {quantity}.")
    copy.tell(session, verb.text)
    said, session.message = session.message, ""
    return line(said)


def _done(session: Session, verb: Verb, goes_on: GoesOn) -> Iterator[str]:
    command = verb.command
    session.focus, session.message, session.yours = HERE, "", None
    before, followed = _standing(session), session.follow_name()
    if command.asks is not None and (refusal := command.asks.refusal(session)):
        yield line(refusal)
        return
    empty = command.asks is not None and command.asks.empty
    text = verb.text or (command.asks.prefill(session) if command.asks is not None and not empty else "")
    if command.asks is not None and not empty and not text.strip() and command.asks.needed(session):
        hint = command.asks.choices(session) or command.asks.hint
        yield line(f"{command.shown} asks for something after it: {command.asks.label}: {hint}")
        return
    if verb.count is not None:
        repeat(session, f"{verb.count} {command.shown}")
    elif command.act is not None:
        perform(session, command.act, text)
    found, said = run(session, goes_on), False
    if session.follow_name() != followed:
        said = True
        yield following(Scene(session))
    if session.sides is not None:
        said, message = True, session.message
        if found:                                   # what the first difference leads to is a part of the report
            begin(session, Consequences(session.sides), 0.0)
            session.message = message if run(session, goes_on) else session.message
        yield from map(line, compare.report(session))
        session.sides = None
    if session.yours is not None:
        said = True
        yield from got.lines(session)
        session.yours = None
    pane = session.focus
    if pane not in (HERE, "chain"):                 # the command has brought a list to the front
        said = True
        yield from lines(Scene(session, whole=True), pane, "", goes_on)
    if _standing(session) != before or not (said or session.message):
        yield event(Scene(session))
    elif session.message:
        yield line(session.message)


def _standing(session: Session) -> tuple[str, Position, int]:
    return session.branch.name, session.position, session.lane


def run(session: Session, goes_on: GoesOn) -> bool:
    """Go on with what takes longer than a key until it is done; False if it was stopped."""
    while session.job is not None:
        if not goes_on(session.job.progress()):
            return not stop(session)
        go_on(session, SLICE)
    return True


def _listed(session: Session, name: str, text: str, goes_on: GoesOn) -> Iterator[str]:
    """The lines of a list; with a text, those that have it in them."""
    if PANES[name].takes:
        if session.far(session.run, pinned(session.run, (text,)), lambda: None) and not run(session, goes_on):
            yield session.message
            return
        yield from lines(Scene(session, whole=True), name, text, goes_on)
        return
    found = False
    for each in lines(Scene(session, whole=True), name, "", goes_on):
        if text.lower() in each.lower():
            found = True
            yield each
    if not found:
        wanted = order.current_filter(session, name)
        yield f"No line of {name} has {quoted(text)} in it." if text else f"There are no {name}." if not wanted else \
            f"No row of {name} fits {wanted}: & {name} * shows all."


def help_lines(text: str) -> Iterator[str]:
    """Every verb, one a line; or what can be said of one."""
    if text:
        try:
            command = _command(text, text)[0]
        except Unclear as unclear:
            yield str(unclear)
            return
        yield _help(command)
        if command.asks is not None:
            yield line(f"After it: {command.asks.hint}")
        elif command.takes:
            yield line(f"After it, if it is not about where the run stands: {command.takes}")
        elif command.id in PANES and PANES[command.id].takes:
            yield line(f"After it: {PANES[command.id].takes}")
        elif command.id in PANES:
            yield "After it, to see only some of the lines: a text that they have in them"
        return
    group = ""
    for command in sorted(ALL, key=lambda c: list(dict.fromkeys(c.group for c in ALL)).index(c.group)):
        if command.instead or (command.act is None and command.id not in LISTED):
            continue
        if command.group != group:
            group = command.group
            yield f"{group}:"
        yield _help(command)
    yield "step, next, continue, finish, print, break and other words of gdb and pdb are understood."
    yield "10 n and n 10 make ten steps; in a terminal an empty line repeats the last. Lines after # are comments."


def _help(command: Command) -> str:
    also = "" if command.shown in ("", command.id, command.title.lower()) else command.id.replace("_", " ")
    said = f"{command.title.removesuffix(' …')}: {command.help}"
    return line(command.shown or command.id, said, f"({also})" if also else "")
