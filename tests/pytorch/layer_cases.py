"""Random networks of every kind of layer: images, sequences, normalisation, attention; recipes as in `cases.py`.

A `Stack` puts layer on layer and knows what shape comes out; a recipe stacks what its case is about, and `finish`
adds a loss, data and training. `stack` leaves all of it to chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

from chance import UPDATES, Chance, settings, some_optimizer

Shape = tuple[int, ...]
Scenario = dict[str, Any]
Recipe = Callable[[Chance, bool], Scenario]         # `small`: the smallest shapes only
SMOOTH = ("sigmoid", "tanh", "silu", "gelu", "softsign")
GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def grid(c: Chance, shape: Shape, low: float = 0.1, high: float = 1.0) -> Any:
    """Nested lists of signed numbers."""
    return [grid(c, shape[1:], low, high) for _ in range(shape[0])] if shape else c.signed(low, high)


@dataclass
class Stack:
    """Layers one on the other. `shape` is that of a sample as it comes out of the last one."""

    c: Chance
    fed: Shape
    words: int = 0                                  # the inputs are numbers of so many words
    layers: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def __post_init__(self) -> None:
        self.shape = self.fed

    def put(self, kind: str, **keys: Any) -> Stack:
        """A layer of the kind, with what parameters it has; "bias" may be pinned."""
        name = f"{kind}_{len(self.layers) + 1}"
        parameters, self.shape = (self._recurrent(GATES[kind] * keys["units"], keys) if kind in GATES else
                                  getattr(self, f"_{kind}")(keys))
        self.layers.append({"kind": kind, "name": name, **keys, **{k: v for k, v in parameters.items()
                                                                  if k not in keys}})
        return self

    def _bias(self, count: int) -> Any:
        return grid(self.c, (count,), 0.05, 0.6)

    def _dense(self, keys: dict[str, Any]) -> tuple[dict[str, Any], Shape]:
        units = keys["units"]
        return {"weights": grid(self.c, (units, self.shape[-1])), "bias": self._bias(units)}, (*self.shape[:-1], units)

    def _conv2d(self, keys: dict[str, Any]) -> tuple[dict[str, Any], Shape]:
        kernel, filters = both(keys["kernel"]), keys["filters"]
        weights = grid(self.c, (filters, self.shape[0], *kernel))
        moved = windows(self.shape, kernel, both(keys.get("stride", 1)), both(keys.get("padding", 0)))
        return {"weights": weights, "bias": self._bias(filters)}, (filters, *moved)

    def _max_pool(self, keys: dict[str, Any]) -> tuple[dict[str, Any], Shape]:
        size = both(keys["size"])
        return {}, (self.shape[0], *windows(self.shape, size, both(keys.get("stride", size)), (0, 0)))

    _average_pool = _max_pool

    def _flatten(self, keys: dict[str, Any]) -> tuple[dict[str, Any], Shape]:
        return {}, (prod(self.shape),)

    def _same(self, keys: dict[str, Any]) -> tuple[dict[str, Any], Shape]:
        return {}, self.shape

    _activation = _dropout = _add = _same

    def _recurrent(self, rows: int, keys: dict[str, Any]) -> tuple[dict[str, Any], Shape]:
        (steps, features), units = self.shape, keys["units"]
        made = {"weights": grid(self.c, (rows, features)), "recurrent_weights": grid(self.c, (rows, units)),
                "bias": self._bias(rows)}
        return made, ((steps, units) if keys.get("return_sequence") else (units,))

    def _embedding(self, keys: dict[str, Any]) -> tuple[dict[str, Any], Shape]:
        return {"weights": grid(self.c, (keys["vocabulary"], keys["size"]))}, (*self.shape, keys["size"])

    def _batch_norm(self, keys: dict[str, Any]) -> tuple[dict[str, Any], Shape]:
        return {"gain": grid(self.c, self.shape[:1], 0.3, 1.5), "bias": self._bias(self.shape[0])}, self.shape

    def _layer_norm(self, keys: dict[str, Any]) -> tuple[dict[str, Any], Shape]:
        return {"gain": grid(self.c, self.shape[-1:], 0.3, 1.5), "bias": self._bias(self.shape[-1])}, self.shape

    def _attention(self, keys: dict[str, Any]) -> tuple[dict[str, Any], Shape]:
        size = self.shape[-1]
        return {part: grid(self.c, (size, size)) for part in ("query", "key", "value", "output")}, self.shape


def both(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def windows(image: Shape, size: Shape, stride: Shape, padding: Shape) -> Shape:
    return tuple((n + 2 * p - k) // s + 1 for n, k, s, p in zip(image[1:], size, stride, padding, strict=True))


def finish(s: Stack, training: dict[str, Any] | None = None, classes: bool = False) -> Scenario:
    """The network of the stack with a loss, data and training; with rows held back if a layer is one thing in
    training and another in evaluation. `classes`: softmax_cross_entropy with class numbers."""
    c, kinds = s.c, {layer["kind"] for layer in s.layers}
    least = 3 if "batch_norm" in kinds else 1
    size = c.whole(max(2, least), least + 2)
    samples, batch = c.one_of(((size, "all"), (size + max(least, size - 1), size), (size, "all")))
    kind = "softmax_cross_entropy" if classes else c.one_of(("half_squared_error", "mean_squared_error"))

    fed = s.fed if s.words or c.happens(0.5) else (prod(s.fed),)    # rows may be nested or flat

    def rows(count: int) -> dict[str, Any]:
        wanted = s.shape[:-1] if classes else s.shape
        return {"inputs": numbers(c, (count, *fed), s.words) if s.words else grid(c, (count, *fed), 0.1, 1.5),
                "targets": numbers(c, (count, *wanted), s.shape[-1]) if classes else grid(c, (count, *wanted))}

    data = rows(samples)
    if kinds & {"batch_norm", "dropout"}:
        data["validation"] = rows(2)
    return {
        "network": {"inputs": s.fed[0] if len(s.fed) == 1 else list(s.fed), "layers": s.layers},
        "loss": {"kind": kind, "reduction": c.one_of(("mean", "mean", "sum"))},
        "data": data,
        "training": {**(training or settings(c, "sgd")), "batch": batch, "updates": UPDATES,
                     **({"seed": c.whole(0, 99)} if "dropout" in kinds else {})},
    }


def numbers(c: Chance, shape: Shape, count: int) -> Any:
    """Whole numbers below `count`: words or classes."""
    return [numbers(c, shape[1:], count) for _ in range(shape[0])] if shape else c.whole(0, count - 1)


# where a stack begins


def units(c: Chance, small: bool) -> Stack:
    return Stack(c, (c.whole(2, 3 if small else 5),))


def steps(c: Chance, small: bool, features: int | None = None) -> Stack:
    return Stack(c, (c.whole(2, 3 if small else 4), features or c.whole(2, 3 if small else 4)))


def image(c: Chance, small: bool, channels: int | None = None, least: int = 3) -> Stack:
    most = least + (0 if small else 3)
    return Stack(c, (channels or c.whole(1, 2), c.whole(least, most), c.whole(least, most)))


def dense(s: Stack, activation: str = "linear", **keys: Any) -> Stack:
    return s.put("dense", **{"units": s.c.whole(2, 3), "activation": activation, **keys})


def bent(s: Stack, **keys: Any) -> Stack:
    """A dense layer that is not linear."""
    return dense(s, s.c.one_of(SMOOTH), **keys)


# recipes


def conv2d(channels: int = 1, least: int = 3, **pinned: Any) -> Recipe:
    """A convolution, and a second one over its channels where the image is still large enough."""
    def recipe(c: Chance, small: bool) -> Scenario:
        s = image(c, small, channels, least)
        s.put("conv2d", **{"filters": 2, "kernel": 2, "activation": c.one_of(SMOOTH), **pinned})
        if not small and min(s.shape[1:]) >= 2:
            s.put("conv2d", filters=c.whole(1, 3), kernel=2, activation="tanh", padding=c.whole(0, 1))
        return finish(dense(s.put("flatten"), units=2))
    return recipe


def pooled(kind: str, *shape: int, **keys: Any) -> Recipe:
    """A dense map of each row of an image, so that something is trained, and then the pool."""
    def recipe(c: Chance, small: bool) -> Scenario:
        s = Stack(c, shape).put("conv2d", filters=2, kernel=1, activation="tanh").put(kind, **keys)
        return finish(dense(s.put("flatten"), units=2) if c.happens(0.5) or small else s)
    return recipe


def recurrent(kind: str, sequence: bool, layers: int = 1, **pinned: Any) -> Recipe:
    def recipe(c: Chance, small: bool) -> Scenario:
        s = steps(c, small)
        for n in range(layers):
            last = {"return_sequence": True} if sequence or n < layers - 1 else {}
            bias = {"bias": False} if c.happens(0.15) else {"bias": c.signed(0.05, 0.6)} if c.happens(0.15) else {}
            s.put(kind, units=2 if small and GATES[kind] > 1 else c.whole(2, 3), **{**last, **bias, **pinned})
        return finish(dense(s, units=2) if c.happens(0.5) else s)
    return recipe


def embedded(c: Chance, small: bool, size: int | None = None) -> Stack:
    words = c.whole(3, 4 if small else 6)
    s = Stack(c, (c.whole(2, 3 if small else 4),), words)
    return s.put("embedding", vocabulary=words, size=size or c.whole(2, 3))


def batch_norm(images: bool, optimizer: str = "sgd", **pinned: Any) -> Recipe:
    """What comes before has no bias: the mean takes it away, and its derivative would be nothing but rounding."""
    def recipe(c: Chance, small: bool) -> Scenario:
        s = image(c, small, None, 2) if images else units(c, small)
        if images:
            s.put("conv2d", filters=2, kernel=2, activation="linear", bias=False, padding=c.whole(0, 1))
        else:
            dense(s, bias=False)
        s.put("batch_norm", **pinned).put("activation", activation=c.one_of(SMOOTH))
        return finish(dense(s.put("flatten") if images else s, units=2), settings(c, optimizer))
    return recipe


def batch_norm_first(c: Chance, small: bool) -> Scenario:
    return finish(dense(units(c, small).put("batch_norm")))


def layer_norm(over_steps: bool, **pinned: Any) -> Recipe:
    def recipe(c: Chance, small: bool) -> Scenario:
        s = bent(steps(c, small) if over_steps else units(c, small), units=c.whole(3, 4))
        return finish(dense(s.put("layer_norm", **pinned), units=2))
    return recipe


def dropout(begin: Callable[[Chance, bool], Stack]) -> Recipe:
    def recipe(c: Chance, small: bool) -> Scenario:
        s = bent(begin(c, small), units=3).put("dropout", rate=c.number(0.2, 0.6))
        return finish(dense(s, units=2))
    return recipe


def dropout_first(c: Chance, small: bool) -> Scenario:
    s = image(c, small, 2, 3).put("dropout", rate=c.number(0.2, 0.6))
    return finish(dense(s.put("conv2d", filters=2, kernel=2, activation="tanh").put("flatten"), units=2))


def attention(heads: int, each: int = 2, **pinned: Any) -> Recipe:
    """`each`: the size of a head in the smallest shapes."""
    def recipe(c: Chance, small: bool) -> Scenario:
        s = steps(c, small, heads * (each if small else c.whole(1, 3)))
        return finish(s.put("attention", heads=heads, **pinned))
    return recipe


def add(c: Chance, small: bool) -> Scenario:
    """What was added is added once more further on, so that its derivative comes from three places."""
    s = bent(units(c, small), units=3)
    first = s.layers[-1]["name"]
    bent(s, units=3).put("add", **{"from": first})
    if c.happens(0.5):
        bent(s, units=3).put("add", **{"from": first})
    return finish(dense(s))


def add_images(c: Chance, small: bool) -> Scenario:
    s = image(c, small, 2, 3).put("conv2d", filters=2, kernel=2, activation="tanh")
    s.put("conv2d", filters=2, kernel=3, padding=1, activation="tanh").put("add", **{"from": s.layers[0]["name"]})
    return finish(s)


def image_classes(c: Chance, small: bool) -> Scenario:
    s = Stack(c, (1 if small else 2, 5, 4 if small else c.whole(4, 5)))
    s.put("conv2d", filters=2, kernel=2, activation="linear", bias=False).put("batch_norm")
    s.put("activation", activation="relu").put("max_pool", size=2)
    return finish(dense(s.put("flatten"), units=3), settings(c, c.one_of(("sgd", "adam"))), classes=True)


def word_classes(c: Chance, small: bool) -> Scenario:
    s = embedded(c, small, 2 if small else 4)
    s.put("attention", heads=2, causal=c.happens(0.5)).put("add", **{"from": s.layers[0]["name"]}).put("layer_norm")
    return finish(dense(s, units=3), settings(c, "sgd", "momentum"), classes=True)


def lstm_classes(c: Chance, small: bool) -> Scenario:
    s = steps(c, small).put("lstm", units=2, return_sequence=True)
    return finish(dense(s, units=3), settings(c, "adam"), classes=True)


def words_recurrent(c: Chance, small: bool) -> Scenario:
    s = embedded(c, small).put(c.one_of(("rnn", "lstm", "gru")), units=2)
    return finish(dense(s, units=3), settings(c, "adamw"), classes=True)


def stack(c: Chance, small: bool) -> Scenario:
    """Everything by chance."""
    s = c.one_of((_random_image, _random_steps, _random_units))(c, small)
    classes = len(s.shape) < 3 and c.happens(0.4)
    if s.layers[-1]["kind"] not in ("conv2d", "rnn", "lstm", "gru") or classes:
        if len(s.shape) == 3 and c.happens(0.7):
            s.put("flatten")
        dense(s, units=c.whole(2, 3))
    return finish(s, some_optimizer(c), classes)


def _random_image(c: Chance, small: bool) -> Stack:
    s = image(c, small, None, 4)
    for _ in range(c.whole(1, 2 if small else 3)):
        kind = c.one_of(("conv2d", "conv2d", "max_pool", "average_pool", "batch_norm", "activation", "dropout"))
        most = min(3, *s.shape[1:])
        if kind == "conv2d":
            s.put(kind, filters=c.whole(1, 3), kernel=[c.whole(1, most), c.whole(1, most)],
                  stride=[c.whole(1, 2), c.whole(1, 2)], padding=c.whole(0, 1), activation=c.one_of(SMOOTH))
        elif kind.endswith("pool"):
            s.put(kind, size=[c.whole(1, most), c.whole(1, most)], **({"stride": 1} if c.happens(0.4) else {}))
        else:
            _between(s, kind)
    return s.put("flatten") if c.happens(0.7) else s


def _random_steps(c: Chance, small: bool) -> Stack:
    s = embedded(c, small) if c.happens(0.4) else steps(c, small)
    for _ in range(c.whole(1, 2)):
        kind = c.one_of(("rnn", "lstm", "gru", "attention", "dense", "layer_norm", "activation", "dropout", "add"))
        if kind in GATES:
            s.put(kind, units=c.whole(2, 3), return_sequence=True)
        elif kind == "attention":
            s.put(kind, heads=c.one_of((1, s.shape[-1])), causal=c.happens(0.5))
        elif kind == "dense":
            bent(s)
        elif kind == "add":
            bent(bent(s, units=3), units=3).put("add", **{"from": s.layers[-2]["name"]})
        else:
            _between(s, kind)
    if c.happens(0.5):
        s.put(c.one_of(tuple(GATES)), units=2)
    return s


def _random_units(c: Chance, small: bool) -> Stack:
    s = bent(units(c, small), units=3)
    for _ in range(c.whole(1, 2 if small else 3)):
        _between(s, c.one_of(("batch_norm", "layer_norm", "activation", "dropout")))
        bent(s, units=3)
        if c.happens(0.4):
            s.put("add", **{"from": s.layers[0]["name"]})
    return s


def _between(s: Stack, kind: str) -> None:
    s.put(kind, **({"rate": s.c.number(0.1, 0.5)} if kind == "dropout" else
                   {"activation": s.c.one_of(SMOOTH)} if kind == "activation" else {}))


LAYERED: dict[str, Recipe] = {
    "dense on steps": lambda c, small: finish(dense(bent(steps(c, small)), units=2)),
    "dense on steps, softmax": lambda c, small: finish(dense(dense(steps(c, small), "softmax"), units=2)),
    "conv2d": conv2d(),
    "conv2d channels": conv2d(channels=2),
    "conv2d stride": conv2d(least=4, stride=2),
    "conv2d padding": conv2d(padding=1),
    "conv2d not square": conv2d(channels=2, least=4, kernel=[3, 2], stride=[1, 2], padding=[0, 1]),
    "conv2d wide": conv2d(least=4, kernel=[1, 3], stride=[2, 1], padding=[1, 2]),
    "conv2d no bias": conv2d(bias=False),
    "conv2d shared bias": conv2d(bias=0.3),
    "max_pool": pooled("max_pool", 1, 4, 4, size=2),
    "max_pool overlapping": pooled("max_pool", 1, 4, 5, size=[2, 3], stride=1),
    "max_pool odd": pooled("max_pool", 2, 5, 3, size=2),
    "max_pool gaps": pooled("max_pool", 1, 5, 5, size=2, stride=[3, 2]),
    "average_pool": pooled("average_pool", 1, 4, 4, size=2),
    "average_pool overlapping": pooled("average_pool", 1, 5, 4, size=[3, 2], stride=[1, 2]),
    "flatten": lambda c, small: finish(dense(bent(steps(c, small)).put("flatten"), units=2)),
    "activation alone": lambda c, small: finish(dense(dense(units(c, small)).put(
        "activation", activation=c.one_of(SMOOTH)))),
    "activation alone, a law": lambda c, small: finish(dense(dense(units(c, small)).put(
        "activation", activation={"law": "x*sigmoid(beta*x)", "beta": c.number(0.3, 1.5), "train": ["beta"]}))),
    "rnn": recurrent("rnn", False),
    "rnn sequence": recurrent("rnn", True, activation="tanh"),
    "rnn relu": recurrent("rnn", False, activation="relu"),
    "rnn relu sequence": recurrent("rnn", True, activation="relu"),
    "rnn stacked": recurrent("rnn", False, 2),
    "lstm": recurrent("lstm", False),
    "lstm sequence": recurrent("lstm", True),
    "lstm stacked": recurrent("lstm", True, 2),
    "gru": recurrent("gru", False),
    "gru sequence": recurrent("gru", True),
    "gru stacked": recurrent("gru", False, 2),
    "gru no bias": recurrent("gru", False, bias=False),
    "embedding": lambda c, small: finish(embedded(c, small)),
    "embedding of one word": lambda c, small: finish(dense(Stack(c, (1,), 4).put(
        "embedding", vocabulary=4, size=2).put("flatten"), units=3), classes=True),
    "batch_norm": batch_norm(False),
    "batch_norm first": batch_norm_first,
    "batch_norm adam": batch_norm(False, "adam", epsilon=1e-3),
    "batch_norm images": batch_norm(True),
    "layer_norm": layer_norm(False),
    "layer_norm on steps": layer_norm(True, epsilon=1e-3),
    "dropout": dropout(units),
    "dropout on steps": dropout(steps),
    "dropout on images": dropout_first,
    "attention": attention(1),
    "attention heads": attention(2),
    "attention causal": attention(1, causal=True),
    "attention heads causal": attention(2, 1, causal=True),
    "add": add,
    "add images": add_images,
    "image, classes": image_classes,
    "words, classes a step": word_classes,
    "lstm, classes a step, adam": lstm_classes,
    "words, recurrent, adamw": words_recurrent,
    "stack": stack,
}
