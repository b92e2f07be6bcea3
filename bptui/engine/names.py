"""The names of a network's elements: those of the file, and generated ones where it gives none.

Inputs are i1…, the last layer's units o1…, all others h1… counted on through the layers; weights w1… row by
row through the network; b1… one per shared bias, else one per unit. A generated name that is taken is skipped.
Above 1,000 parameters nothing is generated: tensors have names and elements have indices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from ..scenario.records import Layer, Network

MOST_NAMED = 1000
AXES = "ijklmnpqruvwxyzabcdfghABCDFGHIJKLMNPQRSUVWXYZ"      # s is the sample, t and o are words of the loss


def axis(n: int) -> str:
    """The letter of the n-th feature axis of a program; letters outside the alphabet after the 45th."""
    return AXES[n] if n < len(AXES) else chr(0x1000 + n)


@dataclass(frozen=True)
class LayerNames:
    letter: str                                     # how its tensors are printed: W_h
    units: tuple[str, ...] | None
    weights: tuple[str, ...] | None                 # row by row
    bias: tuple[str, ...] | None


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


def name_network(network: Network, sizes: list[int], parameters: int, taken: set[str]) -> Names:
    """`sizes` are the inputs and the units of each layer; `taken` are names that other tables use."""
    generate = parameters <= MOST_NAMED
    taken = taken | _given(network)
    hidden, weight, bias = _fresh("h", taken), _fresh("w", taken), _fresh("b", taken)

    def some(prefix: Iterator[str], n: int) -> tuple[str, ...] | None:
        return tuple(next(prefix) for _ in range(n)) if generate else None

    inputs = network.inputs if isinstance(network.inputs, tuple) else some(_fresh("i", taken), sizes[0])
    layers: list[LayerNames] = []
    for n, layer in enumerate(network.layers):
        last = n == len(network.layers) - 1
        units = layer.units if isinstance(layer.units, tuple) else some(
            _fresh("o", taken) if last else hidden, sizes[n + 1])
        weights = _flat(layer.weight_names) if layer.weight_names else some(weight, sizes[n] * sizes[n + 1])
        biases = layer.bias_names or (None if layer.bias is False else
                                      some(bias, 1 if shared_bias(layer) else sizes[n + 1]))
        layers.append(LayerNames(letter(units, layer.name), units, weights, biases))
    letters = [x.letter for x in layers]
    layers = [x if letters.count(x.letter) == 1 else
              LayerNames(network.layers[n].name, x.units, x.weights, x.bias) for n, x in enumerate(layers)]
    return Names(inputs, letter(inputs, "inputs"), tuple(layers))


def letter(units: tuple[str, ...] | None, name: str) -> str:
    if not units:
        return name
    shared = next((n for n, letters in enumerate(zip(*units, strict=False)) if len(set(letters)) > 1), len(min(units)))
    return units[0][:shared].rstrip("0123456789_") or name


def _given(network: Network) -> set[str]:
    names: set[str] = set(network.inputs) if isinstance(network.inputs, tuple) else set()
    for layer in network.layers:
        names.update(layer.units if isinstance(layer.units, tuple) else ())
        names.update(_flat(layer.weight_names) if layer.weight_names else ())
        names.update(layer.bias_names or ())
    return names
