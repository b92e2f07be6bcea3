"""Layers over images: convolution and pooling. Windows are a movement; what is done to them are sums and choices."""

from __future__ import annotations

from math import prod

import numpy as np

from ..builder import contract
from ..limits import MOST_MOVED
from ..program import Equation, Term, Var
from ..structure import SAMPLE, Pick
from .dense import activate
from .site import Signal, Site, shaped

Pair = tuple[int, int]


def windows(site: Site, x: Var, kernel: Pair, stride: Pair, padding: Pair) -> tuple[Var, Equation]:
    """Every window of an image [channels, rows, columns] as [rows, columns, channels, kernel rows, kernel columns].

    Padding is 0: nothing comes from there, and nothing goes back.
    """
    if len(x.lane_shape) != 3:
        site.wrong("kind", f"{site.layer.kind} reads [channels, rows, columns], and what comes here is "
                           f"{shaped(x.lane_shape)}")
    size = tuple(n + 2 * p for n, p in zip(x.lane_shape[1:], padding, strict=True))
    what = "kernel" if site.layer.kind == "conv2d" else "size"
    if kernel[0] > size[0] or kernel[1] > size[1]:
        also = " with its padding" if any(padding) else ""
        site.wrong(what, f"the {what} is {shaped(kernel)}, larger than the image{also}, {shaped(size)}")

    site.bound("padding", "numbers of an image with its padding", x.lane_shape[0] * size[0] * size[1], MOST_MOVED)
    seen = [(n - k) // s + 1 for n, k, s in zip(size, kernel, stride, strict=True)]
    site.bound(what, "numbers of all windows of an image", x.lane_shape[0] * prod((*seen, *kernel)), MOST_MOVED)

    def move(image: np.ndarray) -> np.ndarray:
        padded = np.pad(image, ((0, 0), (padding[0],) * 2, (padding[1],) * 2), constant_values=-1)
        every = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=(1, 2))
        return np.ascontiguousarray(every[:, ::stride[0], ::stride[1]].transpose(1, 2, 0, 3, 4))

    rows, columns = seen
    letters = site.axis(rows) + site.axis(columns) + x.letters[1] + site.axis(kernel[0]) + site.axis(kernel[1])
    return site.moved(move, x, letters, "window")


def conv2d(site: Site, x: Signal) -> Signal:
    """net[f, r, c] = Σ kernel[f, channel, i, j] × x[channel, r + i, c + j] + b[f], a sum over each window."""
    kernel = site.option("kernel")
    window, gather = windows(site, x.var, kernel, site.option("stride", (1, 1)), site.option("padding", (0, 0)))
    filters, channels = site.names.count, x.shape[0]
    f = site.axis(filters)
    _, r, c, channel, i, j = window.letters
    fan = (channels * kernel[0] * kernel[1], filters * kernel[0] * kernel[1])
    weights = site.parameter(
        "weights", f + channel + i + j, site.layer.weights,
        f"weights of {site.layer.name!r} must be {filters} x {channels} x {kernel[0]} x {kernel[1]}: filters, "
        f"channels, rows, columns", fan, symbol=f"W_{site.names.letter}", weights=True)
    bias = site.bias(f, fan, filters)
    linear = site.layer.activation.name == "linear"
    out = site.result("out" if linear else "net", SAMPLE + f + r + c, None)
    products = [(weights, window)] + ([(bias,)] if bias is not None else [])
    net = site.line(gather, Equation(out, tuple(contract(p, out) for p in products)))
    if linear:
        site.written.aliases[f"{site.layer.name}.net"] = net
        return Signal(net)
    return Signal(activate(site, net, None))


def max_pool(site: Site, x: Signal) -> Signal:
    """The greatest of each window, channel by channel."""
    window, gather, letters = _pooled(site, x)
    out = site.result("out", letters, None)
    return Signal(site.line(gather, Equation(out, (Term(Pick(window.letters, letters), (window,)),))))


def average_pool(site: Site, x: Signal) -> Signal:
    """The mean of each window, channel by channel."""
    window, gather, letters = _pooled(site, x)
    out = site.result("out", letters, None)
    rows, columns = site.option("size")
    share = site.b.constant(1.0 / (rows * columns))
    return Signal(site.line(gather, Equation(out, (contract((share, window), out),))))


def _pooled(site: Site, x: Signal) -> tuple[Var, Equation, str]:
    size = site.option("size")
    window, gather = windows(site, x.var, size, site.option("stride", size), (0, 0))
    _, r, c, channel, *_ = window.letters
    return window, gather, SAMPLE + channel + r + c
