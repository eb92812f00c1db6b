"""Scorers against a truth, one file each, so that a killed run goes on; and the tables that are made of these files.

    python benchmarks/attribution.py score --truth runs/truth --out runs/attribution --methods ppo spa oracle mc-5

Rewards are judged in three forms: as they are paid (`step`), summed to the episode's end (`to go`), and as what PPO's
loss would see of them (`gae`: a critic that has read other tasks, and GAE with the training's discount and lambda).
Advantages and other credits are judged as they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spa_gym.baselines.attribution.agreement import Limits, Sheet, ceiling, intervals, split_half
from spa_gym.baselines.attribution.metrics import spearman_brown
from spa_gym.baselines.attribution.parts import Groups, expert_plans, part_of, parts
from spa_gym.baselines.attribution.policy_features import critic_advantages, read_policy
from spa_gym.baselines.attribution.scorers import Scored, Scorers, file_name
from spa_gym.baselines.attribution.store import Truth, load_truth
from spa_gym.baselines.training.tracker import Tracker
from spa_gym.core.atomic import atomic_write_text
from spa_gym.core.errors import CheckpointMismatch, SpaGymError

__all__ = ["ScoreConfig", "load_scores", "score_all", "variants"]

Array = npt.NDArray[np.float64]
BASELINES = ("constant", "noise")
JUDGED = 2
"""Number of the form of what is written of a scorer; another one is judged anew from its credits."""
_IN_PARTS = ("spearman", "gradient_cosine", "cosine", "sign_accuracy", "leakage", "critical_ap")


@dataclass(frozen=True)
class ScoreConfig:
    """Settings of a scoring."""

    truth: Path = Path("runs/truth")
    """The truth's folder or file."""
    out: Path = Path("runs/attribution")
    """Folder of everything that is written."""
    methods: tuple[str, ...] = ("ppo", "spa", "oracle")
    """Scorers, see `scorers.py`; `constant` and `noise` are always there."""
    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Options of a method, by its name."""
    seeds: tuple[int, ...] = (0,)
    """Each method is prepared anew for each; the first is the one that the tables show, with the spread beside it."""
    start: str | None = None
    """Checkpoint of the frozen policy, where it has moved since the truth was made."""
    warmup: int = 0
    """Batches of the frozen policy that a method sees first."""
    episodes: int = 96
    """Episodes of a batch."""
    gradients: bool = True
    """Also read the policy's network: the cosine of its gradients, and the form `gae` of rewards."""
    zero: float = 0.05
    """|A| below this is no effect."""
    critical: float = 0.2
    """Change of the probability of success from which on a step is critical."""
    resamples: int = 300
    """Of the bootstrap over tasks."""
    device: str = "auto"
    """Where to compute."""
    dtype: str = field(default="auto", metadata={"later": True})
    """Number type of the matrix products: `auto` (the faster one here), `float32` or `bfloat16`."""


def variants(scored: Scored, truth: Truth, states: Sequence[Array] | None) -> dict[str, list[Array]]:
    """The forms in which credit is judged, by name; the first is the credit as it is paid."""
    if scored.form != "rewards":
        return {"step": scored.credits}
    made = {"step": scored.credits, "to go": [np.cumsum(c[::-1])[::-1] for c in scored.credits]}
    if states is not None:
        made["gae"] = critic_advantages(scored.credits, states, truth.tasks)
    return made


