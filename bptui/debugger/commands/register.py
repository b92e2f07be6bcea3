"""What a user can do: one record for each command.

The key bindings, the footer's help, the palette, the help screen, the verbs of the debugger without a screen and the
README's table are made from this table, so they cannot disagree. What a command does is a function of the session and
of the line that was typed for it, where it asks for one; the few that belong to the screen have none.
"""

from __future__ import annotations

import re
import unicodedata

from ..job import pinned
from ..panes import cursor, matrix
from ..panes.register import TABLE
from ..side_by_side import compare
from ..state import stops as set_stops
from ..state import watches
from ..state.looks import CHOICES
from ..state.session import Session
from . import (
    arrange,
    copy,
    find,
    got,
    lecture,
    lesson,
    order,
    reload,
    seek,
    stack,
    suggestion,
    travel,
    what_if,
)
from . import (
    typed as typed_commands,
)
from .command import Act, Command, CommandId, Question


def _move(kind: str) -> Act:
    return lambda session, text: travel.step(session, kind)


def _show(pane: str) -> Act:
    """Show a pane: what was said before, as what was copied from another, is not about it."""
    def show(session: Session, text: str) -> None:
        session.message = ""
        cursor.show(session, pane)
    return show


def _cursor(by: int) -> Act:
    return lambda session, text: cursor.move(session, by)


GO = Question("go to", "120, #120:31, 50%, e12, d(E, w5) …", names=True)
FIND = Question("find", "a number by its digits, as 0.0554, or a name", names=True)
GOT = Question("I got", "your number, as you have it", refusal=got.refusal)
STOP = Question("stop at", "d(E, w5)   E < 0.001   changed(w5)   trouble   … hit % 100   … log E",
                suggestion.stop, names=True)
WATCH = Question("watch", "w5, d(E, w5), abs(w5 - w5@0), E@prev …", suggestion.quantity, names=True)
EDIT = Question("what if", "w5 = 0.3   learning_rate = 0.1   i1 = 0   hidden.activation = relu", suggestion.edit,
                names=True)
BESIDE = Question("compare with", "B", refusal=compare.refusal, choices=compare.hint,
                  prefill=lambda session: next(iter(compare.candidates(session)), ""),
                  needed=lambda session: len(compare.candidates(session)) > 1)
MARK = Question("mark this place as", "a letter", letter=True)
TO_MARK = Question("go to the place marked", "a letter", letter=True)
THEME = Question("theme", ", ".join(CHOICES["theme"]), prefill=arrange.following_theme)
QUANTITY = "a quantity, or the number of a value"
FILTER = Question("show only", "out*   hidden.weights[3,*   value < 0   abs(grad) > 0.01   nothing: all",
                  prefill=order.current_filter, refusal=order.no_table, empty=True)
SAVE = Question("save this table as", "a file: w.csv", prefill=copy.file_name, refusal=order.no_table)
ORDER = "a column: grad, -grad, |grad|; or a table and a column"
REPEAT = Question("repeat", "how often, and what: 10 n")


def _only_or_switch(session: Session, text: str) -> None:
    """Visit only what is followed, or all; with the cursor in the list of stops, switch the one it is on."""
    if not cursor.switch(session):
        session.toggle_only()


def perform(session: Session, act: Act, text: str) -> None:
    """Do what a command does with a text; first run on to what it names, in slices, where that is far."""
    if not session.far(session.run, pinned(session.run, (text,)), lambda: act(session, text)):
        act(session, text)


def _is_key(command: Command, typed: str) -> bool:
    """Whether a key of a command is what was typed: n, or F10."""
    return typed == command.shown or (len(typed) > 1 and typed.lower() in command.keys.split(","))


def repeat(session: Session, text: str) -> None:
    """`10 n`: a command many times over, until it no longer moves anything."""
    found = re.fullmatch(r"\s*([0-9]{1,9})\s*(\S+)\s*", text)
    command = next((c for c in COMMANDS if found and _is_key(c, found[2]) and c.group == "Time" and c.act is not None
                    and c.asks is None), None)
    if found is None or command is None or command.act is None:
        session.message = "Say how often and which step: 10 n, or 100 a."
        return
    start, most = session.position, travel.MOST_REPEATS
    for _ in range(min(int(found[1]), most)):
        before = session.position
        command.act(session, "")
        if session.position == before:
            break
    else:
        if int(found[1]) > most:
            session.message = f"Done {most:,} times, the most at once."
    if session.position != start:
        session.came_from(start)


