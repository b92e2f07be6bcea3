"""The `[network]` form: layers written as lines, a loss over their outputs.

The layers are written twice: once to learn their shapes, to draw their parameters and to note mistakes, and then, with
the names that follow from that, for every program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..scenario.errors import KeyPath, Problem, ScenarioError
from ..scenario.records import Init, Layer, Network, Scenario, Shape
from ..scenario.schema import activation as read_activation
from ..scenario.schema import has_activation
from .builder import Builder
from .form import Editable, FormWords, Parameter, ParameterGroup, Problems, Rows, Written, cost_line, penalised
from .laws import ACTIVATIONS
from .layers import KINDS, Draw, Layers, Signal, Site
from .layers.dense import FEW, LAW_VARIABLE
from .limits import MOST_BYTES, MOST_LAYERS, MOST_PARTS, OF_A_NUMBER, evaluation_fault, in_bytes
from .losses import check_loss, parts_line
from .names import Names, letter, name_network, shared_bias, unit_count, unnamed
from .program import Var
from .rows import understand_rows
from .structure import SAMPLE
from .vectors import VECTOR_LAWS


def understand(scenario: Scenario, network: Network, problems: Problems) -> LayersForm:
    """Check the network, its data and its loss; draw the first values of its parameters."""
    if len(network.layers) > MOST_LAYERS:
        raise ScenarioError([Problem(("network", "layers", MOST_LAYERS), f"there are {len(network.layers):,} layers; "
                                     f"at most {MOST_LAYERS:,} can be drawn")])
    check_loss(problems, scenario)
    check_given_names(problems, scenario, network)
    known = [problems.choice((*layer.key, "kind"), "layer kind", layer.kind, tuple(KINDS))
             and check_activation(problems, layer) for layer in network.layers]
    fed = network.inputs if isinstance(network.inputs, Shape) else (
        (network.inputs,) if isinstance(network.inputs, int) else (len(network.inputs),))
    words = network.layers[0].extra.get("vocabulary", 0) if network.layers[0].kind == "embedding" else 0
    drawing, made, parameters, pairs, numbers = Draw(problems, scenario.training.seed), None, (), (), 0
    noisy = False
    form = LayersForm(scenario, network, (), Rows(1, {}, frozenset()), None, tuple(fed), words, unnamed(network))
    if all(known):
        try:
            written, signal = form.layers(Builder({SAMPLE: 1}), False, drawing)
            made, pairs, numbers = signal.shape, tuple(written.pairs), written.builder.numbers
            parameters, noisy = drawing.parameters(), bool(written.noises)
        except ScenarioError as error:
            problems.found += error.problems
    rows, held = understand_rows(problems, scenario, tuple(fed), made, words)
    sizes = {p.name: p.value.size for p in parameters}
    if held is not None and (fault := evaluation_fault(numbers, held.count)):
        problems.say(("data", "validation"), fault)
    for n, layer in enumerate(network.layers):
        if made is not None and (*layer.key, "train") in scenario.lines and n not in {p.owner for p in parameters}:
            problems.say((*layer.key, "train"), f"{layer.name!r} has nothing to train: leave train out")
        _check_names(problems, layer, {p.name: p.value.shape for p in parameters})
    features = 0 if words or len(fed) > 2 else fed[-1]
    taken = {scenario.loss.name, *(scenario.data.target_names or () if scenario.data else ())}
    names = unnamed(network)
    if made is not None:                            # else it may have any number of units
        names = name_network(network, sizes, features, fed[0] if len(fed) == 2 else 0, taken)
    _check_batches(problems, scenario, rows.count, pairs)
    punished = penalised(problems, scenario.loss, parameters) if parameters else ()
    return LayersForm(scenario, network, parameters, rows, held, tuple(fed), words, names, numbers, punished, noisy)


def check_given_names(problems: Problems, scenario: Scenario, network: Network) -> None:
    """A given name must not be one that the network's own quantities get: net_h1, out_h1, E_o1, loss."""
    layers, loss = network.layers, scenario.loss.name
    units = [u for layer in layers if isinstance(layer.units, tuple) for u in layer.units]
    own = {"loss", "inputs", "targets"} | {f"{part}_{u}" for u in units for part in ("net", "out", loss)}
    if any(isinstance(layer.units, int) for layer in layers):      # their generated names: h1…, o1…
        own |= {f"{part}_{letter}{n}" for part in ("net", "out", loss) for letter in "ho" for n in range(1, 100)}
    given: list[tuple[KeyPath, str]] = [(("loss", "name"), loss)]
    for layer in layers:
        given += [((*layer.key, "bias_names"), name) for name in layer.bias_names or ()]
        given += [((*layer.key, "weight_names"), name) for row in layer.weight_names or () for name in row]
    given += [(("data", "target_names"), name) for name in (scenario.data.target_names or () if scenario.data else ())]
    for key, name in given:
        if name in own:
            problems.say(key, f"{name!r} is what a quantity of this network is called; give it another name")


