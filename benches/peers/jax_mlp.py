"""JAX's side of compare.py: the same derivatives, jitted. Prints `case quantity milliseconds`.

The number of threads is that of the processors the process may run on; compare.py pins it.
"""

import functools
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)


def least(run):
    jax.block_until_ready(run())
    start, best, runs = time.perf_counter(), float("inf"), 0
    while runs < 3 or time.perf_counter() - start < 1.5:
        before = time.perf_counter()
        jax.block_until_ready(run())
        best = min(best, time.perf_counter() - before)
        runs += 1
    return 1e3 * best


def case(name, sizes, activation, n, dtype):
    rng = np.random.default_rng(0)
    shapes = list(zip(sizes, sizes[1:]))
    p = sum(a * b + b for a, b in shapes)
    array = lambda *shape: jnp.asarray(rng.standard_normal(shape), dtype)
    w, x, y = array(p) / 30, array(n, sizes[0]), array(n, sizes[-1])

    def loss(w, x, y):
        h, offset = x, 0
        for i, (a, b) in enumerate(shapes):
            weight = w[offset : offset + a * b].reshape(b, a)
            bias = w[offset + a * b : offset + a * b + b]
            h, offset = h @ weight.T + bias, offset + a * b + b
            if i + 1 < len(shapes):
                h = activation(h)
        return 0.5 * jnp.sum((h - y) ** 2) / n

    def hvp(w, v, x, y):
        return jax.jvp(lambda w: jax.grad(loss)(w, x, y), (w,), (v,))[1]

    def t(w, u, v, x, y):
        return jax.grad(lambda w: jnp.vdot(hvp(w, v, x, y), u))(w)

    v = array(4, p) / p**0.5
    pairs = np.array([(i, j) for i in range(3) for j in range(i, 3)]).T
    gradient = jax.jit(jax.grad(loss))
    hvp1 = jax.jit(hvp)
    hvp4 = jax.jit(jax.vmap(hvp, (None, 0, None, None)))
    t1 = jax.jit(t)
    t6 = jax.jit(jax.vmap(t, (None, 0, 0, None, None)))
    report = lambda quantity, run: print(name, quantity, f"{least(run):.5f}", flush=True)
    report("gradient", lambda: gradient(w, x, y))
    report("hvp1", lambda: hvp1(w, v[0], x, y))
    report("hvp4", lambda: hvp4(w, v, x, y))
    report("t1", lambda: t1(w, v[0], v[0], x, y))
    report("t6", lambda: t6(w, v[pairs[0]], v[pairs[1]], x, y))


gelu = functools.partial(jax.nn.gelu, approximate=False)
wanted = sys.argv[1:]
for arguments in [
    ("wide", [3072, 256, 256, 4], gelu, 1000, jnp.float32),
    ("digits", [64, 32, 32, 10], gelu, 1000, jnp.float32),
    ("digits64", [64, 32, 32, 10], gelu, 1000, jnp.float64),
    ("chebyshev", [1, 30, 20, 1], jnp.tanh, 20, jnp.float32),
    ("chebyshev64", [1, 30, 20, 1], jnp.tanh, 20, jnp.float64),
]:
    if not wanted or arguments[0] in wanted:
        case(*arguments)
