"""What `[training]` means: the optimizer's lines, the values of its settings, and which objectives there are.

Mistakes are noted by key path, as in the forms.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..scenario.errors import KeyPath, near_or_known, one_of, quoted
from ..scenario.records import Scenario, Training
from ..scenario.trees import Tree, names_in
from .form import Parameter, Problems
from .optimizers import OPTIMIZERS, SCHEDULES, SETTINGS, Line
from .perturb import MOST_PASSES

KEY: KeyPath = ("training",)
KEYS_OF = {"beta1": "betas", "beta2": "betas"}      # options, and what the file calls them


@dataclass(frozen=True)
class Settings:
    """The lines of an update, and the values of their settings by symbol. `schedule` gives an epoch's rate."""

    lines: tuple[Line, ...] = ()
    fixed: Mapping[str, float] = field(default_factory=dict[str, float])
    training: Training = field(default_factory=Training)

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch."""
        plan, rate = self.training.schedule, self.training.learning_rate
        if plan is None:
            return rate
        known = SCHEDULES[plan.kind]
        try:
            return known.rate(rate, epoch, **{**known.options, **plan.options})
        except OverflowError:                       # as floats have it, though Python's ** raises
            return math.copysign(math.inf, rate)

    @property
    def scheduled(self) -> bool:
        return self.training.schedule is not None

    def at(self, epoch: int) -> dict[str, float]:
        """Every setting in `epoch`, by symbol."""
        return {**self.fixed, "η": self.rate(epoch)}


def understand_training(scenario: Scenario, problems: Problems, parameters: Sequence[Parameter],
                        lines: Mapping[str, Tree] | None, judged: bool) -> Settings:
    """The settings of a scenario; `lines` are what its objectives can name, None where they can name nothing;
    `judged` says whether it has validation data with targets."""
    training = scenario.training
    _check_schedule(problems, training)
    _check_objectives(problems, scenario, parameters, lines)
    _check_together(problems, scenario, judged)
    _check_passes(problems, training, parameters)
    known = problems.choice((*KEY, "optimizer"), "optimizer", training.optimizer, tuple(OPTIMIZERS))
    if not known:
        return Settings(training=training)
    optimizer = OPTIMIZERS[training.optimizer]
    foreign = dict.fromkeys(_key_of(scenario, o) for o in training.options if o not in optimizer.options)
    for key in foreign:
        takes = dict.fromkeys(KEYS_OF.get(o, o) for o in optimizer.options)
        problems.say((*KEY, key), f"{training.optimizer} has no {key}; it takes {one_of(takes)}")
    if foreign:
        return Settings(training=training)
    options = {**optimizer.options, **training.options}
    if options.get("nesterov") and (not options["momentum"] or options["dampening"]):
        problems.say((*KEY, "nesterov"), "nesterov needs a momentum above 0, and no dampening")
    if options.get("dampening") and not options["momentum"]:
        problems.say((*KEY, "dampening"), "dampening needs a momentum above 0")
    values = {SETTINGS[o]: v for o, v in options.items() if o in SETTINGS}
    limit = training.clip_norm or training.clip_value
    values |= {"h": training.perturbation} | ({"c": limit} if limit is not None else {})
    return Settings(tuple(optimizer.lines(options)), values, training)


def _key_of(scenario: Scenario, option: str) -> str:
    """What the file calls an option: it may have said rho for alpha."""
    if option == "alpha" and (*KEY, "rho") in scenario.lines:
        return "rho"
    return KEYS_OF.get(option, option)


def _check_schedule(problems: Problems, training: Training) -> None:
    plan = training.schedule
    key = (*KEY, "schedule")
    if plan is None or not problems.choice((*key, "kind"), "schedule", plan.kind, tuple(SCHEDULES)):
        return
    known = SCHEDULES[plan.kind].options
    for option, value in plan.options.items():
        if option not in known:
            takes = f"it takes {one_of(known)}"
            problems.say((*key, option), f"the schedule {plan.kind!r} has no {quoted(option)}; {takes}")
        elif option in ("step_size", "t_max", "total_iters") and (value < 1 or value != int(value)):
            problems.say((*key, option), f"{option} must be a whole number of epochs, 1 or more, not {value:g}")
        elif option not in ("step_size", "t_max", "total_iters") and value < 0:
            problems.say((*key, option), f"{option} must be 0 or more, not {value:g}")
    for option, default in known.items():
        if default is None and option not in plan.options:
            problems.say(key, f"{option} is missing in the schedule {plan.kind!r}")


def _check_objectives(problems: Problems, scenario: Scenario, parameters: Sequence[Parameter],
                      lines: Mapping[str, Tree] | None) -> None:
    if lines is None and scenario.training.objectives:
        problems.say(scenario.training.objectives[0].key, "objectives name equations, and this is a [network]: "
                                                         "write the forward lines under [equations]")
        return
    for objective in scenario.training.objectives:
        made = lines or {}
        if objective.minimize not in made:
            problems.say((*objective.key, "minimize"), f"{objective.minimize!r} is not one of the equations"
                         f"{near_or_known(objective.minimize, made)}")
        names = [p.name for p in parameters]
        for at, name in enumerate(objective.parameters):
            if name in objective.parameters[:at]:
                problems.say((*objective.key, "parameters", at), f"{name!r} stands here twice")
            elif name not in names:
                problems.say((*objective.key, "parameters", at), f"{name!r} is not one of the [parameters]"
                             f"{near_or_known(name, names)}")
            elif objective.minimize in made and name not in _feeding(made, objective.minimize):
                problems.say((*objective.key, "parameters", at), f"{objective.minimize} does not depend on {name}")


def _feeding(made: Mapping[str, Tree], name: str) -> set[str]:
    """Every name that an equation depends on."""
    found: set[str] = set()
    todo = [name]
    while todo:
        tree = made.get(todo.pop())
        fresh = {used.id for used in names_in(tree)} - found if tree is not None else set()
        found |= fresh
        todo += sorted(fresh)
    return found


def _check_passes(problems: Problems, training: Training, parameters: Sequence[Parameter]) -> None:
    """Perturbation writes the forward half once more for each number that an update trains."""
    if training.gradient != "perturbation":
        return
    turns = [o.parameters for o in training.objectives] or [[p.name for p in parameters if p.trained]]
    most = max(sum(p.value.size for p in parameters if p.name in turn) for turn in turns)
    if most > MOST_PASSES:
        problems.say((*KEY, "gradient"), f"perturbation runs the network again for each of the {most:,} parameters; at "
                                        f"most {MOST_PASSES} can be stepped through: use backpropagation")


def check_chance(problems: Problems, scenario: Scenario, rows: int, drawn: bool) -> None:
    """What is said of chance where there is none; `drawn`: the first values or the updates have some."""
    training = scenario.training
    if training.batch != "all" and training.batch > rows:
        problems.say((*KEY, "batch"), f"a batch of {training.batch:,} rows is more than there are: give at "
                                     f"most {rows:,}, or \"all\"")
    all_rows = training.batch == "all" or training.batch >= rows
    if training.shuffle and all_rows:
        problems.say((*KEY, "shuffle"), "every batch has all rows, so shuffle would only add them up in another "
                                       "order: give a smaller batch")
    elif (*KEY, "seed") in scenario.lines and not drawn and not training.shuffle:
        problems.say((*KEY, "seed"), "nothing is drawn here, shuffled or noisy, so seed changes nothing: leave it out")


def _check_together(problems: Problems, scenario: Scenario, judged: bool) -> None:
    """What cannot stand beside each other."""
    training = scenario.training
    if (*KEY, "perturbation") in scenario.lines and training.gradient != "perturbation":
        problems.say((*KEY, "perturbation"), "perturbation is how far gradient = \"perturbation\" goes, and the "
                                            "gradient here is by backpropagation")
    if training.update_order == "in_place":
        if training.clip_norm is not None:
            problems.say((*KEY, "clip_norm"), "clip_norm needs all gradients before the first update: not in_place")
        if training.gradient == "perturbation":
            problems.say((*KEY, "gradient"), "perturbation has no backward order in which to update in_place")
    if training.patience is not None and not judged:
        problems.say((*KEY, "patience"), "patience looks at E.validation: give [data] validation, with targets")