def _check_names(problems: Problems, layer: Layer, shapes: dict[str, tuple[int, ...]]) -> None:
    """Whether the file's names are as many as there is to name."""
    for part, key, rows in (("weights", "weight_names", layer.weight_names), (
            "recurrent_weights", "recurrent_weight_names", layer.extra.get("recurrent_weight_names"))):
        shape = shapes.get(f"{layer.name}.{part}")
        if rows is not None and shape is not None and [len(r) for r in rows] != [shape[-1]] * shape[0]:
            here = f"{', '.join(str(len(r)) for r in rows[:FEW])}{' …' * (len(rows) > FEW)}"
            problems.say((*layer.key, key), f"{key} of {layer.name!r} must have {shape[0]} rows of {shape[-1]}"
                         f", a row per unit; here: rows of {here}")
    for part, names in (("bias", layer.bias_names), ("gain", layer.extra.get("gain_names"))):
        shape = shapes.get(f"{layer.name}.{part}")
        expected = None if shape is None else 1 if part == "bias" and shared_bias(layer) else int(np.prod(shape))
        if names is not None and expected is not None and len(names) != expected:
            problems.say((*layer.key, f"{part}_names"), f"{layer.name!r} has {expected} to name; here: {len(names)} "
                                                       f"names")


def _check_batches(problems: Problems, scenario: Scenario, rows: int, pairs: tuple[KeyPath, ...]) -> None:
    """Over a batch of one sample there is no variance."""
    batch = rows if scenario.training.batch == "all" else min(int(scenario.training.batch), rows)
    for key in pairs:
        if batch == 1 or rows % batch == 1:
            which = "a batch" if batch == 1 else "the last batch of an epoch"
            problems.say((*key, "kind"), f"batch_norm needs two samples or more, and {which} has one: "
                                              f"give another batch")


def check_activation(problems: Problems, layer: Layer) -> bool:
    """Whether the activation can be written."""
    key = (*layer.key, "activation")
    activation = layer.activation
    if activation.law is None:
        return problems.choice(key, "activation", activation.name or "", ("linear", *ACTIVATIONS, *VECTOR_LAWS),
                               as_law(activation.name or ""))
    before = len(problems.found)
    problems.unknown_names(key, activation.law, {LAW_VARIABLE, *activation.parameters}, "this law, which reads x")
    for name in activation.train:
        if name not in activation.parameters:
            problems.say((*key, "train"), f"{name!r} is no parameter of this law")
    return len(problems.found) == before


AS_LAWS = {                                         # activations that have no name here, as laws in x
    "mish": "x*tanh(softplus(x))", "relu6": "min(max(x, 0), 6)", "hardtanh": "min(max(x, -1), 1)",
    "hardswish": "x*min(max(x + 3, 0), 6)/6", "tanhshrink": "x - tanh(x)", "logsigmoid": "-softplus(-x)",
    "exponential": "exp(x)", "quickgelu": "x*sigmoid(1.702*x)", "celu": "max(x, 0) + min(0, exp(x) - 1)",
    "softshrink": "where(x > 0.5, x - 0.5, where(x < -0.5, x + 0.5, 0))", "step": "where(x > 0, 1, 0)",
    "hardshrink": "where(abs(x) > 0.5, x, 0)", "threshold": "where(x > 0, x, 0)", "sine": "sin(x)",
}


def as_law(word: str) -> str:
    """How what has no name here can be written: `; or a law in x, as in activation = "x*tanh(softplus(x))"`."""
    law = AS_LAWS.get(word.lower().replace("_", "").replace("-", ""), AS_LAWS["mish"])
    return f'; or a law in x, as in activation = "{law}"'


