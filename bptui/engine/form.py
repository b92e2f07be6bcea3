"""What a scenario is written as, as the engine asks it, and what forms share on their way to a model.

A form (layers, equations) fits the protocol `Form`: it has the parameters and the data, writes the forward half, and
says what its parts are called and what of it can be edited. Nobody else asks which form it is.


Mistakes are noted by key path and raised together as `ScenarioError`; the scenario's line map turns them
into `file:line`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Protocol

import numpy as np

from ..scenario.errors import KeyPath, Problem, ScenarioError, did_you_mean, near_or_known, one_of, quoted
from ..scenario.records import Init, Loss, Scenario, Values
from ..scenario.trees import Tree
from .algebra import BUILD, Leaf, Operand
from .builder import Builder, contract, names_in
from .chance import INITS, draw
from .laws import CONSTANTS, DIV, FUNCTIONS, power
from .limits import PENALTY
from .program import Block, Equation, Term, Var
from .written import Spelled, write

MOST_PARAMETERS = 10**6                             # each is drawn for itself


@dataclass
class Problems:
    """Collects problems, so that a person sees all of them at once."""

    found: list[Problem] = field(default_factory=list)

    def say(self, key: KeyPath, message: str) -> None:
        self.found.append(Problem(key, message))

    def choice(self, key: KeyPath, what: str, word: str, known: tuple[str, ...], more: str = "") -> bool:
        """Whether `word` is one of `known`; otherwise a problem is noted, with what `more` there is to say."""
        if word in known:
            return True
        meant = did_you_mean(word, known)
        self.say(key, f"unknown {what} {quoted(word)}{meant}{' Known: ' if meant.endswith('?') else '; known: '}"
                      f"{one_of(known)}{more}")
        return False

    def unknown_names(self, key: KeyPath, tree: Tree, known: set[str], where: str) -> None:
        for name in names_in(tree):
            if name not in known and name not in CONSTANTS:
                self.say(key, f"{name!r} is never defined in {where}{near_or_known(name, sorted(known))}")

    def raise_if_any(self) -> None:
        if self.found:
            raise ScenarioError(self.found)


@dataclass(frozen=True)
class Parameter:
    """A tensor that may be trained. `owner` is the layer (its place in the file) that it belongs to; `weights` says
    that it is multiplied by what the layer reads, as no bias, gain or number of a law is."""

    name: str
    value: np.ndarray
    trained: bool
    owner: int
    weights: bool = False
    drawn: bool = False                             # whether another seed makes other first values


@dataclass(frozen=True)
class Rows:
    """The data of the whole set, sample axis first where a tensor has one."""

    count: int
    tensors: Mapping[str, np.ndarray]               # name -> all rows, or one value for every sample
    per_sample: frozenset[str]


@dataclass(frozen=True)
class Written:
    """The forward half of a program as a form writes it."""

    builder: Builder
    parameters: dict[str, Var]
    data: tuple[Var, ...]                           # and noise
    cost: Var                                       # what is made smaller
    watched: Var                                    # what the run is judged by
    loss: Var
    parts: Var | None
    aliases: dict[str, Var]
    stacks: dict[Var, tuple[Var, ...]] = field(default_factory=dict[Var, tuple[Var, ...]])   # of the steps of each
    extras: tuple[Equation, ...] = ()
    running: dict[Var, float] = field(default_factory=dict[Var, float])     # further state, and where it begins
    updates: tuple[Callable[[], tuple[Var, Block]], ...] = ()   # and what makes their next values
    noises: dict[str, float] = field(default_factory=dict[str, float])   # masks, with the share that they drop


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that belong together: those of a layer. `kind` is what it is called where it cannot do something."""

    name: str
    kind: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class Editable:
    """What a what-if run can change of a form beside numbers and [training]: `hidden.activation`.

    `change` makes of a scenario the one that says a text there, None where the form says it already; it raises Wrong.
    """

    now: str
    change: Callable[[Scenario, str], Scenario | None]


@dataclass(frozen=True)
class FormWords:
    """What sentences say of a form; "" where there is nothing to say."""

    part: str                                       # what a layer is called, or a written line
    parts: Mapping[str, str]                        # each by its name: "a dense layer of 2 units"
    whole: str                                      # "a network of 3 layers"
    made_from: str                                  # what is made by the run is made from these, which can be edited
    sums: str = ""                                  # what a sum of a forward line adds up
    loss: str = ""                                  # what a loss says
    edited: tuple[str, ...] = ()                    # what stands behind the dot in `editable`


class Form(Protocol):
    """What a scenario is written as, understood."""

    @property
    def name(self) -> str: ...
    @property
    def key(self) -> KeyPath:
        """Where the file is told that it is too large."""
        ...
    @property
    def parameters(self) -> tuple[Parameter, ...]: ...
    @property
    def rows(self) -> Rows: ...
    @property
    def held(self) -> Rows | None:
        """The rows held back."""
        ...
    @property
    def numbers(self) -> int:
        """How many one row makes, in the forward half."""
        ...
    @property
    def noise(self) -> Mapping[str, Init]:
        """What is drawn anew for each sample and update, by name."""
        ...
    @property
    def noisy(self) -> bool:
        """Whether chance is in each update."""
        ...
    @property
    def least(self) -> float | None:
        """What no loss is below, if that is known: there is nothing to learn then."""
        ...
    @property
    def lines(self) -> Mapping[str, Tree] | None:
        """What objectives can name, as it is written; None where they cannot name anything."""
        ...
    @property
    def groups(self) -> tuple[ParameterGroup, ...]:
        """How parameters belong together; those that are in no group stand for themselves."""
        ...
    @property
    def editable(self) -> Mapping[str, Editable]: ...
    @property
    def inputs(self) -> tuple[str, ...]:
        """The tensors of the data, where all that is read of a sample is one; they have short names, x and t."""
        ...
    @property
    def letters(self) -> Mapping[str, str]:
        """The source's own letters: net, out, delta."""
        ...

    def write(self, samples: int, single: bool, minimize: str | None, evaluating: bool = False) -> Written:
        """The forward and loss lines for a batch of `samples`; `single`: no batch ever has more than one."""
        ...

    def words(self) -> FormWords: ...


