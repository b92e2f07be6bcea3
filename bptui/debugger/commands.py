"""What a user can do: one record for each command.

The key bindings, the footer's help, the palette, the help screen and the README's table are made from this
table, so they cannot disagree. `action` is a method of the application.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """`keys` are Textual's names, the first being the one that is shown."""

    id: str
    keys: str
    shown: str
    title: str
    help: str
    action: str
    group: str


COMMANDS: tuple[Command, ...] = tuple(Command(*row) for row in (
    ("into", "s,f11", "s", "Step into", "the next term or factor", "move('into')", "Time"),
    ("back_into", "S,f8", "S", "Step back into", "the term or factor before", "move('back_into')", "Time"),
    ("over", "n,f10", "n", "Step over", "the end of this value, or of the next", "move('over')", "Time"),
    ("back_over", "N,f7", "N", "Step back over", "the end of the value before", "move('back_over')", "Time"),
    ("out", "f,f12", "f", "Step out", "the end of this layer, phase or update", "move('out')", "Time"),
    ("back_out", "F", "F", "Step back out", "the start of this layer, phase or update", "move('back_out')", "Time"),
    ("go", "g", "g", "Go to …", "120, #120:31, 50%, e12, d(E, w5)", "ask('go')", "Time"),
    ("end", "G", "G", "Go to the end", "the end of the run, at its loss", "end", "Time"),
    ("back", "minus", "-", "Back", "the place before the last jump", "back", "Time"),
    ("forward", "equals_sign", "=", "Forward", "the place that - left", "forward", "Time"),
    ("next_sample", "right_parenthesis", ")", "Next sample", "the next of the batch; time stays", "sample(1)", "Time"),
    ("previous_sample", "left_parenthesis", "(", "Previous sample", "the one before; time stays", "sample(-1)", "Time"),
    ("enter", "enter", "Enter", "Follow", "where does this come from?", "enter", "Ask"),
    ("only", "o", "o", "Only, or all", "what is followed, or all values", "only", "Ask"),
    ("find", "slash", "/", "Find …", "a number by its digits, or a name", "ask('find')", "Ask"),
    ("next_find", "full_stop", ".", "Next find", "the next place that shows it", "find_again(1)", "Ask"),
    ("previous_find", "comma", ",", "Previous find", "the place before", "find_again(-1)", "Ask"),
    ("got", "i", "i", "I got another number …", "is it rounding? where else is it?", "ask('got')", "Ask"),
    ("next_pane", "tab", "Tab", "Next pane", "give the next pane the cursor", "pane(1)", "Panes"),
    ("previous_pane", "shift+tab", "Shift+Tab", "Previous pane", "give the one before the cursor", "pane(-1)", "Panes"),
    ("chain", "1", "1", "Chain", "the chain of factors", "show('chain')", "Panes"),
    ("network", "2", "2", "Network", "the picture of the network", "show('network')", "Panes"),
    ("program", "3", "3", "Program", "the equations, as they run", "show('program')", "Panes"),
    ("parameters", "4", "4", "Parameters", "weights, derivatives, next values", "show('parameters')", "Panes"),
    ("values", "5", "5", "Values", "every value of this update", "show('values')", "Panes"),
    ("printed", "6", "6", "Printed figures", "what the source prints; does it agree?", "show('printed')", "Panes"),
    ("loss", "7", "7", "Loss", "the loss over the updates, validation beside it", "show('loss')", "Panes"),
    ("up", "up,k", "↑", "Up", "the cursor of the pane; time stays", "cursor(-1)", "Panes"),
    ("down", "down,j", "↓", "Down", "the cursor of the pane; time stays", "cursor(1)", "Panes"),
    ("left", "left,h", "←", "Left", "fold a path; or the pane before", "sideways(-1)", "Panes"),
    ("right", "right,l", "→", "Right", "unfold a path; or the next pane", "sideways(1)", "Panes"),
    ("page_up", "pageup", "PgUp", "Page up", "eight rows up", "cursor(-8)", "Panes"),
    ("page_down", "pagedown", "PgDn", "Page down", "eight rows down", "cursor(8)", "Panes"),
    ("home", "home", "Home", "Top", "the first row of the pane", "cursor(-1000000000)", "Panes"),
    ("bottom", "end", "End", "Bottom", "the last row of the pane", "cursor(1000000000)", "Panes"),
    ("close", "escape", "Esc", "Close", "what is open or followed; never quits", "close", "Program"),
    ("palette", "colon", ":", "Command palette", "every command, by name", "palette", "Program"),
    ("help", "question_mark,f1", "?", "Help", "this page", "help", "Program"),
    ("interrupt", "ctrl+c", "Ctrl-C", "Stop a search", "and stand where it began", "interrupt", "Program"),
    ("quit", "q,ctrl+q", "q", "Quit", "and print the line that comes back here", "leave", "Program"),
))

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


def markdown_table() -> str:
    """The table of keys as the README prints it."""
    rows = ["| key | does |", "| --- | --- |"]
    for command in COMMANDS:
        shown = command.shown.replace("|", "\\|")
        rows.append(f"| `{shown}` | {command.title.removesuffix(' …')}: {command.help} |")
    return "\n".join(rows)