@dataclass
class LayersForm:
    """The network, understood. `fed` is the shape of one sample's inputs."""

    scenario: Scenario
    network: Network
    parameters: tuple[Parameter, ...]
    rows: Rows
    held: Rows | None
    fed: tuple[int, ...]
    vocabulary: int                                 # how many words, where numbers of words are read
    names: Names
    numbers: int = 0                                # of one row, in the forward half
    punished: tuple[str, ...] = ()                  # the parameters that l1 and l2 count
    noisy: bool = False                             # whether chance is in each update

    name = "layers"
    key = ("network", "layers")
    lines = None                                    # objectives name equations
    inputs = ("inputs", "targets")

    @property
    def noise(self) -> Mapping[str, Init]:
        return {}                                   # masks are of the layers, and no names of the file

    @property
    def least(self) -> float | None:
        return None if self.scenario.loss.kind == "sum" else 0.0

    @property
    def groups(self) -> tuple[ParameterGroup, ...]:
        return tuple(ParameterGroup(layer.name, f"a layer of kind {layer.kind}",
                           tuple(p.name for p in self.parameters if p.owner == n))
                     for n, layer in enumerate(self.network.layers))

    @property
    def editable(self) -> Mapping[str, Editable]:
        """The activation of each layer that has one."""
        def change(at: int, layer: Layer) -> Callable[[Scenario, str], Scenario | None]:
            def changed(scenario: Scenario, text: str) -> Scenario | None:
                new = read_activation(text, f"{layer.name}.activation")
                return None if new == layer.activation else scenario.with_activation(at, new)
            return changed
        return {f"{layer.name}.activation": Editable(layer.activation.text, change(n, layer))
                for n, layer in enumerate(self.network.layers) if has_activation(layer.kind)}

    @property
    def letters(self) -> Mapping[str, str]:
        return self.scenario.letters

    def words(self) -> FormWords:
        count = len(self.network.layers)
        return FormWords("layer", {layer.name: _said(layer) for layer in self.network.layers},
                         f"a network of {count} layer{'s' * (count != 1)}",
                         "weights, biases, inputs, targets, learning_rate, optimizer or an activation",
                         "inputs by their weights", "how wrong it is", ("activation",))

    def layers(self, b: Builder, evaluating: bool, drawing: Draw | None = None) -> tuple[Layers, Signal]:
        """The lines of all layers, and what the last one makes."""
        written = Layers(b, evaluating, drawing)
        shape = (*self.fed, self.vocabulary) if self.vocabulary else self.fed
        letters = SAMPLE + "".join(written.axis(n) for n in shape)
        x = Signal(b.var("inputs", letters, "data", self.names.input_letter, self.names.inputs), self.names.inputs)
        written.inputs = x.var
        for n, layer in enumerate(self.network.layers):
            site = Site(written, layer, self.names.layers[n], n)
            if layer.kind == "embedding" and n:
                site.wrong("kind", "an embedding reads numbers of words, so it must be the first layer")
            x = KINDS[layer.kind](site, x)
            site.bound("kind", "parts of the equations up to this layer", b.parts, MOST_PARTS)
            if drawing is not None and b.numbers * OF_A_NUMBER > MOST_BYTES:
                site.wrong("kind", f"one row makes {b.numbers:,} numbers up to this layer, {in_bytes(b.numbers)}; at "
                                   f"most {in_bytes(MOST_BYTES // OF_A_NUMBER)} can be held")
            written.outs[layer.name] = x
        return written, x

    def write(self, samples: int, single: bool, minimize: str | None, evaluating: bool = False) -> Written:
        """The forward and loss lines for a batch of `samples`; `single`: no batch ever has more than one."""
        assert minimize is None, "objectives belong to written equations"
        b = Builder({SAMPLE: samples})
        layers, signal = self.layers(b, evaluating)
        assert layers.inputs is not None
        x, made, aliases = signal.var, layers.parameters, layers.aliases
        data, parts, loss = [layers.inputs], None, self.scenario.loss
        if loss.kind != "sum":
            names = self.scenario.data.target_names if self.scenario.data else None
            if names is None and x.elements is not None:
                taken = self._taken(made)
                names = tuple(_unused(f"t{n + 1}", taken) for n in range(x.lane_size))
            target = b.var("targets", x.letters, "data", letter(names, "t"), names)
            data.append(target)
            parts = parts_line(b, self.scenario, x, target, signal.units, self.names.layers[-1].letter)
        batched = not single
        punished = [made[name] for name in self.punished]
        name = "loss" if batched or (loss.penalty and punished) else loss.name
        sample = b.sum_line("loss", "", b.var(name, SAMPLE if batched else "", "loss"), (parts or x,))
        cost = cost_line(b, loss.name, loss, sample, batched, punished)
        aliases["loss"] = sample
        return Written(b, made, (*data, *layers.noise_vars), cost, cost, sample, parts, aliases, layers.stacks,
                       tuple(layers.extras), layers.starts, tuple(layers.updates), layers.noises)

    def _taken(self, made: dict[str, Var]) -> set[str]:
        taken = {e for v in made.values() for e in v.elements or ()} | set(self.names.inputs or ())
        return taken | {u for layer in self.names.layers for u in layer.units or ()}


def _said(layer: Layer) -> str:
    count = unit_count(layer)
    return f"a {layer.kind} layer" + (f" of {count} unit{'s' * (count != 1)}" if count else "")


def _unused(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name
