"""Learning curves of trainings that were stopped before their end, or that still run: no table, for none was evaluated.

    python benchmarks/stopped_runs.py runs/gpu --out OUT          # a study of `spa-gym reproduce` as it stands
    python benchmarks/stopped_runs.py benchmarks/results/gpu-stopped --out OUT

Reads the position that each training saved last (or the records made of it before), writes a record of each into `OUT`,
draws the curves, and prints success on the batches' training tasks at the start and where the shortest run ended.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spa_gym.core.run_record import RunRecord, find_records
from spa_gym.leaderboard.curves import draw_curves
from spa_gym.leaderboard.summary import Study, method_order

SHOWN = ("success_batch", "grounding", "episode_length")
_KEPT = ("env_steps", "tokens", *SHOWN, "success_sampled", "success_greedy", "return", "entropy", "kl")
_log = logging.getLogger(__name__)


def stopped_records(folder: Path) -> Iterator[RunRecord]:
    """Records of the trainings in a folder that have not ended."""
    for path, record in find_records(folder):
        if record.kind == "train" and record.method != "sft" and not record.final and path.name != "record.json":
            yield record
    for path in sorted(folder.rglob("position.json")):
        saved = json.loads(path.read_text(encoding="utf-8"))
        settings, position = saved["settings"], saved["position"]
        if "method" not in settings or "iteration" not in position:
            continue
        curves = {name: column for name, column in position["curves"].items() if name in _KEPT}
        yield RunRecord(
            kind="train",
            method=settings["label"] or settings["method"],
            env_id=settings["env_id"],
            env_kwargs=settings["env_kwargs"],
            seed=settings["seed"],
            settings=settings,
            env_steps=position["env_steps"],
            tokens=position["tokens"],
            updates=position["updates"],
            wall_time_s=position["seconds"],
            curves={name: [_finite(y) for y in column] for name, column in curves.items()},
            elapsed_s=position["elapsed"],
            **_versions(path),
        )


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None


def _versions(path: Path) -> dict[str, Any]:
    """Packages and commit of the machine that trained, as a finished run of the same study has them."""
    for near in sorted(path.parents[2].glob("*/record.json")) or sorted(path.parents[1].glob("*/record.json")):
        record = RunRecord.load(near)
        return {"packages": record.packages, "commit": record.commit}
    return {}


def study_of(records: Sequence[RunRecord]) -> Study:
    """Records of one environment, one at least, by method and seed."""
    by_method: dict[str, dict[int, RunRecord]] = {}
    for record in records:
        by_method.setdefault(record.method, {})[record.seed] = record
    return Study(records[0].env_id, records[0].env_kwargs, by_method)


def end_of(study: Study) -> float:
    """Environment steps of the shortest run."""
    return min(run.curves["env_steps"][-1] or 0.0 for runs in study.records.values() for run in runs.values())


def figures(study: Study) -> dict[str, dict[str, tuple[float, float]]]:
    """By method, of each of `SHOWN`: at the first batch, and where the shortest run ended; means over seeds."""
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for method in method_order(study.records):
        for name in SHOWN:
            pairs = []
            for run in study.records[method].values():
                steps, column = (np.array(run.curves[each], dtype=float) for each in ("env_steps", name))
                pairs.append((column[0], np.interp(end_of(study), steps, column)))
            first, last = np.mean(pairs, axis=0)
            found.setdefault(method, {})[name] = (float(first), float(last))
    return found


def _table(study: Study) -> str:
    lines = [f"{study.name}; at the first batch, and after {end_of(study):,.0f} environment steps (means over seeds)"]
    lines.append(f"{'method':16}{'seeds':>6}" + "".join(f"{name:>26}" for name in SHOWN))
    for method, row in figures(study).items():
        cells = [f"{first:15.3f} -> {last:6.3f}" for first, last in row.values()]
        lines.append(f"{method:16}{len(study.records[method]):6}" + "".join(f"{cell:>26}" for cell in cells))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    worlds: dict[str, list[RunRecord]] = {}
    for record in stopped_records(args.folder):
        worlds.setdefault(json.dumps([record.env_id, record.env_kwargs], sort_keys=True), []).append(record)
        record.save(args.out / f"{record.method}-{record.seed}.json")
    studies = [study_of(records) for records in worlds.values()]
    if not studies:
        parser.error(f"expected unfinished trainings below {args.folder}; found none: pass the --out of `reproduce`")
    for number, study in enumerate(studies):
        ending = f"-{number}.png" if len(studies) > 1 else ".png"
        for path in draw_curves(study, args.out, ending).values():
            _log.info("%s", path)
        _log.info("%s", _table(study))


if __name__ == "__main__":
    main()
