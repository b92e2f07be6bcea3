"""The `[network]` form: layers written as lines, a loss over their outputs.

A layer is a function that writes lines with the builder; none has a derivative of its own. To add a kind of
layer, write one and name it in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..scenario.errors import KeyPath, one_of
from ..scenario.records import Activation, Layer, Scenario
from .builder import Builder, Lowering
from .form import Parameter, Rows, Trouble, Written, cost_line, initial
from .laws import ACTIVATIONS, LOG_CROSS_ENTROPY, PART_LOSSES, Elementwise
from .names import LayerNames, Names, axis, letter, name_network, shared_bias
from .program import Var
from .vectors import VECTOR_LAWS

LATER_KINDS = ("conv2d", "max_pool", "average_pool", "flatten", "activation", "dropout", "rnn", "lstm", "gru",
               "embedding", "batch_norm", "layer_norm", "attention", "add")
MOST_PARAMETERS = 10**7
LOSSES = (*PART_LOSSES, "mean_squared_error", "softmax_cross_entropy", "sum")
OF_CLASSES = ("cross_entropy", "softmax_cross_entropy")     # losses whose target may be the number of a class
LAW_VARIABLE, LOSS_VARIABLES = "x", ("t", "o")


def understand(scenario: Scenario, trouble: Trouble) -> Form:
    """Check the network, its data and its loss; draw the first values of its parameters."""
    assert scenario.network is not None
    layers, seed = scenario.network.layers, scenario.training.seed
    inputs = scenario.network.inputs
    sizes = [inputs if isinstance(inputs, int) else len(inputs)]
    sizes += [layer.units if isinstance(layer.units, int) else len(layer.units) for layer in layers]
    rows, held = _rows(trouble, scenario, sizes)
    _check_loss(trouble, scenario)
    _check_given_names(trouble, scenario)
    _check_size(trouble, scenario, sizes)
    parameters: list[Parameter] = []
    for n, layer in enumerate(layers):
        units, fed = sizes[n + 1], sizes[n]
        if trouble.choice((*layer.key, "kind"), "layer kind", layer.kind, tuple(KINDS), LATER_KINDS):
            _check_names(trouble, layer, units, fed)
            _check_activation(trouble, layer)
            parameters += _parameters(trouble, layer, n, units, fed, seed)
    names = name_network(scenario.network, sizes, sum(p.value.size for p in parameters),
                         {scenario.loss.name, *(scenario.data.target_names or () if scenario.data else ())})
    return Form(scenario, tuple(parameters), rows, held, sizes, names)


def _check_size(trouble: Trouble, scenario: Scenario, sizes: list[int]) -> None:
    """Refuse, before anything is drawn, a network that the memory of a machine may not hold."""
    assert scenario.network is not None
    total = 0
    for layer, fed, units in zip(scenario.network.layers, sizes, sizes[1:], strict=False):
        total += units * (fed + 1)
        if total > MOST_PARAMETERS:
            trouble.say((*layer.key, "units"), f"up to this layer the network has {total:,} parameters; at most "
                                               f"{MOST_PARAMETERS:,} can be held")
            trouble.raise_if_any()


def _check_given_names(trouble: Trouble, scenario: Scenario) -> None:
    """A given name must not be one that the network's own quantities get: net_h1, out_h1, E_o1, loss."""
    assert scenario.network is not None
    layers, loss = scenario.network.layers, scenario.loss.name
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
            trouble.say(key, f"{name!r} is what a quantity of this network is called; give it another name")


def _check_names(trouble: Trouble, layer: Layer, units: int, inputs: int) -> None:
    if layer.weight_names is not None and [len(r) for r in layer.weight_names] != [inputs] * units:
        trouble.say((*layer.key, "weight_names"), f"weight_names of {layer.name!r} must have {units} rows of {inputs}"
                    f", a row per unit; here: rows of {', '.join(str(len(r)) for r in layer.weight_names)}")
    expected = 1 if shared_bias(layer) else units
    if layer.bias_names is not None and (layer.bias is False or len(layer.bias_names) != expected):
        trouble.say((*layer.key, "bias_names"), f"{layer.name!r} has {'no bias' if layer.bias is False else expected}"
                    f" to name; here: {len(layer.bias_names)} names")


