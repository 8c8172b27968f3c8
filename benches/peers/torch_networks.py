"""PyTorch's side of compare.py for the networks beyond MLPs. Prints `case quantity milliseconds`."""

import math
import sys

import torch
import torch.nn.functional as F

from torch_derivatives import report
from weights import Weights

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(0)


def cnn(p, x, w=32):
    h = F.avg_pool2d(F.gelu(F.conv2d(x, p(w, 3, 3, 3), padding=1)), 2)
    h = F.avg_pool2d(F.gelu(F.conv2d(h, p(2 * w, w, 3, 3), padding=1)), 2).flatten(1)
    h = F.gelu(h @ p(4 * w, h.shape[1]).T)
    return h @ p(4, 4 * w).T + p(4)


def group_norm(x, groups, gamma, beta):
    g = x.unflatten(1, (groups, -1)).flatten(2)
    g = (g - g.mean(2, keepdim=True)) / (g.var(2, keepdim=True) + 1e-6).sqrt()
    return g.reshape(x.shape) * gamma.view(1, -1, 1, 1) + beta.view(1, -1, 1, 1)


def resnet(p, x, w=16):
    h = F.gelu(F.conv2d(x, p(w, 3, 3, 3), padding=1))
    c = w
    for stage in range(3):
        for block in range(3):
            stride, d = (2, 2 * c) if stage > 0 and block == 0 else (1, c)
            r = F.conv2d(h, p(d, c, 3, 3), stride=stride, padding=1)
            r = F.gelu(group_norm(r, w, p(d), p(d)))
            r = group_norm(F.conv2d(r, p(d, d, 3, 3), padding=1), w, p(d), p(d))
            if stride == 2:
                h = group_norm(F.conv2d(h, p(d, c, 3, 3), stride=2, padding=1), w, p(d), p(d))
            h, c = h + r / 3, d
    h = F.avg_pool2d(h, 4).flatten(1)
    return h @ p(4, h.shape[1]).T + p(4)


def layer_norm(x, gamma, beta):
    # written out: the backward pass of `std` writes in place, which a third derivative does not survive
    x = x - x.mean(-1, keepdim=True)
    deviation = (x.square().sum(-1, keepdim=True) / (x.shape[-1] - 1)).sqrt()
    return gamma * x / (deviation + 1e-6) + beta


def vit(p, x, d=64, depth=4, mlp=256, heads=8, patch=4):
    n = x.shape[0]
    h = x.unflatten(2, (-1, patch)).unflatten(4, (-1, patch)).permute(0, 2, 4, 3, 5, 1).reshape(n, 64, -1)
    h = layer_norm(h, p(48), p(48))
    h = h @ p(d, 48).T + p(d)
    h = layer_norm(h, p(d), p(d))
    last = p(d), p(d)
    for _ in range(depth):
        a = layer_norm(h, p(d), p(d)) @ p(3 * heads * 64, d).T
        q, k, v = (part.unflatten(2, (heads, 64)).transpose(1, 2) for part in a.chunk(3, dim=2))
        a = (q @ k.transpose(2, 3) / 8).softmax(-1) @ v
        h = h + a.transpose(1, 2).flatten(2) @ p(d, heads * 64).T
        m = layer_norm(h, p(d), p(d))
        h = h + F.gelu(m @ p(mlp, d).T + p(mlp)) @ p(d, mlp).T + p(d)
    h = layer_norm(h, *last).mean(1)
    return h @ p(4, d).T + p(4)


def lstm(p, tokens, vocabulary=4, layers=2, e=48, h=48):
    x = p(vocabulary, e)[tokens]
    for _ in range(layers):
        wi, wh, bi, bh = p(x.shape[2], 4 * h), p(h, 4 * h), p(4 * h), p(4 * h)
        state = cell = torch.zeros(x.shape[0], h)
        steps, fixed = [], x @ wi + bi + bh
        for t in range(x.shape[1]):
            i, f, g, o = (fixed[:, t] + state @ wh).chunk(4, dim=1)
            cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
            state = o.sigmoid() * cell.tanh()
            steps.append(state)
        x = torch.stack(steps, 1)
    return x @ p(vocabulary, h).T + p(vocabulary)


def heads_of(x, heads):
    return x.unflatten(2, (heads, -1)).transpose(1, 2)


def attend(p, x, memory, d, heads, causal):
    w, b, wo, bo = p(3 * d, d), p(3 * d), p(d, d), p(d)
    q, k, v = (heads_of(s @ w[i * d : (i + 1) * d].T + b[i * d : (i + 1) * d], heads) for i, s in enumerate((x, memory, memory)))
    scores = q @ k.transpose(2, 3) / math.sqrt(d / heads)
    if causal:
        scores = scores + torch.full(scores.shape[-2:], float("-inf")).triu(1)
    return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2) @ wo.T + bo


def transformer(p, tokens, vocabulary=4, layers=4, d=32, heads=4):
    x = memory = p(vocabulary, d)[tokens] * math.sqrt(d) + torch.linspace(-1, 1, d)
    for _ in range(layers):
        a = attend(p, x, x, d, heads, True)
        b = attend(p, x, memory, d, heads, False)
        w1, b1, w2, b2 = p(4 * d, d), p(4 * d), p(d, 4 * d), p(d)
        x = layer_norm(x + a, p(d), p(d))
        x = layer_norm(x + b, p(d), p(d))
        x = layer_norm(x + F.gelu(x @ w1.T + b1) @ w2.T + b2, p(d), p(d))
    return x @ p(vocabulary, d).T + p(vocabulary)


def mamba(p, tokens, vocabulary=4, layers=2, d=64, state=16):
    x = p(vocabulary, d)[tokens]
    rms = lambda x, w: x * (x.square().mean(-1, keepdim=True) + 1e-5).rsqrt() * w
    inner, rank = 2 * d, math.ceil(d / 16)
    for _ in range(layers):
        a_log, skip = p(inner, state), p(inner)
        w_in, conv, conv_b = p(2 * inner, d), p(inner, 1, 4), p(inner)
        w_x, w_dt, b_dt, w_out, norm = p(rank + 2 * state, inner), p(inner, rank), p(inner), p(d, inner), p(d)
        h, z = (rms(x, norm) @ w_in.T).chunk(2, dim=2)
        h = F.silu(F.conv1d(F.pad(h.transpose(1, 2), (3, 0)), conv, conv_b, groups=inner)).transpose(1, 2)
        delta, b, c = (h @ w_x.T).split([rank, state, state], dim=2)
        delta, a = F.softplus(delta @ w_dt.T + b_dt), -a_log.exp()
        s, ys = 0.0, []
        for t in range(h.shape[1]):
            dt = delta[:, t, :, None]
            s = (dt * a).exp() * s + dt * b[:, t, None] * h[:, t, :, None]
            ys.append((s * c[:, t, None]).sum(2))
        y = torch.stack(ys, 1) + skip * h
        x = x + (y * F.silu(z)) @ w_out.T
    return rms(x, p(d)) @ p(vocabulary, d).T


def images(n):
    return torch.randn(n, 3, 32, 32), torch.randint(0, 4, (n,))


def tokens(n):
    return torch.randint(0, 4, (n, 15)), torch.randint(0, 4, (n * 15,))


def case(name, network, data):
    x, y = data

    def loss(w):
        f = network(Weights(w), x)
        return F.cross_entropy(f.flatten(0, -2), y)

    # as many weights as the network asks for
    counter = Weights(torch.randn(4_000_000) * 0.05)
    network(counter, x)
    report(name, loss, counter.flat[: counter.used].clone())


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
