"""The gallery as data: what can be opened, in groups of questions; what was open last; a search in all of it.

A scenario is listed by the question that it answers. Which group it belongs to is said in `GROUPS`, by its name; one
that is not there stands in the last group. A search is for words of a title, a name or an about, or for a number that
an article prints: it fits if a printed figure rounds to the typed digits. What a scenario looks like is a `Look`, which
takes a moment to make: whoever draws has it made beside the list.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import InvalidOperation
from functools import cached_property
from pathlib import Path

from ...explain import notation
from ...explain.claims import figure
from ...explain.search import Typed, read_number
from ...scenario.copies import Taken, copy
from ...scenario.errors import ScenarioError, printable
from ...scenario.reader import render
from ...scenario.shipped import find, shipped
from ...scenario.summary import Figure, Summary, summary, title_of
from ..saved.files import age_words, recent
from ..scene import Scene
from ..state.session import Session
from .open import Broken, open_file, shown_path

RESUME, OTHERS = "RESUME", "MORE"
MOST_RECENT = 5
FIRST = "two_layer"                                 # what a stranger is to open
NEW_HERE = "New here? Press Enter, then s again and again. Capital S goes back."
GROUPS = {
    "START HERE": ("two_layer", "single_neuron", "partial_derivative", "weight_table_4", "weight_table_3",
                   "weight_table_2", "two_inputs_two_outputs", "two_layer_in_place", "single_neuron_second_pass"),
    "NETWORKS": ("xor_2_3_1", "mlp_7_5_4", "softmax_jacobian", "softmax_iris", "convolution_small", "convolution",
                 "autoencoder", "embedding", "attention", "variational_autoencoder", "gan", "wide_784"),
    "THROUGH TIME": ("recurrent_three", "recurrent_bit", "lstm_bit", "gru_bit"),
    "TRAINING": ("batch_each", "batch_all", "batch_random", "digits_minibatches", "adam_sgd", "rmsprop", "adam",
                 "batch_normalisation", "dropout", "overfitting", "overfitting_patience", "transfer_learning",
                 "transfer_scratch", "single_neuron_80000"),
    "WHEN IT GOES WRONG": ("vanishing_gradient", "exploding_gradient", "clipped_gradient", "dead_relu",
                           "residual_without", "residual"),
    "OTHER WAYS TO LEARN": ("perturbation", "perturbation_backpropagation", "delta_rule", "synthetic_gradients",
                            "difference_target_propagation", "policy_gradient"),
}


@dataclass(frozen=True)
class Entry:
    """A scenario in the list. `age` says when it was open last, of those that are listed for that."""

    name: str
    title: str
    path: Path
    group: str
    age: str = ""
    shipped: bool = True

    @property
    def shown(self) -> str:
        """What it is listed by: its question, or the path of a file of one's own."""
        return self.title if self.shipped and self.title else self.name if self.shipped else shown_path(self.path)


@dataclass(frozen=True)
class Look:
    """What an opened scenario looks like; `problems` are why it cannot be opened."""

    session: Session | None
    problems: tuple[str, ...] = ()

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """How large it is: parameters, values an update, samples, updates."""
        if self.session is None:
            return ()
        run, count, counted = self.session.run, Scene(self.session).parameter_count, notation.counted
        most = "at most " if run.may_end else ""
        return (counted(count, "parameter") if count else "nothing to train",
                f"{counted(self.session.times.count, 'value')} an update", counted(run.model.rows.count, "sample"),
                f"{most}{counted(run.updates, 'update')}")


def look(path: Path) -> Look:
    """Open a scenario to look at it."""
    try:
        return Look(Session(open_file(path, shown_path(path))))
    except Broken as broken:
        return Look(None, broken.lines)


