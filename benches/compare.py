#!/usr/bin/env python3
"""Times Brink, torch.func and jitted JAX in one run, alternating, and prints the table of ratios.

    pip install torch jax
    python3 benches/compare.py [--rounds 2] [--profile release] [case …]

Each figure is the least of all rounds; ratios are what counts. Two threads everywhere.
"""

import argparse
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
THREADS = 2

# Multiply-adds of a pass over the wide network, as twice as many floating-point operations.
SIZES = [3072, 256, 256, 4]
ROWS = 1000
PRODUCTS = [2 * ROWS * a * b for a, b in zip(SIZES, SIZES[1:])]
# gradient: forward, weight gradients, and the adjoints of all but the first layer's input
GRADIENT_FLOPS = 2 * sum(PRODUCTS) + sum(PRODUCTS[1:])


def run(command):
    environment = {**os.environ, "RAYON_NUM_THREADS": str(THREADS), "OMP_NUM_THREADS": str(THREADS)}
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=2)
    arguments.add_argument("--profile", default="bench")
    arguments.add_argument("cases", nargs="*")
    arguments = arguments.parse_args()
    cargo = ["cargo", "bench", "--quiet", "--no-default-features", "--profile", arguments.profile, "--bench", "compare"]
    commands = {
        "brink": [*cargo, "--", *arguments.cases],
        "torch": [sys.executable, "benches/peers/torch_mlp.py", str(THREADS), *arguments.cases],
        "jax": [sys.executable, "benches/peers/jax_mlp.py", *arguments.cases],
        "torch networks": [sys.executable, "benches/peers/torch_networks.py", str(THREADS), *arguments.cases],
        "jax networks": [sys.executable, "benches/peers/jax_networks.py", *arguments.cases],
    }
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    best = defaultdict(lambda: float("inf"))
    parameters = {}
    peak = 0.0
    for _ in range(arguments.rounds):
        for who, command in commands.items():
            for line in run(command).splitlines():
                words = line.split()
                if words[:2] == ["machine", "peak_gflops"]:
                    peak = max(peak, float(words[2]))
                elif words[1:2] == ["parameters"]:
                    count = parameters.setdefault(words[0], words[2])
                    assert count == words[2], f"{words[0]}: {count} parameters here, {words[2]} with {who}"
                elif len(words) == 3:
                    key = (who.split()[0], words[0], words[1])
                    best[key] = min(best[key], float(words[2]))
    print(f"Peak of a large matrix product in this run: {peak:.0f} GF/s\n")
    print("| case | quantity | Brink (ms) | kept | torch | jax | torch / Brink | jax / Brink |")
    print("|---|---|---|---|---|---|---|---|")
    for who, case, quantity in list(best):
        if who != "brink" or quantity.endswith("_kept"):
            continue
        ours, kept = best["brink", case, quantity], best["brink", case, quantity + "_kept"]
        torch, jax = best["torch", case, quantity], best["jax", case, quantity]
        number = lambda x, digits: f"{x:.{digits}f}" if x < float("inf") else ""
        cells = [number(x, 3) for x in (ours, kept, torch, jax)] + [number(x / ours, 1) for x in (torch, jax)]
        print(f"| {case} | {quantity} | {' | '.join(cells)} |")
    if ("brink", "wide", "gradient") in best:
        rate = GRADIENT_FLOPS / best["brink", "wide", "gradient"] / 1e6
        print(f"\nWide gradient: {rate:.0f} GF/s, {100 * rate / peak:.0f}% of the peak.")


main()
