"""How fast the environments are, each beside the original engine.

    python benchmarks/throughput.py [--env alfworld virtualhome webshop] [--seconds 3]

Prints a table for each environment and writes its record to benchmarks/results/<env>_throughput.json. What is
measured, how, and the targets: measuring.py, throughput_alfworld.py, throughput_virtualhome.py,
throughput_webshop.py.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path

import gymnasium as gym
import throughput_alfworld
import throughput_virtualhome
import throughput_webshop
from measuring import table

import spa_gym
from spa_gym.core.atomic import atomic_write_text

_BENCHMARKS = {
    "alfworld": throughput_alfworld,
    "virtualhome": throughput_virtualhome,
    "webshop": throughput_webshop,
}
_RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", nargs="+", choices=tuple(_BENCHMARKS), default=tuple(_BENCHMARKS), help="which")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one measurement")
    parser.add_argument("--out", type=Path, default=_RESULTS, help="folder of the JSON records")
    arguments = parser.parse_args()
    for name in arguments.env:
        figures = _BENCHMARKS[name].measure(arguments.seconds)
        record = {
            "env_id": _BENCHMARKS[name].ENV_ID,
            "figures": figures,
            "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()},
            "versions": {
                "python": platform.python_version(),
                "gymnasium": gym.__version__,
                "spa_gym": spa_gym.__version__,
            },
        }
        out = arguments.out / f"{name}_throughput.json"
        atomic_write_text(out, json.dumps(record, indent=1) + "\n")
        print(table(_BENCHMARKS[name].ROWS, figures))
        print(f"written to {out}\n")


if __name__ == "__main__":
    main()
