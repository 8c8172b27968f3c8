"""PyTorch's side of compare.py: the same derivatives through torch.func. Prints `case quantity milliseconds`."""

import sys

import torch
from torch.func import functional_call

from torch_derivatives import report

torch.set_num_threads(int(sys.argv[1]))


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

    report(name, loss, w)


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