def _check_activation(trouble: Trouble, layer: Layer) -> None:
    key = (*layer.key, "activation")
    activation = layer.activation
    if activation.law is None:
        trouble.choice(key, "activation", activation.name or "", ("linear", *ACTIVATIONS, *VECTOR_LAWS), ())
        return
    trouble.unknown_names(key, activation.law, {LAW_VARIABLE, *activation.parameters}, "this law, which reads x")
    for name in activation.train:
        if name not in activation.parameters:
            trouble.say((*key, "train"), f"{name!r} is no parameter of this law")


def _parameters(trouble: Trouble, layer: Layer, n: int, units: int, inputs: int, seed: int) -> list[Parameter]:
    fan, made = (inputs, units), []
    made.append(Parameter(f"{layer.name}.weights", initial(
        trouble, (*layer.key, "weights"), layer.weights, f"{layer.name}.weights", seed, (units, inputs), fan,
        f"weights of {layer.name!r} must be {units} rows of {inputs}, a row per unit and a number per input"),
        layer.train, n))
    if layer.bias is not False:
        made.append(Parameter(f"{layer.name}.bias", initial(
            trouble, (*layer.key, "bias"), layer.bias, f"{layer.name}.bias", seed,
            () if shared_bias(layer) else (units,), fan,
            f"bias of {layer.name!r} must be one number, or {units}: one per unit"),
            layer.train and layer.train_bias, n))
    for name, value in layer.activation.parameters.items():
        made.append(Parameter(f"{layer.name}.{name}", np.asarray(value), layer.train and name in layer.activation.train,
                              n))
    return made


def _check_loss(trouble: Trouble, scenario: Scenario) -> None:
    loss = scenario.loss
    if loss.law is not None:
        trouble.unknown_names(("loss", "kind"), loss.law, set(LOSS_VARIABLES), "this law, which reads t and o")
    elif loss.kind is None:
        trouble.say(("loss",), "the network needs a [loss] with a kind, such as \"half_squared_error\"")
    else:
        trouble.choice(("loss", "kind"), "loss", loss.kind, LOSSES, ())


def _rows(trouble: Trouble, scenario: Scenario, sizes: list[int]) -> tuple[Rows, Rows | None]:
    """The rows to train on, and those held back."""
    data = scenario.data
    if data is None:
        trouble.say(("data",), "missing data: the network needs a [data] table with inputs and targets")
        return Rows(1, {}, frozenset()), None
    needs = scenario.loss.kind != "sum"
    if needs and data.targets is None:
        trouble.say(("data", "targets"), "missing data: this loss needs targets, a row per sample")
    if needs and data.target_names is not None and len(data.target_names) != sizes[-1]:
        trouble.say(("data", "target_names"), f"target_names must have {sizes[-1]} names, one per output; "
                                              f"here: {len(data.target_names)}")
    rows = _tensors(trouble, scenario, ("data",), data.inputs, data.targets if needs else None, sizes)
    if data.validation is None:
        return rows, None
    held = data.validation
    key: KeyPath = ("data", "validation")
    return rows, _tensors(trouble, scenario, key, held.inputs, held.targets if needs else None, sizes)