def by_chance(values: Values | None) -> bool:
    """Whether first values hang on the seed: those that a file leaves out are drawn."""
    return values is None or (isinstance(values, Init) and values.kind in INITS and not INITS[values.kind].fixed)


def initial(problems: Problems, key: KeyPath, values: Values | None, name: str, seed: int, shape: tuple[int, ...],
            fan: tuple[int, int], expected: str) -> np.ndarray:
    """The first values of a parameter: given, or drawn. Zeros after a mistake, which is noted."""
    blank = np.zeros(shape)
    if values is None:
        return draw("", {}, name, seed, shape, fan)
    if isinstance(values, Init):
        if not problems.choice(key, "init", values.kind, tuple(INITS)):
            return blank
        known = INITS[values.kind].options
        if wrong := [option for option in values.options if option not in known]:
            takes = f"it takes {one_of(known)}" if known else "it takes nothing"
            for option in wrong:
                problems.say((*key, option), f"the init {values.kind!r} has no {quoted(option)}; {takes}")
            return blank
        return draw(values.kind, values.options, name, seed, shape, fan)
    if values.shape != shape:
        turned = ": write the transposed" if len(shape) > 1 and values.shape == shape[::-1] else ""
        problems.say(key, f"{expected}; here: {_shape(values.shape)}{turned}")
        return blank
    return values


def penalised(problems: Problems, loss: Loss, parameters: Sequence[Parameter]) -> tuple[str, ...]:
    """The parameters that l1 and l2 count, by name: the trained weights, all that are trained, or those of a list."""
    of = loss.penalised
    if isinstance(of, str):
        found = tuple(p.name for p in parameters if p.trained and (p.weights or of == "all"))
        if loss.penalty and not found:
            what = "weights" if of == "weights" else "parameters"
            problems.say(("loss", "l1" if loss.l1 else "l2"), f"no {what} are trained that a penalty could count")
        return found
    known = {p.name: p for p in parameters}
    for at, name in enumerate(of):
        key = ("loss", "penalised", at)
        if name not in known:
            problems.say(key, f"{quoted(name)} is no parameter{did_you_mean(name, known)}; there are {one_of(known)}")
        elif name in of[:at]:
            problems.say(key, f"{quoted(name)} stands here twice")
        elif not known[name].trained:
            problems.say(key, f"{name} is not trained, so a penalty on it changes nothing")
    return tuple(name for name in known if name in of)


def _shape(shape: tuple[int, ...]) -> str:
    if shape == ():
        return "one number"
    return f"{' x '.join(map(str, shape))} ({prod(shape)} numbers)"


def cost_line(b: Builder, name: str, loss: Loss, sample: Var, batched: bool,
              punished: Sequence[Var]) -> Var:
    """The cost from the samples' losses: their mean, Σ loss / n, or their sum, and the penalties on some parameters."""
    penalty = _penalty(b, loss, punished)
    if penalty is None and not batched:
        return sample
    out = b.var(name, "", "loss")
    if penalty is None and loss.reduction == "sum":
        return b.sum_line("loss", "", out, (sample,))
    if penalty is not None and (loss.reduction == "sum" or not batched):
        return b.sum_line("loss", "", out, (sample,), (penalty,))
    n = b.setting("n")
    total = b.var("loss#1", "", "temporary", "Σ loss")
    equations = [Equation(total, (contract((sample,), total),))]
    if penalty is None:
        equations.append(Equation(out, (Term(DIV, (total, n)),)))
    else:
        mean = b.var("loss#2", "", "temporary", "Σ loss / n")
        equations += [Equation(mean, (Term(DIV, (total, n)),)),
                      Equation(out, (contract((mean,), out), contract((penalty,), out)))]
    return b.line("loss", "", equations)


def _penalty(b: Builder, loss: Loss, weights: Sequence[Var]) -> Var | None:
    """l1 × Σ|w| + l2 × Σ w² as a line of its own; None where there is no penalty."""
    laws = [(rate, law) for rate, law in ((loss.l1, FUNCTIONS["abs"]), (loss.l2, power(2.0))) if rate]
    if not laws or not weights:
        return None
    equations: list[Equation] = []
    summands: list[tuple[Var, ...]] = []
    for rate, law in laws:
        for w in weights:
            size = b.var(f"{PENALTY}#{len(equations) + 1}", w.letters, "temporary",
                         write(law.law(BUILD, Operand(Leaf(w.symbol))).tree, lambda leaf: Spelled(str(leaf.of))))
            equations.append(Equation(size, (Term(law, (w,)),)))
            summands.append((b.constant(rate), size))
    out = b.var(PENALTY, "", "loss")
    equations.append(Equation(out, tuple(contract(s, out) for s in summands)))
    return b.line("loss", "", equations)
