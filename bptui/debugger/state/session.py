"""What is on the screen, as data: run, position, sample, what is followed, cursors, messages.

The session knows no Textual. Every action of the user is one of its methods; a screen is a function of it.
Moves push the place that was left, so that `-` comes back; a move that cannot be made says why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ...engine.program import Program, Var
from ...explain.marks import Marks
from ...explain.namer import Namer
from ...replay import follow, places
from ...replay.follow import Needed
from ...replay.hits import Hits
from ...replay.meaning import Meaning, Place
from ...replay.moves import Path
from ...replay.open import open_run
from ...replay.run import Run
from ...replay.timeline import Position, Timeline
from ...replay.trouble import Troubles
from ...scenario.errors import QuantityError, ScenarioError, sentence
from ...scenario.expression import read_quantity
from ...scenario.shipped import find_beside
from ..job import Job, Onward, begin, drop, reached
from ..panes.ids import PANES
from . import looks
from .branch import OWN, Branch
from .insights import Insights
from .reader import Reader
from .records import Search, SetStop, Yours
from .saved import Saved
from .sides import Sides

Spot = tuple[str, Position]                         # a run of the session, and a place in it


def there_is(run: Run, at: Position) -> bool:
    """Whether a run has a place: it may have ended before, or its values be others."""
    if at.update and not run.goes_on(at.update - 1):
        return False
    times = run.times(at.update)
    return at.value <= times.count and at.inner <= times.stops(at.value)


def find_same(program: Program, var: Var) -> Var | None:
    """The variable of the same name in another program."""
    return next((v for v in (*program.parameters, *program.inputs, *(b.out for b in program.forward), *program.slots)
                 if v.name == var.name), None)


def same_in(program: Program, var: Var) -> Var:
    """The variable of the same name in the program of another batch size."""
    found = find_same(program, var)
    assert found is not None
    return found


def listed(run: Run, update: int) -> tuple[Var, ...]:
    """The parameters of an update's program: those that are ever trained first."""
    return run.model_at(update).listed(run.program(update))


def number_in(tensors: tuple[Var, ...], place: Place) -> int:
    """The row of a parameter in the list of all of them."""
    before = 0
    for var in tensors:
        if var.name == place.var.name:
            return before + (place.element or 0)
        before += var.size
    return 0


@dataclass(frozen=True)
class Followed(Place):
    """What is followed: the derivative by a place, of the loss or of another value."""

    of: Place | None = None


LEAVES: set[str] = set()                            # the panes whose cursor a step takes back: the register knows them
FOLLOWED = ("data", "noise", "parameter", "forward", "loss")


def source(var: Var) -> Var:
    """What a quantity of the way back, or of the update, belongs to: of ∂E/∂w5, w5.m and w5⁺ it is w5."""
    while var.role not in FOLLOWED and var.of:
        var = var.of[0]
    return var


