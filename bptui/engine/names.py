"""The names of a network's elements: those of the file, and generated ones where it gives none.

Inputs are i1…, the last layer's units o1…, all others h1… counted on through the layers; weights w1… row by
row through the network; b1… one per shared bias, else one per unit. A generated name that is taken is skipped.
Above 1,000 parameters nothing is generated: tensors have names and elements have indices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count

from ..scenario.records import Layer, Network, Shape
from .program import Program

MOST_NAMED = 1000
LONGEST = 140                                       # characters of a name that goes through layers: of two, at least
AXES = "ijklmnpqruvwxyzabcdfghABCDFGHIJKLMNPQRSUVWXYZ"      # s is the sample, t and o are words of the loss


def axis(n: int) -> str:
    """The letter of the n-th feature axis of a program; letters outside the alphabet after the 45th."""
    return AXES[n] if n < len(AXES) else chr(0x1000 + n)


@dataclass(frozen=True)
class LayerNames:
    """What a layer's elements are called; None where they have indices only."""

    layer: str
    letter: str                                     # how its tensors are printed: W_h
    count: int = 0                                  # units, or filters
    units: tuple[str, ...] | None = None
    weights: tuple[str, ...] | None = None          # row by row
    recurrent: tuple[str, ...] | None = None
    bias: tuple[str, ...] | None = None
    gain: tuple[str, ...] | None = None

    def passed(self, units: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """The units of a layer that has none of its own, from those that come in: `drop_h1`. Through many such layers
        they would grow, each longer than the last: beyond what a name may have there are indices."""
        names = tuple(f"{self.layer}_{u}" for u in units or ())
        return names if names and max(map(len, names)) <= LONGEST else None


@dataclass(frozen=True)
class Names:
    inputs: tuple[str, ...] | None
    input_letter: str
    layers: tuple[LayerNames, ...]


def _fresh(prefix: str, taken: set[str]) -> Iterator[str]:
    for n in count(1):
        if (name := f"{prefix}{n}") not in taken:
            taken.add(name)
            yield name


def _flat(names: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple(name for row in names for name in row)


def shared_bias(layer: Layer) -> bool:
    """Whether the layer's bias is one number for all its units."""
    return layer.bias is not None and layer.bias is not False and getattr(layer.bias, "shape", None) == ()


def unnamed(network: Network) -> Names:
    """The names of a network of which nothing is known yet but the file."""
    return Names(None, "inputs", tuple(LayerNames(layer.name, layer.name, unit_count(layer))
                                       for layer in network.layers))


def unit_count(layer: Layer) -> int:
    return layer.units if isinstance(layer.units, int) else len(layer.units)


INDEXED = ("conv2d", "attention")                   # kinds whose weights have indices only: what an index says matters


def name_network(network: Network, sizes: Mapping[str, int], features: int, steps: int, taken: set[str]) -> Names:
    """`sizes` are those of the parameters by name; `features` and `steps` those of the inputs (0 steps: no sequence;
    0 features: too many axes to be named); `taken` are names that other tables use."""
    generate = sum(sizes.values()) <= MOST_NAMED
    taken = taken | _given(network)
    hidden, weight, bias = _fresh("h", taken), _fresh("w", taken), _fresh("b", taken)

    def some(prefix: Iterator[str], n: int) -> tuple[str, ...] | None:
        return tuple(next(prefix) for _ in range(n)) if generate and n else None

    own = network.inputs if isinstance(network.inputs, tuple) and not isinstance(network.inputs, Shape) else None
    inputs = own or some(_fresh("i", taken), features)
    last = max((n for n, layer in enumerate(network.layers) if layer.units), default=-1)
    layers: list[LayerNames] = []
    for n, layer in enumerate(network.layers):
        def size(part: str, layer: Layer = layer) -> int:
            return 0 if layer.kind in INDEXED else sizes.get(f"{layer.name}.{part}", 0)
        units = layer.units if isinstance(layer.units, tuple) else some(
            _fresh("o", taken) if n == last else hidden, layer.units if layer.kind not in INDEXED else 0)
        weights = _flat(layer.weight_names) if layer.weight_names else some(weight, size("weights"))
        names = layer.extra.get("recurrent_weight_names")
        recurrent = _flat(names) if names else some(weight, size("recurrent_weights"))
        layers.append(LayerNames(
            layer.name, letter(units, layer.name), unit_count(layer), units, weights, recurrent,
            layer.bias_names or some(bias, size("bias")), layer.extra.get("gain_names")))
    letters = [x.letter for x in layers]
    layers = [x if letters.count(x.letter) == 1 else replace(x, letter=x.layer) for x in layers]
    return Names(tuple(f"{i}[{t}]" for t in range(steps) for i in inputs) if inputs and steps else inputs,
                 letter(inputs, "inputs"), tuple(layers))


def shared_names(program: Program, letters: Mapping[str, str]) -> dict[str, str]:
    """By the parts of `[names]`: a name that a letter gives to one thing, and that another has already."""
    symbols = {var.symbol for var in program.variables.values() if var.symbol}
    known = {*program.names, *program.variables, *symbols}
    found: dict[str, str] = {}
    for part, called in letters.items():
        if part == called:
            continue
        for name in sorted({*program.names, *symbols}):
            own = "net_" if part == "delta" else f"{part}_"
            if name.startswith(own) and (shown := f"{called}_{name.removeprefix(own)}") in known:
                found.setdefault(part, shown)
    return found


def letter(units: tuple[str, ...] | None, name: str) -> str:
    if not units:
        return name
    shared = next((n for n, letters in enumerate(zip(*units, strict=False)) if len(set(letters)) > 1), len(min(units)))
    return units[0][:shared].rstrip("0123456789_") or name


def _given(network: Network) -> set[str]:
    names: set[str] = {i for i in network.inputs if isinstance(i, str)} if isinstance(network.inputs, tuple) else set()
    for layer in network.layers:
        names.update(layer.units if isinstance(layer.units, tuple) else ())
        names.update(_flat(layer.weight_names) if layer.weight_names else ())
        names.update(layer.bias_names or ())
        names.update(layer.extra.get("gain_names") or ())
        names.update(_flat(layer.extra.get("recurrent_weight_names") or ()))
    return names