def score_all(config: ScoreConfig, groups: Groups) -> dict[str, Any]:
    """Score everything that has not been scored yet; returns what `load_scores` does.

    A scorer that fails is reported in its file with its error, and the others go on; the next run tries it again.

    Args:
        config: the settings.
        groups: makes classes of tasks by the length of the expert's plan, see `parts.Groups`.

    Raises:
        CheckpointMismatch: the folder holds scores of another truth or other settings.
    """
    truth = load_truth(config.truth)
    limits = Limits(zero=config.zero, critical=config.critical)
    shared = {
        "truth": truth.settings,
        **{k: v for k, v in asdict(config).items() if k in ("warmup", "episodes", "gradients", "zero", "critical")},
    }
    shared = json.loads(json.dumps(shared, default=str))
    _claim(config.out / "settings.json", shared)
    scorers = Scorers(
        truth, config.out / "fits", config.start, config.warmup, config.episodes, config.device, config.dtype
    )
    states = gradients = None
    if config.gradients:
        states, gradients = read_policy(scorers.policy.model, scorers.policy.codec, truth.trajectories)
    plans, no_plans = expert_plans(truth, config.out / "expert_plans.json")
    judge = _Judge(truth, parts(truth, plans, groups), states, gradients, limits, config.resamples)
    about = {**ceiling(truth, limits, gradients), "truth": truth.settings, "env_steps": truth.env_steps}
    about |= {"parts": judge.ceilings(), "no_plans": no_plans}
    atomic_write_text(config.out / "ceiling.json", json.dumps(about, indent=1) + "\n")
    jobs = [(name, seed) for name in dict.fromkeys((*BASELINES, *config.methods)) for seed in config.seeds]
    tracker = Tracker(config.out, "score", len(jobs), unit="scorer")
    try:
        for name, seed in jobs:
            path = config.out / "scores" / f"{file_name(name)}-{seed}.json"
            known: dict[str, Any] = (
                json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"error": "not yet scored"}
            )
            if "error" in known:
                entry: dict[str, Any] = {"name": name, "seed": seed, "options": config.options.get(name, {})}
                try:
                    scored = scorers.score(name, seed=seed, options=config.options.get(name))
                    entry |= judge(scored)
                except SpaGymError as error:
                    entry["error"] = str(error)
                atomic_write_text(path, json.dumps(entry) + "\n")
            elif known.get("judged") != JUDGED:
                paid = [np.array(row) for row in known["credits"]]
                scored = Scored(name, known["form"], paid, known["env_steps"], known["seconds"])
                atomic_write_text(path, json.dumps(known | judge(scored)) + "\n")
            tracker.advance(scorer=name)
    finally:
        tracker.close()
    return load_scores(config.out)


@dataclass(frozen=True)
class _Judge:
    """Makes figures of credits: those of all episodes, and of each part of them."""

    truth: Truth
    parts: dict[str, list[int]]
    states: Sequence[Array] | None
    gradients: Sequence[Array] | None
    limits: Limits
    resamples: int

    def __call__(self, scored: Scored) -> dict[str, Any]:
        rows = {}
        for variant, credits in variants(scored, self.truth, self.states).items():
            sheet = Sheet(self.truth, credits, self.limits, gradients=self.gradients)
            by_part = {}
            for part, members in self.parts.items():
                truth, gradients = self._part(members)
                within = Sheet(truth, [credits[i] for i in members], self.limits, gradients=gradients)
                by_part[part] = intervals(within, resamples=self.resamples, names=_IN_PARTS)
            rows[variant] = {"figures": intervals(sheet, resamples=self.resamples), "parts": by_part}
        return {
            "judged": JUDGED,
            "form": scored.form,
            "env_steps": scored.env_steps,
            "seconds": scored.seconds,
            "paid_share": float(np.mean(np.concatenate(scored.credits) != 0)),
            "rows": rows,
            "credits": [[round(float(x), 6) for x in row] for row in scored.credits],
        }

    def ceilings(self) -> dict[str, dict[str, Any]]:
        """Part -> its counts, its split half and the ceiling of Spearman there."""
        made = {}
        for part, members in self.parts.items():
            truth, gradients = self._part(members)
            split = split_half(truth, self.limits, gradients)
            made[part] = {
                "tasks": len(set(truth.tasks)),
                "episodes": len(members),
                "steps": truth.num_steps,
                "split_half": {name: split[name] for name in _IN_PARTS if name in split},
                "ceiling": {"spearman": spearman_brown(split["spearman"]) ** 0.5},
            }
        return made

    def _part(self, members: Sequence[int]) -> tuple[Truth, list[Array] | None]:
        chosen = None if self.gradients is None else [self.gradients[i] for i in members]
        return part_of(self.truth, members), chosen


def load_scores(folder: Path) -> dict[str, Any]:
    """What has been scored: `ceiling`, `scorers` (name -> seed -> entry, without those that failed) and `errors`."""
    scorers: dict[str, dict[int, Any]] = {}
    errors: dict[str, str] = {}
    for path in sorted((folder / "scores").glob("*.json"), key=lambda p: p.stat().st_mtime):
        entry = json.loads(path.read_text(encoding="utf-8"))
        if "error" in entry:
            errors[entry["name"]] = entry["error"]
        else:
            scorers.setdefault(entry["name"], {})[entry["seed"]] = entry
    about = json.loads((folder / "ceiling.json").read_text(encoding="utf-8"))
    return {"ceiling": about, "scorers": scorers, "errors": errors}


def _claim(path: Path, settings: dict[str, Any]) -> None:
    if not path.is_file():
        atomic_write_text(path, json.dumps(settings, indent=1, sort_keys=True) + "\n")
    elif json.loads(path.read_text(encoding="utf-8")) != settings:
        raise CheckpointMismatch(
            f"scores with the same settings in {path.parent}",
            "those of another truth or of other settings",
            "choose another --out, or remove the folder to start over",
        )