class Session:
    def __init__(self, run: Run, at: str | None = None, waits: bool = False) -> None:
        run.waits = waits                           # else a key is answered at once, as far as the run is known
        self.branch = Branch(OWN, run)
        self.branches = {OWN: self.branch}
        self.position = Position(0)
        self.lane = 0
        self.followed: Followed | None = None
        self.only = True                            # whether stepping visits only what is followed
        self.began = self.position
        self.message = ""
        self.looks: dict[str, str] = {}             # how things are looked at: see looks.py
        self.only_ascii = False                     # whether the terminal has no other glyphs
        self.shown_keys: dict[str, str] = {}        # of commands whose keys a person has changed
        self.copied: tuple[Any, int] | None = None  # the row that was copied last, and its column
        self.views: dict[str, tuple[Any, Any]] = {}         # of tables, as long as they hold: see panes/view.py
        self.names: dict[str, tuple[Any, list[str]]] = {}   # of a table's rows: see panes/table.py
        self.focus = "parameters"
        self.left, self.right = "network", "parameters"
        self.cursor: dict[str, int | None] = dict.fromkeys(PANES)   # None: where the position is
        self.finding: Search | None = None
        self.yours: Yours | None = None
        self.shown: tuple[str, ...] = PANES         # the panes that the window has room for
        self.start = 0                              # the row of the parameter that the source explains first
        self.card = False                           # the card of the first screen, asked for again
        self.unfolded: frozenset[tuple[str, int]] = frozenset()  # the adjoints whose chain is shown below their path
        self.level = "value"                        # the frame that n and N step by
        self.stops: dict[int, SetStop] = {}
        self.last_stop = 0                          # numbers are not given twice
        self.listed: int | str = 0                  # the stop whose hits are listed, or the watch
        self.watches: list[str] = []
        self.bookmarks: dict[str, Spot] = {}
        self.job: Job | None = None                 # what takes longer than a key
        self.leftover = Saved()                     # of a saved session, what no longer fits
        self.unsaved = False                        # whether it is not saved, though it should be or somebody thinks so
        self.sides: Sides | None = None             # two runs side by side, in place of everything
        self.beat = 0                               # how much of the next step is shown before it: see ahead.py
        self.lesson = Reader()                      # where the reader is in the scenario's text: see lesson.py
        self.changed = False                        # whether the scenario's file has been edited since it was read
        self.past: list[Spot] = []
        self.future: list[Spot] = []
        self.scrubbed: Spot | None = None           # where { and } have led, several in a row being one jump
        self._start(at)

    def _start(self, at: str | None) -> None:
        """Put the cursor on what the source explains first, and the position where it was asked for."""
        start = self.run.scenario.start
        place = self._place(start) if start else None
        self.starts_at_parameter = place is not None and place.var in self.run.program(0).parameters
        if place is not None and self.starts_at_parameter:
            self.start = number_in(listed(self.run, 0), place)
        if at is not None:
            self.position = places.read_position(self.run, at)
            self.began = self.position

    def _place(self, text: str) -> Place | None:
        try:
            return places.asked(self.run, self.run.program(0), read_quantity(text), text).place
        except QuantityError:
            return None

    @property
    def focus(self) -> str:
        """The pane that has the cursor."""
        return self._focus

    @focus.setter
    def focus(self, pane: str) -> None:
        self._focus = pane
        if pane in looks.CHOICES["lower"]:
            looks.choose(self, "lower", pane)

    def become(self, other: Session) -> None:
        """Be another session from now on: whoever holds this one goes on with it."""
        other.looks, other.shown_keys, other.only_ascii = self.looks, self.shown_keys, self.only_ascii
        other.lesson = self.lesson
        vars(self).clear()
        vars(self).update(vars(other))

    # the run on screen

    @property
    def run(self) -> Run:
        return self.branch.run

    @property
    def own(self) -> Run:
        """The scenario's own run."""
        return self.branches[OWN].run

    @property
    def marks(self) -> Marks:
        return self.branch.marks

    @property
    def namer(self) -> Namer:
        return self.branch.namer

    @property
    def insights(self) -> Insights:
        return self.branch.insights

    @property
    def troubles(self) -> Troubles:
        return self.branch.troubles

    @property
    def searched(self) -> dict[str, Hits]:
        return self.branch.searched

    # what there is

    @property
    def times(self) -> Timeline:
        return self.run.times(self.position.update)

    @property
    def here(self) -> tuple[int, int]:
        """How far this update has come: (value, stop)."""
        return self.position.value, self.position.inner

    @property
    def untouched(self) -> bool:
        """Whether the first screen's card is shown."""
        return self.position == Position(0) and self.followed is None and not self.beat

    @property
    def samples(self) -> int:
        return self.run.program(self.position.update).samples

    def row(self) -> int:
        """The data row of the selected sample, from 1."""
        return self.run.rows(self.position.update)[self.lane] + 1

    def cost(self) -> float | None:
        """The cost of this update's batch, if it has been made."""
        made = self.times.watched_value
        if self.here < (made, self.times.stops(made)):
            return None
        return self.run.env(self.position.update).scalar((self.run.program(self.position.update).watched, 0))

    # moving in time

    def path(self) -> Path:
        followed = self.followed
        if followed is None or not self.only:
            return Path(self.run)

        def values(update: int) -> Needed:
            return self.needed(update, followed)
        turns = range(self.position.update, self.position.update + self.run.schedule.turns)
        return Path(self.run, values, self.began) if any(values(n) for n in turns) else Path(self.run)

    def needed(self, update: int, followed: Followed) -> Needed:
        """The values that stepping visits; none where the run does not make what is followed."""
        if followed.of is not None:
            return Needed({}, self.run.times(update))
        program = self.run.program(update)
        var = same_in(program, followed.var)
        lane = min(self.lane, program.samples - 1)
        return follow.needed(program, self.run.times(update), var, followed.element or 0, lane)

    def step_to(self, target: Position) -> None:
        """Stand at a position that stepping leads to."""
        if abs(target.update - self.position.update) > 1:
            self.came_from(self.position)           # a step that crosses updates is a jump
        self.stand(target)

    def came_from(self, place: Position) -> None:
        """`-` comes back to a place."""
        self.past.append((self.branch.name, place))
        self.future.clear()

    def stand(self, target: Position) -> None:
        """Stand at `target`; cursors and messages belong to the place that was left."""
        update = target.update
        drop(self)
        self.position, self.beat = target, 0
        self.lane = min(self.lane, self.run.program(update).samples - 1)
        self.message = ""
        self.cursor.update(dict.fromkeys(LEAVES))
        self.yours = None
        self.card = False

    def jump(self, target: Position, message: str = "") -> None:
        """Go somewhere that stepping does not lead to; `-` comes back."""
        if self.far(self.run, target.update, lambda: self.jump(target, message)):
            return
        if target != self.position:
            self.came_from(self.position)
        self.stand(target)
        self.began = target
        self.message = message

    def back(self) -> None:
        """The place before the last jump."""
        self._travel(self.past, self.future, "No place to go back to yet: - undoes a jump.")

    def forward(self) -> None:
        self._travel(self.future, self.past, "No place to go forward to: = undoes -.")

    def _travel(self, source: list[Spot], other: list[Spot], empty: str) -> None:
        if not source:
            self.message = empty
            return
        here, spot = (self.branch.name, self.position), source[-1]

        def arrived() -> None:
            source.remove(spot)
            other.append(here)
        if not self.visit(spot, arrived):
            source.pop()

    def visit(self, spot: Spot, arrived: Callable[[], None]) -> bool:
        """Stand at a place again, in the run in which it lies, and then do `arrived`; False where it is no more, which
        is said."""
        name, at = spot
        branch = self.branches.get(name)
        if branch is None or not there_is(branch.run, at):
            self.message = f"That place is no more: it was in run {name}, after {at.update:,} updates."
            return False

        def arrive() -> None:
            self.look_at(branch, at)
            self.began = at
            arrived()
        if not self.far(branch.run, at.update, arrive):
            arrive()
        return True

    def far(self, run: Run, update: int, arrive: Callable[[], object]) -> bool:
        """Whether a run has to be run on before somebody stands at an update; if so it is, and then `arrive`."""
        if reached(run, update):
            return False
        begin(self, Onward(run, update, arrive), 0.0)
        return True

    def look_at(self, branch: Branch, at: Position) -> None:
        """Stand in a run of the session. What it does not have is not followed there."""
        if branch is not self.branch:
            branch.run.waits = self.run.waits
            self.branch = branch
            if self.followed is not None and find_same(self.run.program(at.update), self.followed.var) is None:
                self.followed = None
        self.stand(at)

    def go(self, text: str) -> None:
        """Go to a typed position."""
        try:
            target, found = places.look_up(self.run, text, self.position.update)
        except QuantityError as error:
            self.message = sentence(error)
            return
        self.jump(target, "" if target != self.position else "You stand there: it is there from the start of the "
                  "update." if not target.value else "You stand there already.")
        if found is not None:
            self.show(found)

    def show(self, found: Meaning) -> None:
        """Bring what was gone to in sight: the row of a parameter, the chain of what the run does not make."""
        if found.of is not None and places.own(self.times, found) is None:
            self.follow_meaning(found)
        elif found.kind == "value" and found.place.var.role == "parameter":
            self.cursor["parameters"] = number_in(listed(self.run, self.position.update), found.place)

    def end(self) -> None:
        """The end of the run: its loss."""
        if not self.run.may_end and self.far(self.run, self.run.updates, self.end):
            return
        last = self.run.finish()
        times = self.run.times(last)
        value = times.cost_value
        if last < self.run.updates:
            said = f"As far as the run is known: it goes on until {self.run.scenario.training.until_text}. G goes on."
        else:
            said = f"The end of the run, at its loss{f': {self.run.ended}' if self.run.ended else ''}."
        self.jump(Position(last, value, times.stops(value)), said)

    def sample(self, by: int) -> None:
        """Select the next or previous sample of the batch. Time does not move."""
        lane = self.lane + by
        if not 0 <= lane < self.samples:
            self.message = "This batch has one sample." if self.samples == 1 else \
                f"This is the {'last' if by > 0 else 'first'} sample of the batch."
            return
        self.lane, self.message, self.cursor["batch"] = lane, "", None
        if self.followed is not None:               # the head may have no room for it beside what is followed
            self.message = f"Sample {self.row()} of {self.run.model.rows.count} is shown."

    def list_hits(self, of: int | str) -> None:
        """List the hits of a stop, or what a watch was in each update so far."""
        self.listed, self.cursor["hits"], self.message = of, None, ""
        self.right = self.focus = "hits"

    # following

    def follow_meaning(self, found: Meaning) -> None:
        """Ask where a derivative comes from that was typed; of another quantity, the loss's derivative by it."""
        followed = self.followed_by(found)
        if isinstance(followed, Followed):
            self._follow(followed)
        else:
            self.message = followed

    def follow(self, place: Place) -> None:
        """Ask where ∂E/∂place comes from. Time does not move."""
        self.follow_meaning(Meaning("value", place))

    def followed_by(self, found: Meaning) -> Followed | str:
        """What is followed when that is asked about; or why nothing is."""
        program, place = self.run.program(self.position.update), found.place
        if found.of is not None:
            return Followed(place.var, place.element, found.of if found.of.var is not program.cost else None)
        of = source(place.var)
        place = Followed(of, place.element if place.var.lane_size == of.lane_size else 0)
        if of.role not in FOLLOWED:
            name = self.namer.of(of, place.element or 0)
            return f"Nothing is derived by {name}: there is nothing to follow."
        if of.name == program.cost.name:
            return f"{of.name} is what everything is derived from: there is nothing to follow."
        return place

    def _follow(self, followed: Followed) -> None:
        self.followed, self.only, self.began, self.beat = followed, True, self.position, 0
        self.focus, self.cursor["chain"], self.yours, self.card = "chain", None, None, False
        self.message = "" if self.needed(self.position.update, followed) else \
            "The run does not make this derivative; here it is, worked out beside it."

    def unfollow(self) -> None:
        self.followed, self.message, self.cursor["chain"], self.beat = None, "", None, 0

    def toggle_only(self) -> None:
        """Visit only what is followed, or all values."""
        if self.followed is None:
            self.message = "Nothing is followed: put the cursor on a weight or a value and press Enter."
            return
        self.only = not self.only
        self.began = self.position
        self.message = "Only the values that it needs." if self.only else "All values."

    def follow_name(self) -> str:
        """What is followed, as the header says it."""
        if self.followed is None:
            return ""
        of = self.followed.of
        if of is not None:
            y = self.namer.of(of.var, of.element or 0)
            return replace(self.namer, true=True).derivative(y, self.followed.var, self.followed.element or 0)
        cost = self.run.program(self.position.update).cost.name
        return self.namer.derivative(cost, self.followed.var, self.followed.element or 0)

    @cached_property
    def beside(self) -> tuple[Run, ...]:
        """The runs that the scenario names as its neighbours; one that is missing is said, and left out."""
        runs: list[Run] = []
        for name in self.run.scenario.beside:
            path = find_beside(name, self.run.scenario.path)
            try:
                runs += [open_run(path)] if path is not None else []
            except ScenarioError:
                path = None
            if path is None:
                self.message = f"{name}, which stands beside this scenario, cannot be opened."
        return tuple(runs)

    def close(self) -> None:
        """Close what is open; else stop following."""
        drop(self)
        if self.yours is not None or self.card:
            self.yours, self.card = None, False
        elif self.followed is not None:
            self.unfollow()
        self.message = ""