NO_CURSOR = "Here is no cursor: type what is meant after the verb, as in follow w5. u and d are the stack."
NO_TIME = "Here is no time line: g goes to a position, as in g 50% or g #120."
NO_PANES = "Here are no panes: chain, values, parameters, network, printed … list what they show."
COMMANDS: tuple[Command, ...] = (
    Command("into", "s,space,f11", "s", "Step into", "the next term or factor", "Time", _move("into")),
    Command("back_into", "S,f8", "S", "Step back into", "the term or factor before", "Time", _move("back_into")),
    Command("over", "n,f10", "n", "Step over", "the end of this value, or of the next", "Time", _move("over")),
    Command("back_over", "N,f7", "N", "Step back over", "the end of the value before", "Time", _move("back_over")),
    Command("out", "f,f12", "f", "Step out", "the end of this layer, of the next", "Time", _move("out")),
    Command("back_out", "F", "F", "Step back out", "the start of this layer, phase or update", "Time",
            _move("back_out")),
    Command("again", "a", "a", "Same, an update on", "the same value after one more update", "Time",
            lambda s, text: travel.again(s, 1)),
    Command("back_again", "A", "A", "Same, an update back", "the same value one update before", "Time",
            lambda s, text: travel.again(s, -1)),
    Command("frame_up", "u", "u", "Up the stack", "n and f go by layer, phase, update …", "Time",
            lambda s, text: stack.choose(s, 1)),
    Command("frame_down", "d", "d", "Down the stack", "and by less again", "Time",
            lambda s, text: stack.choose(s, -1)),
    Command("to_cursor", "t", "t", "Run to the cursor", "forwards or back", "Time",
            lambda s, text: s.go(text) if text else travel.to_cursor(s), takes="a quantity or a position"),
    Command("repeat", "asterisk", "*", "Repeat …", "a step many times over: 10 n", "Time", repeat, asks=REPEAT),
    Command("play", "p", "p", "Play", "step by step by itself; any key ends it", "Time",
            instead="10 s makes ten steps."),
    Command("go", "g", "g", "Go to …", "120, #120:31, 50%, e12, d(E, w5)", "Time", lambda s, text: s.go(text),
            asks=GO),
    Command("end", "G", "G", "Go to the end", "the end of the run, at its loss", "Time", lambda s, text: s.end()),
    Command("back", "minus", "-", "Back", "the place before the last jump", "Time", lambda s, text: s.back()),
    Command("forward", "equals_sign", "=", "Forward", "the place that - left", "Time", lambda s, text: s.forward()),
    Command("earlier", "left_curly_bracket,less_than_sign", "{", "Earlier", "a column of the time line back", "Time",
            instead=NO_TIME),
    Command("later", "right_curly_bracket,greater_than_sign", "}", "Later", "a column of the time line on", "Time",
            instead=NO_TIME),
    Command("mark", "m", "m", "Mark this place …", "with a letter", "Time", travel.bookmark, asks=MARK),
    Command("to_mark", "apostrophe", "'", "Go to a mark …", "the place that has a letter", "Time",
            travel.to_bookmark, asks=TO_MARK),
    Command("next_sample", "right_parenthesis", ")", "Next sample", "the next of the batch; time stays", "Time",
            lambda s, text: s.sample(1)),
    Command("previous_sample", "left_parenthesis", "(", "Previous sample", "the one before; time stays", "Time",
            lambda s, text: s.sample(-1)),
    Command("next_stop", "c,f5", "c", "Run to the next stop", "the next hit of any stop; says why", "Stops",
            lambda s, text: seek.next_stop(s, 1)),
    Command("previous_stop", "C,f6", "C", "Back to a stop", "the hit before this", "Stops",
            lambda s, text: seek.next_stop(s, -1)),
    Command("next_change", "v", "v", "Next change", "of the value under the cursor", "Stops",
            lambda s, text: seek.next_change(s, 1, text), takes=QUANTITY),
    Command("previous_change", "V", "V", "Change before", "who changed this last?", "Stops",
            lambda s, text: seek.next_change(s, -1, text), takes=QUANTITY),
    Command("next_trouble", "x", "x", "Next trouble", "NaN, a dead unit, no gradient, the loss up", "Stops",
            lambda s, text: seek.next_trouble(s, 1)),
    Command("previous_trouble", "X", "X", "Trouble before", "where something began to go wrong", "Stops",
            lambda s, text: seek.next_trouble(s, -1)),
    Command("stop", "b,f9", "b", "Stop here …", "or on a condition: E < 0.001", "Stops", set_stops.set_stop,
            asks=STOP),
    Command("stops", "B", "B", "Stops", "the list; Enter lists the hits of one", "Stops", _show("stops")),
    Command("watch", "w", "w", "Watch …", "a quantity, here and as it changes", "Stops", watches.add, asks=WATCH),
    Command("watches", "W", "W", "Watches", "the list; Enter lists what one was", "Stops", _show("watches")),
    Command("remove", "D,delete", "D", "Remove", "a stop, a watch; in E a what-if run", "Stops",
            lambda s, text: typed_commands.remove(s, text) if text else cursor.remove(s),
            takes="the number of a stop, what is watched, or the letter of a what-if run"),
    Command("edit", "e", "e", "What if …", "edit a weight or a rate: a run of its own", "What if", what_if.edit,
            asks=EDIT),
    Command("sides", "E", "E", "Side by side", "two runs: where do they differ, and why?", "What if", compare.compare,
            asks=BESIDE),
    Command("enter", "enter", "Enter", "Follow", "where does this come from?", "Ask",
            lambda s, text: typed_commands.follow(s, text) if text else cursor.enter(s), takes=QUANTITY),
    Command("only", "o", "o", "Only, or all", "what is followed; of stops: off, on", "Ask", _only_or_switch),
    Command("find", "slash", "/", "Find …", "a number by its digits, or a name", "Ask", find.find, asks=FIND),
    Command("next_find", "full_stop", ".", "Next find", "the next place that shows it", "Ask",
            lambda s, text: find.find_again(s, 1)),
    Command("previous_find", "comma", ",", "Previous find", "the place before", "Ask",
            lambda s, text: find.find_again(s, -1)),
    Command("got", "i", "i", "I got another number …", "is it rounding? where else is it?", "Ask", got.compare,
            asks=GOT),
    Command("next_pane", "tab", "Tab", "Next pane", "give the next pane the cursor", "Panes", instead=NO_PANES),
    Command("previous_pane", "shift+tab", "Shift+Tab", "Previous pane", "give the one before the cursor", "Panes",
            instead=NO_PANES),
    *(Command(pane.id, pane.key, pane.shown, pane.title, pane.help, "Panes", _show(pane.id)) for pane in TABLE
      if pane.key),
    Command("turn", "T", "T", "Turn the matrix", "transposed, whole, as an image; and round", "Panes",
            lambda s, text: matrix.turn_layout(s)),
    Command("order", "O", "O", "Order by a column", "largest, smallest, size; the next; as made", "Panes",
            order.order, takes=ORDER),
    Command("filter", "ampersand", "&", "Show only …", "names as out*, or value < 0; empty: all", "Panes",
            order.filter_rows, asks=FILTER),
    Command("copy", "y", "y", "Copy", "the value under the cursor, all its digits", "Panes", copy.tell,
            takes=QUANTITY),
    Command("save_table", "Y", "Y", "Save the table …", "as it is shown, as a file: w.csv", "Panes", copy.save,
            asks=SAVE),
    Command("zoom", "z", "z", "Zoom", "the pane alone, as large as there is room", "Panes",
            lambda s, text: arrange.zoom(s)),
    Command("layout", "L", "L", "Layout", "the next: all, one below, the chain alone", "Panes",
            lambda s, text: arrange.next_layout(s)),
    Command("scale", "backslash,underscore", "\\", "Scale of the plot", "fitted, linear, by powers of ten", "Panes",
            lambda s, text: arrange.turn_scale(s),
            instead="Here is no plot: loss lists the loss of each update, hits of a quantity what it was."),
    Command("up", "up,k", "↑", "Up", "the cursor of the pane; time stays", "Panes", _cursor(-1), instead=NO_CURSOR),
    Command("down", "down,j", "↓", "Down", "the cursor of the pane; time stays", "Panes", _cursor(1),
            instead=NO_CURSOR),
    Command("left", "left,h", "←", "Left", "fold a path; or the pane before", "Panes", instead=NO_CURSOR),
    Command("right", "right,l", "→", "Right", "unfold a path; or the next pane", "Panes", instead=NO_CURSOR),
    Command("page_up", "pageup", "PgUp", "Page up", "eight rows up", "Panes", _cursor(-8), instead=NO_CURSOR),
    Command("page_down", "pagedown", "PgDn", "Page down", "eight rows down", "Panes", _cursor(8), instead=NO_CURSOR),
    Command("home", "home", "Home", "Top", "the first row of the pane", "Panes", _cursor(-1000000000),
            instead=NO_CURSOR),
    Command("bottom", "end", "End", "Bottom", "the last row of the pane", "Panes", _cursor(1000000000),
            instead=NO_CURSOR),
    Command("theme", "", "", "Theme …", "colours: dark, light, none, contrast …", "Program", arrange.theme,
            asks=THEME),
    Command("numbers", "percent_sign", "%", "Number format", "9 decimals, 4 digits, all digits, p/q", "Program",
            lambda s, text: arrange.next_numbers(s)),
    Command("glyphs", "", "", "Glyphs or ASCII", "∂ × ► or d * >, as the terminal has them", "Program",
            lambda s, text: arrange.next_glyphs(s)),
    Command("close", "escape", "Esc", "Close", "what is open or followed; never quits", "Program",
            lambda s, text: s.close()),
    Command("reload", "r", "r", "Reload", "read the file again, and stay here", "Program",
            lambda s, text: reload.reload(s)),
    Command("lesson", "R", "R", "Lesson", "what the scenario is about; and back", "Program",
            lambda s, text: lesson.switch(s)),
    Command("gallery", "H", "H", "Gallery", "open another scenario; your place is kept", "Program",
            instead="q quits, and bptui list lists the scenarios."),
    Command("lecture", "P", "P", "Lecture", "PgDn, PgUp: formula, numbers, value", "Program",
            lambda s, text: lecture.switch(s)),
    Command("palette", "colon", ":", "Command palette", "every command, by name", "Program"),
    Command("help", "question_mark,f1", "?", "Help", "this page", "Program"),
    Command("interrupt", "ctrl+c", "Ctrl-C", "Stop a search", "and stand where it began", "Program",
            instead="Nothing is being searched. While something is, Ctrl-C stops it. q quits."),
    Command("quit", "q,ctrl+q", "q", "Quit", "and print the line that leads back", "Program"),
)

