"""Do two studies order the methods alike? Another size of the policy, another machine, other tasks.

    python benchmarks/two_studies.py benchmarks/results/comparison/alfworld benchmarks/results/gpu/alfworld
    python benchmarks/two_studies.py benchmarks/results/virtualhome-first-200 benchmarks/results/comparison/virtualhome

Prints, for each row that both have, success less that of the reference (sampled and greedy together, seed by seed), its
standard error over seeds, and the rank correlation of the two columns: over all rows, and over those with two seeds and
more in both, for a row with one seed is set beside that seed of the reference alone. Methods that are alike are ordered
by chance: a low correlation alone does not say that two studies disagree.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import numpy as np

from spa_gym.baselines.attribution.metrics import spearman
from spa_gym.core.run_record import find_records
from spa_gym.leaderboard.attribution_page import training_gain
from spa_gym.leaderboard.summary import method_order

_log = logging.getLogger(__name__)
Gain = dict[str, tuple[float, float]]


def gains(folder: Path, reference: str) -> Gain:
    """Gain of each method in a study and its standard error; the reference itself is left out."""
    found = training_gain([record for _, record in find_records(folder)], reference)
    return {name: value for name, value in found.items() if name != reference}


def in_both(first: Gain, second: Gain) -> list[str]:
    """Methods that both studies have, in the order of the tables."""
    return [name for name in method_order(first) if name in second]


def with_seeds(first: Gain, second: Gain) -> list[str]:
    """Those of them that have two seeds and more in both studies, and so a standard error."""
    return [name for name in in_both(first, second) if not np.isnan([first[name][1], second[name][1]]).any()]


def table(first: Gain, second: Gain) -> str:
    """The two columns, and how far their order is the same."""
    names = in_both(first, second)
    lines = [f"{'method':20}{'first':>16}{'second':>16}"]
    for name in names:
        cells = [f"{g[name][0]:+.3f} +-{g[name][1]:.3f}" for g in (first, second)]
        lines.append(f"{name:20}{cells[0]:>16}{cells[1]:>16}")
    for what, some in (("all rows", names), ("rows with two seeds and more in both", with_seeds(first, second))):
        if len(some) > 2:
            columns = (np.array([g[name][0] for name in some]) for g in (first, second))
            lines.append(f"Spearman over {what} ({len(some)}): {spearman(*columns):+.2f}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--reference", default="ppo", help="the row that is subtracted (default: ppo)")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    first, second = (gains(folder, args.reference) for folder in (args.first, args.second))
    _log.info("%s", table(first, second))


if __name__ == "__main__":
    main()