def _tensors(trouble: Trouble, scenario: Scenario, key: KeyPath, inputs: np.ndarray, targets: np.ndarray | None,
             sizes: list[int]) -> Rows:
    if inputs.ndim != 2 or inputs.shape[1] != sizes[0]:
        trouble.say((*key, "inputs"), f"each row of inputs must have {sizes[0]} numbers, one per input of the "
                                      f"network; here: {inputs.shape[-1] if inputs.ndim == 2 else 'no rows'}")
    tensors = {"inputs": inputs}
    if targets is not None and targets.ndim == 1 and scenario.loss.kind in OF_CLASSES:
        tensors["targets"] = _one_hot(trouble, (*key, "targets"), targets, sizes[-1])
    elif targets is not None:
        single = targets.ndim == 1 and sizes[-1] == 1
        if not single and (targets.ndim != 2 or targets.shape[1] != sizes[-1]):
            also = f" (a class number per sample is for {one_of(OF_CLASSES)})" if targets.ndim == 1 else ""
            trouble.say((*key, "targets"), f"each row of targets must have {sizes[-1]} numbers, one per output of "
                        f"the network; here: {targets.shape[-1] if targets.ndim == 2 else 'single numbers'}{also}")
        tensors["targets"] = targets.reshape(-1, 1) if single else targets
    return Rows(len(inputs), tensors, frozenset(tensors))


def _one_hot(trouble: Trouble, key: KeyPath, classes: np.ndarray, outputs: int) -> np.ndarray:
    """A row for each class number, with 1 at that output."""
    rows = np.zeros((len(classes), outputs))
    for row, number in enumerate(classes.tolist()):
        if number == int(number) and 0 <= number < outputs:
            rows[row, int(number)] = 1.0
            continue
        trouble.say((*key, row), f"target {row + 1} is {number:g}: a class is a whole number from 0 to {outputs - 1}, "
                                 f"as the network has {outputs} output{'s' * (outputs != 1)}")
        break
    return rows


@dataclass
class Form:
    """The network, understood."""

    scenario: Scenario
    parameters: tuple[Parameter, ...]
    rows: Rows
    held: Rows | None
    sizes: list[int]
    names: Names

    def write(self, samples: int, single: bool, minimize: str | None) -> Written:
        """The forward and loss lines for a batch of `samples`; `single`: no batch ever has more than one."""
        assert minimize is None, "objectives belong to written equations"
        assert self.scenario.network is not None
        b = Builder({"s": samples, **{axis(n): size for n, size in enumerate(self.sizes)}})
        x = b.var("inputs", f"s{axis(0)}", "data", self.names.input_letter, self.names.inputs)
        data, made, aliases = [x], {}, {}
        for n, layer in enumerate(self.scenario.network.layers):
            x = KINDS[layer.kind](Site(b, layer, self.names.layers[n], axis(n + 1), made, aliases), x)
        loss = self.scenario.loss
        if loss.kind != "sum":
            names = self.scenario.data.target_names if self.scenario.data else None
            if names is None and x.elements is not None:
                taken = self._taken(made, x)
                names = tuple(_unused(f"t{n + 1}", taken) for n in range(x.lane_size))
            target = b.var("targets", x.letters, "data", letter(names, "t"), names)
            data.append(target)
            parts = _parts(b, self.scenario, x, target, self.names.layers[-1])
        else:
            parts = None
        summed = parts or x
        batched = not single
        weights = [made[p.name] for p in self.parameters if p.trained and p.name.endswith(".weights")]
        name = "loss" if batched or ((loss.l1 or loss.l2) and weights) else loss.name
        sample = b.sum_line("loss", "", b.var(name, "s" if batched else "", "loss"), (summed,))
        cost = cost_line(b, loss.name, loss, sample, batched, weights)
        aliases["loss"] = sample
        return Written(b, made, tuple(data), cost, cost, sample, parts, aliases)

    def _taken(self, made: dict[str, Var], x: Var) -> set[str]:
        taken = {e for v in made.values() for e in v.elements or ()} | set(self.names.inputs or ())
        return taken | {u for layer in self.names.layers for u in layer.units or ()}