FIRST_LINES = (
    "s steps to the next term or factor, n to the next value, f to the end",
    "of the layer. Capital S, N, F go back the same way: nothing is lost.",
    "Put the cursor on a weight and press Enter: where does its derivative",
    "come from? Then s visits only what it needs; o switches to all values.",
    "/ finds a number by its digits, i compares your own number with one.",
    "g goes to a position (120, #120:31, 50%, d(E, w5)); - comes back.",
    "Arrows move the cursor, Tab and digits choose a pane; time stays.",
    "► is where the run stands. The reversed row is what you look at.",
    "· is not computed yet. × is multiply. + and - are signs.",
    "= the source prints this and it agrees; ≈ its last digit is off;",
    "≠ it differs, and the line of words says why.",
    ": lists every command by name. q quits. Esc closes this page.",
)


SHOWN = {"minus": "-", "space": "Space", "enter": "Enter", "tab": "Tab", "pageup": "PgUp", "pagedown": "PgDn",
         "delete": "Del", "less_than_sign": "<", "greater_than_sign": ">", "underscore": "_"}


def named(key: str) -> str:
    """A key, by Textual's name, as the footer and the help name it."""
    if key in SHOWN:
        return SHOWN[key]
    for command in COMMANDS:                        # the table knows most of them
        if command.keys.split(",")[0] == key:
            return command.shown
    try:
        return unicodedata.lookup(key.replace("_", " ").upper())
    except KeyError:
        return key if len(key) == 1 else "-".join(part.capitalize() for part in key.split("+"))


def others(command: Command) -> tuple[str, ...]:
    """The other keys of a command, as they are named."""
    return tuple(map(named, command.keys.split(",")[1:]))


def markdown_table() -> str:
    """The table of keys as the README prints it."""
    rows = ["| key | does |", "| --- | --- |"]
    for command in COMMANDS:
        keys = (command.shown or BY_ID["palette"].shown, *others(command))
        shown = ", ".join(f"`{key}`" for key in keys).replace("|", "\\|")
        rows.append(f"| {shown} | {command.title.removesuffix(' …')}: {command.help} |")
    return "\n".join(rows)


BY_ID: dict[CommandId, Command] = {command.id: command for command in COMMANDS}


def key_of(session: Session, command: CommandId) -> str:
    """The key of a command as it is shown: the person's own, else the table's, else that of the palette."""
    return session.shown_keys.get(command) or BY_ID[command].shown or key_of(session, "palette")
