"""How the cost of a generated shop grows with its catalogue, from 1,000 to 1,000,000 products.

    python benchmarks/webshop_scale.py [--sizes 1000 10000 100000 1000000] [--plot docs/environments/webshop/scale.png]

For each size, in a new process each: building the index (once per machine), opening the shop again, searching for the
instructions of goals never searched before (50 products a query; one process, one thread), steps on pages never
seen before, memory (of its own, and mapped from files that all processes share). Targets at
1,000,000: p50 of a search 5 ms, p99 20 ms, 2 GB that all processes share, warm start 3 s. The largest size takes some
ten minutes and 3 GB of disk, in $SPA_GYM_CACHE.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from measuring import table

import spa_gym
from spa_gym.core.atomic import atomic_path, atomic_write_text

_OUT = Path(__file__).parent / "results" / "webshop_scale.json"
_QUERIES = 1000


def build(num_products: int) -> dict[str, float]:
    """Open a shop, whose index is built where this machine has none; processor time and peak memory."""
    from spa_gym.envs.webshop.shops import generated_shop

    begun = time.process_time()
    generated_shop(num_products)
    return {"build_cpu_s": time.process_time() - begun, "build_peak_bytes": _status("VmHWM")}


def use(num_products: int) -> dict[str, float]:
    """Open a shop whose index is there, search, and step."""
    begun = time.perf_counter()
    import gymnasium as gym

    env = gym.make("SPA-WebShop-v0", num_products=num_products)
    env.reset(seed=0)
    figures = {"warm_start_s": time.perf_counter() - begun}
    tasks, shop = env.unwrapped.tasks, env.unwrapped.shop  # type: ignore[attr-defined]
    goals = [tasks[index].goal.lower() for index in range(min(_QUERIES + 100, len(tasks)))]
    for query in goals[:100]:
        shop.search(query)
    times = []
    for query in goals[100:]:
        begun = time.perf_counter()
        shop.search(query)
        times.append(time.perf_counter() - begun)
    times.sort()
    figures |= {
        "search_p50_s": times[len(times) // 2],
        "search_p99_s": times[int(len(times) * 0.99)],
        "search_max_s": times[-1],
        "num_queries": float(len(times)),
    }
    steps, begun = 0, time.process_time()
    for seed in range(300):
        _, info = env.reset(seed=seed)
        done = False
        while not done:
            actions = info["admissible_actions"]
            _, _, terminated, truncated, info = env.step(actions[steps * 7919 % len(actions)])
            done, steps = terminated or truncated, steps + 1
    figures["steps_per_s"] = steps / (time.process_time() - begun)
    figures |= {"private_bytes": _status("RssAnon"), "shared_bytes": _status("RssFile")}
    return figures


def _status(key: str) -> float:
    for line in open("/proc/self/status"):
        if line.startswith(f"{key}:"):
            return float(line.split()[1]) * 1024
    return 0.0


def measure(sizes: list[int]) -> dict[str, dict[str, float]]:
    """All figures: number of products -> figure -> value in SI units."""
    figures: dict[str, dict[str, float]] = {}
    for size in sizes:
        row: dict[str, float] = {}
        for part in ("build", "use"):
            code = f"import json, webshop_scale; print(json.dumps(webshop_scale.{part}({size})))"
            done = subprocess.run(
                [sys.executable, "-c", code], cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True, check=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )  # fmt: skip
            row |= json.loads(done.stdout.splitlines()[-1])
        row["index_bytes"] = _index_bytes(size)
        figures[f"{size:,}"] = row
    return figures


def _index_bytes(num_products: int) -> float:
    from spa_gym.envs.webshop.shops import index_folder
    from spa_gym.envs.webshop.world.catalogue import generated_catalogue

    files = index_folder(generated_catalogue(num_products)).rglob("*")
    return float(sum(file.stat().st_size for file in files if file.is_file()))


_ROWS = (
    ("search_p50_s", "search, p50 (ms)", 1e3, ",.2f"),
    ("search_p99_s", "search, p99 (ms)", 1e3, ",.2f"),
    ("steps_per_s", "steps/s, random admissible", 1, ",.0f"),
    ("warm_start_s", "warm start, imports included (s)", 1, ",.2f"),
    ("index_bytes", "index on disk (MB)", 1e-6, ",.1f"),
    ("shared_bytes", "memory mapped from files (MB)", 1e-6, ",.0f"),
    ("private_bytes", "memory of a process of its own (MB)", 1e-6, ",.0f"),
    ("build_cpu_s", "first start, index built (CPU s)", 1, ",.1f"),
    ("build_peak_bytes", "peak memory while building (MB)", 1e-6, ",.0f"),
)


def plot(figures: dict[str, dict[str, float]], path: Path) -> None:
    """Draw search time, steps and memory against the size of the catalogue."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    sizes = [int(name.replace(",", "")) for name in figures]

    def column(key: str, scale: float = 1.0) -> list[float]:
        return [row[key] * scale for row in figures.values()]

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    left.plot(sizes, column("search_p50_s", 1e3), "o-", label="p50")
    left.plot(sizes, column("search_p99_s", 1e3), "s--", label="p99")
    left.set(title="A search for an instruction", ylabel="ms", yscale="log")
    left.legend()
    middle.plot(sizes, column("steps_per_s"), "o-", color="tab:green")
    middle.axhline(50.5, color="grey", linestyle=":")
    middle.annotate("the original with 1,000 products (recorded)", (sizes[0], 56), color="grey", fontsize=8)
    middle.set(title="Steps with random admissible actions", ylabel="steps a second", yscale="log")
    right.plot(sizes, column("index_bytes", 1e-6), "o-", label="index, shared by all processes")
    right.plot(sizes, column("private_bytes", 1e-6), "s--", label="of each process")
    right.set(title="Memory", ylabel="MB", yscale="log")
    right.legend()
    for axes in (left, middle, right):
        axes.set(xscale="log", xlabel="products")
        axes.grid(alpha=0.3)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--out", type=Path, default=_OUT, help="where the JSON record goes")
    parser.add_argument("--plot", type=Path, default=None, help="where the picture goes")
    arguments = parser.parse_args()
    figures: dict[str, Any] = measure(arguments.sizes)
    record = {
        "figures": figures,
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "versions": {"python": platform.python_version(), "spa_gym": spa_gym.__version__},
    }
    atomic_write_text(arguments.out, json.dumps(record, indent=1) + "\n")
    print(table(_ROWS, figures))
    print(f"written to {arguments.out}")
    if arguments.plot:
        plot(figures, arguments.plot)


if __name__ == "__main__":
    main()