@dataclass
class Gallery:
    """The list, its cursor, and the line that is being typed: a search, or a path to open."""

    entries: list[Entry] = field(default_factory=list)
    cursor: int = 0                                 # among those that fit the search
    typing: str = ""                                # "search", "path", or nothing
    text: str = ""                                  # the search
    path: str = ""                                  # what is typed to be opened
    message: str = ""
    yields: bool = False                            # whether the path gives way to what is typed next
    reading: int | None = None                      # the first character in sight of the lesson, once it is turned
    remembers: bool = True                          # whether it lists what was open last
    summaries: dict[Path, Summary] = field(default_factory=dict)
    _fit: tuple[str, list[Entry]] | None = None     # the last search, and what it has found

    # what is listed

    def read(self, environ: Mapping[str, str] = os.environ) -> None:
        """List what there is: what was open last, and the shipped scenarios. The cursor stays on its scenario."""
        kept = self.chosen
        of = {name: group for group, names in GROUPS.items() for name in names}
        order = {name: n for n, name in enumerate(of)}
        known = sorted(shipped(), key=lambda each: order.get(each[0], len(order)))
        titles = {path: printable(title_of(path)) for _, path in known}
        self.entries = [Entry(path.stem, titles.get(path, ""), path, RESUME, age_words(age), path in titles)
                        for path, age in (recent(MOST_RECENT, environ) if self.remembers else ())]
        self.entries += [Entry(name, titles[path], path, of.get(name, OTHERS)) for name, path in known]
        self.summaries = {path: said for path, said in self.summaries.items() if path in titles}
        self._fit = None
        self.cursor = next((n for n, each in enumerate(self.found) if kept and each.path == kept.path), self._first())

    def _first(self) -> int:
        """Where the cursor stands at first: at what was open last, else at what a stranger is to open."""
        return 0 if self.entries and self.entries[0].age else next(
            (n for n, each in enumerate(self.entries) if each.name == FIRST), 0)

    @property
    def total(self) -> int:
        return sum(not each.age for each in self.entries)

    @property
    def found(self) -> list[Entry]:
        """The scenarios that fit the search, each once; without one, all."""
        wanted = self.text.lower().split()
        if not wanted:
            return self.entries
        if self._fit is None or self._fit[0] != self.text:
            self._fit = self.text, [each for each in self.entries if not (each.age and each.shipped)
                                    and all(self._fits(each, word) for word in wanted)]
        return self._fit[1]

    @property
    def chosen(self) -> Entry | None:
        """The scenario under the cursor."""
        found = self.found
        return found[min(self.cursor, len(found) - 1)] if found else None

    def summary(self, entry: Entry) -> Summary:
        if entry.path not in self.summaries:
            self.summaries[entry.path] = summary(entry.path)
        return self.summaries[entry.path]

    def _fits(self, entry: Entry, word: str) -> bool:
        said = self.summary(entry)
        text = "\n".join((entry.name, said.title, said.about)).lower()
        return word in text or bool(self.prints(entry, word))

    def prints(self, entry: Entry, word: str) -> list[Figure]:
        """The printed figures that a typed number fits."""
        typed = read_number(word)
        if typed is None:
            return []
        return [each for each in self.summary(entry).figures if _matches(typed, each.value)]

    def hits(self, entry: Entry) -> list[Figure]:
        """The printed figures that the search has found in a scenario."""
        return [each for word in self.text.split() for each in self.prints(entry, word)]

    def number(self, entry: Entry) -> str:
        """The number of the search, if the scenario prints it."""
        return next((word for word in self.text.split() if self.prints(entry, word)), "")

    # the cursor

    def move(self, by: int) -> None:
        self.reading = None
        self.cursor = max(0, min(len(self.found) - 1, min(self.cursor, len(self.found) - 1) + by))
        self.message = ""

    def choose(self, number: int) -> bool:
        """Put the cursor on a scenario by its number, from 1; False where there is none."""
        if not 1 <= number <= len(self.found):
            self.message = f"There is no number {number} in this list."
            return False
        self.cursor, self.message, self.reading = number - 1, "", None
        return True

    # the line

    def begin(self, typing: str) -> None:
        """Begin to type: a search, which goes on where it ended, or a path in the place of the one before."""
        self.typing, self.message, self.reading = typing, "", None
        self.yields = bool(self.path)

    def type(self, character: str) -> None:
        if self.typing == "search":
            self.text, self.cursor = self.text + character, 0
        else:
            self.path = character if self.yields else self.path + character
        self.message, self.yields = "", False

    def delete(self) -> None:
        """Take back what was typed last."""
        if self.typing == "search":
            self.text, self.cursor = self.text[:-1], 0
        else:
            self.path = self.path[:-1]
        self.message, self.yields = "", False

    def close(self) -> None:
        """Leave the lesson; else the line; a search is forgotten, and the cursor stays on what it has found."""
        if self.reading is not None:
            self.reading, self.message = None, ""
            return
        if self.typing == "path":
            self.typing = self.message = ""
            return
        kept = self.chosen if self.text else None
        self.typing = self.text = self.message = ""
        if kept is not None:
            self.cursor = self.entries.index(kept)

    # files

    def typed_path(self) -> Path | None:
        """The file that was typed, or the shipped scenario; None where there is none, which is said."""
        text = os.path.expanduser(self.path.strip())
        if not text:
            self.message = "Type the path of a scenario file, or the name of a shipped one."
            return None
        try:
            return find(text)
        except ScenarioError as error:
            self.message = render(error, text)[0]
        except OSError as error:                    # a name that is too long
            self.message = f"Cannot be opened: {error.strerror}."
        self.yields = True
        return None

    def copy(self, folder: Callable[[], Path] = Path.cwd) -> Path | None:
        """Copy the scenario under the cursor to a file here, to edit; where, or why not, is said."""
        entry = self.chosen
        if entry is None:
            return None
        if not entry.shipped:
            self.message = f"This is a file of your own already: {shown_path(entry.path)}"
            return None
        try:
            written = copy(entry.path, folder() / entry.path.name)
        except Taken as taken:
            self.message = f"{printable(str(taken.file))} is already there, and nothing is overwritten."
            return None
        except OSError as error:
            self.message = f"Not copied: {printable(str(error.strerror or error))}: {printable(str(error.filename))}"
            return None
        data = f", and its data, {', '.join(printable(p.name) for p in written[1:])}" if written[1:] else ""
        self.message = f"Wrote {printable(str(written[0]))}{data}. Edit it; o opens it here."
        self.path = str(written[0])
        return written[0]

    def say_broken(self, path: Path) -> None:
        """Say why a file cannot be opened: its first problem, with the line, and how many more there are."""
        try:
            open_file(path, shown_path(path))
        except Broken as broken:
            self.message, self.yields = f"Cannot be opened. {broken.first}", bool(self.typing)


def _matches(typed: Typed, printed: str) -> bool:
    with suppress(InvalidOperation):
        number = figure(printed)
        return number.is_finite() and bool(typed.matches(float(number)))
    return False