def _unused(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


@dataclass(frozen=True)
class Site:
    """Where a layer is being written: its names, the letter of its units, and the parameters made so far."""

    builder: Builder
    layer: Layer
    names: LayerNames
    axis: str
    made: dict[str, Var]
    aliases: dict[str, Var]

    def parameter(self, part: str, letters: str, symbol: str, elements: tuple[str, ...] | None) -> Var:
        name = f"{self.layer.name}.{part}"
        self.made[name] = self.builder.var(name, letters, "parameter", symbol, elements)
        return self.made[name]

    def result(self, part: str, letters: str) -> Var:
        units = self.names.units
        return self.builder.var(f"{self.layer.name}.{part}", letters, "forward", f"{part}_{self.names.letter}",
                                tuple(f"{part}_{u}" for u in units) if units else None)


def dense(site: Site, x: Var) -> Var:
    """net = W·x + b, out = activation(net)."""
    b, names = site.builder, site.names
    letters = f"s{site.axis}"
    weights = site.parameter("weights", f"{site.axis}{x.letters[-1]}", f"W_{names.letter}", names.weights)
    terms: list[tuple[Var, ...]] = [(weights, x)]
    if site.layer.bias is not False:
        shared = shared_bias(site.layer)
        symbol = names.bias[0] if shared and names.bias else f"b_{names.letter}"
        terms.append((site.parameter("bias", "" if shared else site.axis, symbol, names.bias),))
    linear = site.layer.activation.name == "linear"
    net = b.sum_line("forward", site.layer.name, site.result("out" if linear else "net", letters), *terms)
    if linear:                                      # one line, with both names
        site.aliases[f"{site.layer.name}.net"] = net
        return net
    return activate(site, net)


def activate(site: Site, net: Var) -> Var:
    """out = the layer's activation of `net`: a law of the library or of the file."""
    b, activation = site.builder, site.layer.activation
    out = site.result("out", net.letters)
    if activation.name in VECTOR_LAWS:
        return VECTOR_LAWS[activation.name](b, "forward", site.layer.name, out, net)
    if activation.law is None:
        return b.law_line("forward", site.layer.name, out, ACTIVATIONS[activation.name or ""], net)
    lowering = Lowering(b, {LAW_VARIABLE: net, **_law_parameters(site, activation)}, out.name)
    lowering.lower(activation.law, out)
    return b.line("forward", site.layer.name, lowering.equations, activation.text)


def _law_parameters(site: Site, activation: Activation) -> dict[str, Var]:
    return {name: site.parameter(name, "", name, (f"{name}_{site.names.letter}",)) for name in activation.parameters}


KINDS: dict[str, Callable[[Site, Var], Var]] = {
    "dense": dense,
}


def _parts(b: Builder, scenario: Scenario, x: Var, target: Var, names: LayerNames) -> Var:
    """E_o[k]: what each output adds to the sample's loss."""
    loss = scenario.loss
    elements = tuple(f"{loss.name}_{u}" for u in names.units) if names.units else None
    out = b.var(f"{loss.name}_outputs", x.letters, "loss", f"{loss.name}_{names.letter}", elements)
    if loss.law is not None:
        lowering = Lowering(b, {"o": x, "t": target}, out.name)
        lowering.lower(loss.law, out)
        return b.line("loss", "", lowering.equations, loss.text)
    if loss.kind == "softmax_cross_entropy":
        units = tuple(f"log_p_{u}" for u in names.units) if names.units else None
        log_p = b.var("log_p", x.letters, "loss", f"log_p_{names.letter}", units)
        x = VECTOR_LAWS["log_softmax"](b, "loss", "", log_p, x)
        return b.law_line("loss", "", out, LOG_CROSS_ENTROPY, x, target)
    return b.law_line("loss", "", out, part_law(loss.kind or "", x.lane_size), x, target)


def part_law(kind: str, outputs: int) -> Elementwise:
    """The law of one output's part; `mean_squared_error` is the mean over the sample's outputs."""
    if kind != "mean_squared_error":
        return PART_LOSSES[kind]
    m = float(outputs)
    return Elementwise(kind, lambda f, o, t: (t - o) * (t - o) / m,
                       (lambda f, y, o, t: 2 * (o - t) / m, lambda f, y, o, t: 2 * (t - o) / m))
