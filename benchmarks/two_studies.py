"""Do two studies order the methods alike? Another size of the policy, another machine, other tasks.

    python benchmarks/two_studies.py benchmarks/results/comparison/alfworld benchmarks/results/gpu/alfworld
    python benchmarks/two_studies.py benchmarks/results/virtualhome-first-200 benchmarks/results/comparison/virtualhome

Prints, for each row that both have, success less that of the reference (sampled and greedy together, seed by seed), and
the rank correlation of the two columns. Methods that are alike are ordered by chance in both: a low correlation alone
does not say that the studies disagree. So it is printed for all rows and for those that neither study has told from the
reference, by the standard error over seeds.
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


def undecided(first: Gain, second: Gain) -> list[str]:
    """Methods within 1.96 standard errors of the reference in both studies; of one seed nothing is known to differ."""
    return [n for n in in_both(first, second) if all(not abs(g[n][0]) > 1.96 * g[n][1] for g in (first, second))]


def table(first: Gain, second: Gain) -> str:
    """The two columns, and how far their order is the same."""
    names = in_both(first, second)
    lines = [f"{'method':20}{'first':>16}{'second':>16}"]
    for name in names:
        cells = [f"{g[name][0]:+.3f} +-{g[name][1]:.3f}" for g in (first, second)]
        lines.append(f"{name:20}{cells[0]:>16}{cells[1]:>16}")
    for what, some in (("all rows", names), ("rows that neither tells from the reference", undecided(first, second))):
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
