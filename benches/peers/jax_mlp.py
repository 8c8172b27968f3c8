"""JAX's side of compare.py for MLPs. Prints `case quantity milliseconds`."""

import functools
import sys

import jax
import jax.numpy as jnp
import numpy as np

from jax_derivatives import report


def case(name, sizes, activation, n, dtype):
    rng = np.random.default_rng(0)
    shapes = list(zip(sizes, sizes[1:]))
    array = lambda *shape: jnp.asarray(rng.standard_normal(shape), dtype)
    w = array(sum(a * b + b for a, b in shapes)) / 30

    def loss(w, x, y):
        h, offset = x, 0
        for i, (a, b) in enumerate(shapes):
            weight = w[offset : offset + a * b].reshape(b, a)
            bias = w[offset + a * b : offset + a * b + b]
            h, offset = h @ weight.T + bias, offset + a * b + b
            if i + 1 < len(shapes):
                h = activation(h)
        return 0.5 * jnp.sum((h - y) ** 2) / n

    report(name, loss, w, (array(n, sizes[0]), array(n, sizes[-1])))


gelu = functools.partial(jax.nn.gelu, approximate=False)
wanted = sys.argv[2:]
for arguments in [
    ("wide", [3072, 256, 256, 4], gelu, 1000, jnp.float32),
    ("digits", [64, 32, 32, 10], gelu, 1000, jnp.float32),
    ("digits64", [64, 32, 32, 10], gelu, 1000, jnp.float64),
    ("chebyshev", [1, 30, 20, 1], jnp.tanh, 20, jnp.float32),
    ("chebyshev64", [1, 30, 20, 1], jnp.tanh, 20, jnp.float64),
]:
    if not wanted or arguments[0] in wanted:
        case(*arguments)
