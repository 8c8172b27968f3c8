"""Shared by the PyTorch peers: derivatives of any loss of a flat vector through torch.func, timed."""

import time

import torch
from torch.func import grad, jvp, vmap

from quantities import is_wanted


def least(run):
    """Minimum time of several runs, in milliseconds; fewer runs if they are long."""
    start, best, runs = time.perf_counter(), float("inf"), 0
    while (runs < 3 or time.perf_counter() - start < 1.5) and best < 5.0 or runs == 0:
        before = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - before)
        runs += 1
    return 1e3 * best


def report(name, loss, w):
    """Prints `name parameters count`, then `name quantity milliseconds` for every quantity."""

    def hvp(w, v):
        return jvp(grad(loss), (w,), (v,))[1]

    def t(u, v):
        return grad(lambda w: torch.dot(jvp(grad(loss), (w,), (v,))[1], u))(w)

    def gradient():
        leaf = w.clone().requires_grad_(True)
        loss(leaf).backward()
        return leaf.grad

    print(name, "parameters", w.numel(), flush=True)
    v = torch.randn(4, w.numel(), dtype=w.dtype) / w.numel() ** 0.5
    pairs = [(i, j) for i in range(3) for j in range(i, 3)]
    for quantity, run in {
        "gradient": gradient,
        "hvp1": lambda: hvp(w, v[0]),
        "hvp4": lambda: vmap(lambda u: hvp(w, u))(v),
        "t1": lambda: t(v[0], v[0]),
        "t6": lambda: [t(v[i], v[j]) for i, j in pairs],
    }.items():
        if is_wanted(quantity):
            print(name, quantity, f"{least(run):.5f}", flush=True)
