#!/usr/bin/env python3
"""Times Brink, torch.func and jitted JAX in one run, case by case in turn, and prints the table of ratios.

    pip install torch jax
    python3 benches/compare.py [--rounds 1] [--limit 60] [--profile release] [case …]

Each figure is the least of all rounds; ratios are what counts. Two threads everywhere. A quantity that a peer does not
give within the limit of so many seconds, compilation included, is left out, and so are the harder ones after it. Figures go
to standard error as they come.
"""

import argparse
import os
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
THREADS = 2
MLPS = ["wide", "digits", "digits64", "chebyshev"]
NETWORKS = ["cnn", "resnet", "vit", "lstm", "transformer", "mamba"]
QUANTITIES = ["gradient", "hvp1", "hvp4", "t1", "t6"]

# Multiply-adds of a gradient at n = 1000, as twice as many floating-point operations: forward, weight gradients, and the
# adjoints of all but the first layer's input.
MLP = [2 * 1000 * a * b for a, b in [(3072, 256), (256, 256), (256, 4)]]
GRADIENT_FLOPS = {"wide": 2 * sum(MLP) + sum(MLP[1:]), "cnn-1000": 35e9, "vit-1000": 352e9}


def start(command, quantities):
    environment = {
        **os.environ,
        "RAYON_NUM_THREADS": str(THREADS),
        "OMP_NUM_THREADS": str(THREADS),
        "QUANTITIES": ",".join(quantities),
    }
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def run(command, quantities):
    """The lines that it prints."""
    with start(command, quantities) as process:
        yield from (line.split() for line in process.stdout)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed")


def run_limited(command, limit):
    """The lines that a peer prints, until it takes too long over one; then `case quantity None` for what is left."""
    left = list(QUANTITIES)
    with start(command, left) as process:
        late = False

        def stop():
            nonlocal late
            late = True
            process.kill()

        while True:
            timer = threading.Timer(limit, stop)
            timer.start()
            line = process.stdout.readline()
            timer.cancel()
            if not line:
                break
            words = line.split()
            if words[1] in left:
                left.remove(words[1])
            yield words
    if late:
        yield from ([command[-1], quantity, None] for quantity in left)
    elif process.returncode:
        sys.exit(f"{' '.join(command)} failed")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--limit", type=float, default=60.0)
    arguments.add_argument("--profile", default="bench")
    arguments.add_argument("cases", nargs="*")
    arguments = arguments.parse_args()
    cases = arguments.cases or MLPS + NETWORKS
    brink = ["cargo", "bench", "--quiet", "--no-default-features", "--profile", arguments.profile, "--bench", "compare", "--"]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    best = defaultdict(lambda: float("inf"))
    parameters, late, peak = {}, [], 0.0

    def note(who, words):
        nonlocal peak
        print(who, *words, file=sys.stderr, flush=True)
        case, quantity, value = words[:3]
        if quantity == "peak_gflops":
            peak = max(peak, float(value))
        elif quantity == "parameters":
            count = parameters.setdefault(case, value)
            assert count == value, f"{case}: {count} parameters here, {value} with {who}"
        elif value is None:
            late.append((who, case, quantity))
        elif quantity != "peak_memory":
            best[who, case, quantity] = min(best[who, case, quantity], float(value))

    for _ in range(arguments.rounds):
        for words in run([*brink, "machine"], []):
            note("brink", words)
        for case in cases:
            family = "mlp" if case.rstrip("64") in MLPS else "networks"
            for words in run([*brink, case], QUANTITIES):
                note("brink", words)
            for who in ["torch", "jax"]:
                peer = [sys.executable, "-W", "ignore", f"benches/peers/{who}_{family}.py", str(THREADS), case]
                for words in run_limited(peer, arguments.limit):
                    note(who, words)
        large = [name for name in GRADIENT_FLOPS if name.split("-")[0] in cases]
        for words in run([*brink, *large], ["gradient"]) if large else []:
            note("brink", words)

    print(f"Peak of a large matrix product in this run: {peak:.0f} GF/s\n")
    print("| case | quantity | Brink (ms) | kept | torch | jax | torch / Brink | jax / Brink |")
    print("|---|---|---|---|---|---|---|---|")
    for case in cases:
        for quantity in QUANTITIES:
            ours, kept = best["brink", case, quantity], best["brink", case, quantity + "_kept"]
            torch, jax = best["torch", case, quantity], best["jax", case, quantity]
            number = lambda x, digits: f"{x:.{digits}f}" if x < float("inf") else "–"
            kept = "" if quantity == "gradient" else number(kept, 3)
            cells = [number(ours, 3), kept, number(torch, 3), number(jax, 3), number(torch / ours, 1), number(jax / ours, 1)]
            print(f"| {case} | {quantity} | {' | '.join(cells)} |")
    print()
    for who, case, quantity in sorted(set(late)):
        print(f"–: {quantity} of {case} with {who} was not there after {arguments.limit:.0f} s, compilation included.")
    for name in large:
        rate = GRADIENT_FLOPS[name] / best["brink", name, "gradient"] / 1e6
        print(f"Gradient of {name} at n = 1000: {rate:.0f} GF/s, {100 * rate / peak:.0f}% of the peak.")


main()
