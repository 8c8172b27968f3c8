"""PyTorch's side of compare.py: the same derivatives through torch.func. Prints `case quantity milliseconds`."""

import sys
import time

import torch
from torch.func import functional_call, grad, jvp, vmap

torch.set_num_threads(int(sys.argv[1]))


def least(run):
    start, best, runs = time.perf_counter(), float("inf"), 0
    while runs < 3 or time.perf_counter() - start < 1.5:
        before = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - before)
        runs += 1
    return 1e3 * best


def case(name, sizes, activation, n, dtype):
    torch.manual_seed(0)
    layers = []
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        layers += [torch.nn.Linear(a, b)] + ([activation()] if i + 2 < len(sizes) else [])
    net = torch.nn.Sequential(*layers).to(dtype)
    shapes = [(k, p.shape, p.numel()) for k, p in net.named_parameters()]
    w = torch.nn.utils.parameters_to_vector(net.parameters()).detach()
    x, y = torch.randn(n, sizes[0], dtype=dtype), torch.randn(n, sizes[-1], dtype=dtype)

    def loss(w):
        parts = torch.split(w, [count for _, _, count in shapes])
        params = {k: part.view(shape) for part, (k, shape, _) in zip(parts, shapes)}
        return 0.5 * ((functional_call(net, params, (x,)) - y) ** 2).sum() / n

    def hvp(w, v):
        return jvp(grad(loss), (w,), (v,))[1]

    def t(u, v):
        return grad(lambda w: torch.dot(jvp(grad(loss), (w,), (v,))[1], u))(w)

    def gradient():
        leaf = w.clone().requires_grad_(True)
        loss(leaf).backward()
        return leaf.grad

    v = torch.randn(4, w.numel(), dtype=dtype) / w.numel() ** 0.5
    pairs = [(i, j) for i in range(3) for j in range(i, 3)]
    report = lambda quantity, run: print(name, quantity, f"{least(run):.5f}", flush=True)
    report("gradient", gradient)
    report("hvp1", lambda: hvp(w, v[0]))
    report("hvp4", lambda: vmap(lambda u: hvp(w, u))(v))
    report("t1", lambda: t(v[0], v[0]))
    report("t6", lambda: [t(v[i], v[j]) for i, j in pairs])


wanted = sys.argv[2:]
for arguments in [
    ("wide", [3072, 256, 256, 4], torch.nn.GELU, 1000, torch.float32),
    ("digits", [64, 32, 32, 10], torch.nn.GELU, 1000, torch.float32),
    ("digits64", [64, 32, 32, 10], torch.nn.GELU, 1000, torch.float64),
    ("chebyshev", [1, 30, 20, 1], torch.nn.Tanh, 20, torch.float32),
    ("chebyshev64", [1, 30, 20, 1], torch.nn.Tanh, 20, torch.float64),
]:
    if not wanted or arguments[0] in wanted:
        case(*arguments)
