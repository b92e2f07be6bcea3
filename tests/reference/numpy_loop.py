"""Plain numpy training of a 2-layer sigmoid network: an oracle for the engine's batches and shared biases.

Half squared error, mean over the batch, both layers' biases shared by their units and trained.
"""

import numpy as np


def train(X, T, W1, b1, W2, b2, rate, batch, updates):
    """Parameters after `updates`; W is [units, inputs], b a number; rows in file order, epoch by epoch."""
    W1, W2 = W1.copy(), W2.copy()
    starts = range(0, len(X), batch)
    for n in range(updates):
        start = starts[n % len(starts)]
        x, t = X[start : start + batch], T[start : start + batch]
        h = 1 / (1 + np.exp(-(x @ W1.T + b1)))
        o = 1 / (1 + np.exp(-(h @ W2.T + b2)))
        net_o = (o - t) / len(x) * o * (1 - o)
        net_h = net_o @ W2 * h * (1 - h)
        W2 -= rate * net_o.T @ h
        W1 -= rate * net_h.T @ x
        b2 -= rate * net_o.sum()
        b1 -= rate * net_h.sum()
    return W1, b1, W2, b2
