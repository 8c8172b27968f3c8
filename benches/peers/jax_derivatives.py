"""The JAX part of compare.py: jitted derivatives of a scalar function of a flat weight vector.

The number of threads is that of the processors the process may run on; compare.py pins it.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np

from quantities import is_wanted

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)


def least(run):
    jax.block_until_ready(run())
    start, best, runs = time.perf_counter(), float("inf"), 0
    while (runs < 3 or time.perf_counter() - start < 1.5) and best < 5.0 or runs == 0:
        before = time.perf_counter()
        jax.block_until_ready(run())
        best = min(best, time.perf_counter() - before)
        runs += 1
    return 1e3 * best


def report(name, loss, w, data):
    """Prints `name quantity milliseconds` of `loss(w, *data)`: gradient, 1 and 4 products with H, 1 and 6 T's."""

    def hvp(w, v, data):
        return jax.jvp(lambda w: jax.grad(loss)(w, *data), (w,), (v,))[1]

    def t(w, u, v, data):
        return jax.grad(lambda w: jnp.vdot(hvp(w, v, data), u))(w)

    p = w.size
    v = jnp.asarray(np.random.default_rng(1).standard_normal((4, p)), w.dtype) / p**0.5
    pairs = np.array([(i, j) for i in range(3) for j in range(i, 3)]).T
    gradient = jax.jit(lambda w, data: jax.grad(loss)(w, *data))
    hvp1 = jax.jit(hvp)
    hvp4 = jax.jit(jax.vmap(hvp, (None, 0, None)))
    t1 = jax.jit(t)
    t6 = jax.jit(jax.vmap(t, (None, 0, 0, None)))
    print(name, "parameters", p, flush=True)
    for quantity, run in {
        "gradient": lambda: gradient(w, data),
        "hvp1": lambda: hvp1(w, v[0], data),
        "hvp4": lambda: hvp4(w, v, data),
        "t1": lambda: t1(w, v[0], v[0], data),
        "t6": lambda: t6(w, v[pairs[0]], v[pairs[1]], data),
    }.items():
        if is_wanted(quantity):
            print(name, quantity, f"{least(run):.5f}", flush=True)
