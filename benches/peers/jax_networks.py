"""JAX's side of compare.py for the networks beyond MLPs: those of torch_networks.py, line by line."""

import functools
import math
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax.nn import sigmoid, silu, softmax

from jax_derivatives import report
from weights import Weights

gelu = functools.partial(jax.nn.gelu, approximate=False)


def conv(x, w, stride=1):
    return jax.lax.conv_general_dilated(x, w, (stride, stride), ((1, 1), (1, 1)), dimension_numbers=("NCHW", "OIHW", "NCHW"))


def pool(x, k):
    n, c, h, w = x.shape
    return x.reshape(n, c, h // k, k, w // k, k).mean((3, 5))


def cnn(p, x, w=32):
    h = pool(gelu(conv(x, p(w, 3, 3, 3))), 2)
    h = pool(gelu(conv(h, p(2 * w, w, 3, 3))), 2).reshape(len(x), -1)
    h = gelu(h @ p(4 * w, h.shape[1]).T)
    return h @ p(4, 4 * w).T + p(4)


def group_norm(x, groups, gamma, beta):
    g = x.reshape(x.shape[0], groups, -1)
    g = (g - g.mean(2, keepdims=True)) / jnp.sqrt(g.var(2, keepdims=True, ddof=1) + 1e-6)
    return g.reshape(x.shape) * gamma.reshape(1, -1, 1, 1) + beta.reshape(1, -1, 1, 1)


def resnet(p, x, w=16):
    h = gelu(conv(x, p(w, 3, 3, 3)))
    c = w
    for stage in range(3):
        for block in range(3):
            stride, d = (2, 2 * c) if stage > 0 and block == 0 else (1, c)
            r = gelu(group_norm(conv(h, p(d, c, 3, 3), stride), w, p(d), p(d)))
            r = group_norm(conv(r, p(d, d, 3, 3)), w, p(d), p(d))
            if stride == 2:
                h = group_norm(conv(h, p(d, c, 3, 3), 2), w, p(d), p(d))
            h, c = h + r / 3, d
    h = pool(h, 4).reshape(len(x), -1)
    return h @ p(4, h.shape[1]).T + p(4)


def layer_norm(x, gamma, beta):
    x = x - x.mean(-1, keepdims=True)
    deviation = jnp.sqrt((x**2).sum(-1, keepdims=True) / (x.shape[-1] - 1))
    return gamma * x / (deviation + 1e-6) + beta


def heads_of(x, heads):
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


def vit(p, x, d=64, depth=4, mlp=256, heads=8, patch=4):
    n = len(x)
    h = x.reshape(n, 3, 8, patch, 8, patch).transpose(0, 2, 4, 3, 5, 1).reshape(n, 64, -1)
    h = layer_norm(h, p(48), p(48))
    h = h @ p(d, 48).T + p(d)
    h = layer_norm(h, p(d), p(d))
    last = p(d), p(d)
    for _ in range(depth):
        a = layer_norm(h, p(d), p(d)) @ p(3 * heads * 64, d).T
        q, k, v = (heads_of(part, heads) for part in jnp.split(a, 3, axis=2))
        a = softmax(q @ k.swapaxes(2, 3) / 8, -1) @ v
        h = h + a.swapaxes(1, 2).reshape(n, 64, -1) @ p(d, heads * 64).T
        m = layer_norm(h, p(d), p(d))
        h = h + gelu(m @ p(mlp, d).T + p(mlp)) @ p(d, mlp).T + p(d)
    h = layer_norm(h, *last).mean(1)
    return h @ p(4, d).T + p(4)


def over_time(step, carry, x):
    """Scans the second axis: if unrolled, XLA takes minutes to compile a third derivative."""
    steps = jax.tree.map(lambda x: x.swapaxes(0, 1), x)
    return jax.lax.scan(step, carry, steps)[1].swapaxes(0, 1)


def lstm(p, tokens, vocabulary=4, layers=2, e=48, h=48):
    x = p(vocabulary, e)[tokens]
    for _ in range(layers):
        wi, wh, bi, bh = p(x.shape[2], 4 * h), p(h, 4 * h), p(4 * h), p(4 * h)

        def step(carry, fixed):
            state, cell = carry
            i, f, g, o = jnp.split(fixed + state @ wh, 4, axis=1)
            cell = sigmoid(f) * cell + sigmoid(i) * jnp.tanh(g)
            state = sigmoid(o) * jnp.tanh(cell)
            return (state, cell), state

        zero = jnp.zeros((x.shape[0], h), x.dtype)
        x = over_time(step, (zero, zero), x @ wi + bi + bh)
    return x @ p(vocabulary, h).T + p(vocabulary)


def attend(p, x, memory, d, heads, causal):
    w, b, wo, bo = p(3 * d, d), p(3 * d), p(d, d), p(d)
    parts = (s @ w[i * d : (i + 1) * d].T + b[i * d : (i + 1) * d] for i, s in enumerate((x, memory, memory)))
    q, k, v = (heads_of(part, heads) for part in parts)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(d / heads)
    if causal:
        scores = scores + jnp.triu(jnp.full(scores.shape[-2:], -jnp.inf, x.dtype), 1)
    return (softmax(scores, -1) @ v).swapaxes(1, 2).reshape(x.shape) @ wo.T + bo


def transformer(p, tokens, vocabulary=4, layers=4, d=32, heads=4):
    x = memory = p(vocabulary, d)[tokens] * math.sqrt(d) + jnp.linspace(-1, 1, d, dtype=jnp.float32)
    for _ in range(layers):
        a = attend(p, x, x, d, heads, True)
        b = attend(p, x, memory, d, heads, False)
        w1, b1, w2, b2 = p(4 * d, d), p(4 * d), p(d, 4 * d), p(d)
        x = layer_norm(x + a, p(d), p(d))
        x = layer_norm(x + b, p(d), p(d))
        x = layer_norm(x + gelu(x @ w1.T + b1) @ w2.T + b2, p(d), p(d))
    return x @ p(vocabulary, d).T + p(vocabulary)


def mamba(p, tokens, vocabulary=4, layers=2, d=64, state=16):
    x = p(vocabulary, d)[tokens]
    rms = lambda x, w: x * jax.lax.rsqrt((x**2).mean(-1, keepdims=True) + 1e-5) * w
    inner, rank = 2 * d, math.ceil(d / 16)
    for _ in range(layers):
        a_log, skip = p(inner, state), p(inner)
        w_in, taps, taps_b = p(2 * inner, d), p(inner, 1, 4), p(inner)
        w_x, w_dt, b_dt, w_out, norm = p(rank + 2 * state, inner), p(inner, rank), p(inner), p(d, inner), p(d)
        h, z = jnp.split(rms(x, norm) @ w_in.T, 2, axis=2)
        h = jax.lax.conv_general_dilated(
            h.swapaxes(1, 2), taps, (1,), ((3, 0),), dimension_numbers=("NCH", "OIH", "NCH"), feature_group_count=inner
        )
        h = silu(h + taps_b[:, None]).swapaxes(1, 2)
        delta, b, c = jnp.split(h @ w_x.T, [rank, rank + state], axis=2)
        delta, a = jax.nn.softplus(delta @ w_dt.T + b_dt), -jnp.exp(a_log)

        def step(s, now, a=a):
            h, delta, b, c = now
            s = jnp.exp(delta[..., None] * a) * s + (delta * h)[..., None] * b[:, None]
            return s, (s * c[:, None]).sum(2)

        zero = jnp.zeros((x.shape[0], inner, state), x.dtype)
        y = over_time(step, zero, (h, delta, b, c)) + skip * h
        x = x + (y * silu(z)) @ w_out.T
    return rms(x, p(d)) @ p(vocabulary, d).T


rng = np.random.default_rng(0)


def images(n):
    return jnp.asarray(rng.standard_normal((n, 3, 32, 32)), jnp.float32), jnp.asarray(rng.integers(0, 4, n))


def tokens(n):
    return jnp.asarray(rng.integers(0, 4, (n, 15))), jnp.asarray(rng.integers(0, 4, n * 15))


def case(name, network, data):
    def loss(w, x, y):
        f = network(Weights(w), x)
        scores = jax.nn.log_softmax(f.reshape(-1, f.shape[-1]))
        return -jnp.take_along_axis(scores, y[:, None], 1).mean()

    # as many weights as the network asks for
    counter = Weights(jnp.asarray(0.05 * rng.standard_normal(4_000_000), jnp.float32))
    network(counter, data[0])
    report(name, loss, counter.flat[: counter.used], data)


for name, network, data in [
    ("cnn", cnn, images(200)),
    ("resnet", resnet, images(100)),
    ("vit", vit, images(100)),
    ("lstm", lstm, tokens(1000)),
    ("transformer", transformer, tokens(500)),
    ("mamba", mamba, tokens(250)),
]:
    if not sys.argv[2:] or name in sys.argv[2:]:
        case(name, network, data)
