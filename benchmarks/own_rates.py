"""Trainings at the rates that trial runs chose, where the tables were made with others: do the readings stand?

    spa-gym reproduce --preset cpu --trials --env webshop --out runs/trials
    python benchmarks/own_rates.py runs/trials/trials --env webshop --out runs/own-rates --methods ppo graphgpo
    spa-gym report runs/own-rates/runs --out OUT

WebShop's table has ALFWorld's rates: its own trials came after it. Everything but the rates is that of `spa-gym
reproduce --preset cpu`; what was finished before is not run again.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from spa_gym.baselines.reproduce import reproduce
from spa_gym.baselines.studies import STUDIES, EnvStudy
from spa_gym.baselines.tuning import chosen

_log = logging.getLogger(__name__)


def at_own_rates(study: EnvStudy, trials: Path) -> EnvStudy:
    """The study with the rate that the trials chose for each method; methods without all their trials keep theirs."""
    cpu = study.presets["cpu"]
    rates = chosen(trials).get(study.env_id, {})
    names = {"sft-longer": "sft"}  # the row's name, and the method's
    changes = {names.get(label, label): {"lr": rate} for label, rate in rates.items()}
    merged = {name: {**cpu.changes.get(name, {}), **changes.get(name, {})} for name in {*cpu.changes, *changes}}
    return replace(study, presets={**study.presets, "cpu": replace(cpu, changes=merged)})


def differing(study: EnvStudy, trials: Path) -> list[str]:
    """Methods whose rate is another one in the tables."""
    cpu, own = study.presets["cpu"], at_own_rates(study, trials).presets["cpu"]
    shared = cpu.training["lr"]
    return [
        name
        for name in own.methods
        if own.changes.get(name, {}).get("lr", shared) != cpu.changes.get(name, {}).get("lr", shared)
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trials", type=Path, help="records of the trial runs")
    parser.add_argument("--env", choices=list(STUDIES), required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--methods", nargs="*", default=[], help="default: those whose rate is another one")
    parser.add_argument("--seeds", nargs="*", type=int, default=[])
    parser.add_argument("--parallel", type=int)
    args = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    study, others = STUDIES[args.env], differing(STUDIES[args.env], args.trials)
    _log.info("rates that differ from the table's: %s", ", ".join(others))
    studies = {args.env: at_own_rates(study, args.trials)}
    methods = args.methods or others
    reproduce("cpu", args.out, [args.env], methods, args.seeds, parallel=args.parallel, studies=studies)


if __name__ == "__main__":
    main()
