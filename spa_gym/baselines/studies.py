"""What `spa-gym reproduce` studies: one row an environment, in three sizes each.

A row says everything that the pipeline must know of an environment: its id and arguments, the shipped checkpoint that
knows its language, which splits are looked at, and the settings of each size. A further environment is a further row,
and a further method of `methods/registry.py` is in the tables of `cpu` and `gpu` by itself.

Settings were fixed on other seeds (100 and up) than those of the tables. What all methods of a world share was chosen
by its `ppo` run of seed 100. What a method has of its own stands in `changes` and in `options`, each line with its
reason; rates may only be chosen by `tuning.py`, which gives every method the same number of trial runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spa_gym.baselines.methods.registry import METHODS

__all__ = ["STUDIES", "EnvStudy", "Preset", "fit_epochs"]

Settings = dict[str, Any]


@dataclass(frozen=True)
class Preset:
    """One size of a study."""

    seeds: tuple[int, ...]
    """Seeds of the runs."""
    methods: tuple[str, ...]
    """Methods beside the imitation that all start from."""
    env_steps: int = 60_000
    """Environment steps of each training run, its exploration included."""
    sft: Settings = field(default_factory=dict)
    """Settings of the imitation that are not the defaults."""
    training: Settings = field(default_factory=dict)
    """Settings of the training that are not the defaults, the same for all methods."""
    changes: dict[str, Settings] = field(default_factory=dict)
    """By method: settings of its training that differ from the others'."""
    options: dict[str, Settings] = field(default_factory=dict)
    """By method: its own settings."""
    gpu_gb: float | None = None
    """What a run takes of a GPU's memory, in GB, for how many share one; None: one at a time."""
    pretrain: str = ""
    """Recipe (`training/recipes.py`) of the policy that all imitations start from, which is made first; none: the
    study's shipped checkpoint."""
    dtype: str = "auto"
    """Number type of the matrix products of all its runs (`device.DTYPES`)."""


@dataclass(frozen=True)
class EnvStudy:
    """What is studied in one environment."""

    env_id: str
    """The environment."""
    env_kwargs: Settings
    """Its arguments, without the split."""
    start: str
    """Shipped checkpoint that every imitation starts from, but for sizes that pretrain their own."""
    curve_split: str
    """Split of the looks on the way, and of the trial runs."""
    table_split: str
    """Split of the tables, played by finished runs only."""
    official: tuple[str, Settings]
    """Split of the official data that `transfer.py` plays the policies on, and the environment's arguments."""
    presets: dict[str, Preset]
    """Sizes by name: `quick`, minutes on 2 cores; `cpu`, the tables of the documentation; `gpu`, at scale."""
    preference_rates: tuple[float, float] = (5e-5, 1.5e-4)
    """Rates of the trials of those that learn by DPO, for which ETO's code takes a twentieth of its imitation's rate
    (1e-6 after 2e-5), and IPR's 3e-6; at the others' higher rate both lost the policy within 8,000 steps."""


_QUICK = ("ppo", "spa", "spa-penalty")
_ALL = tuple(METHODS)
_EXPLORING = ("spa", "spa-penalty", "rudder", "rlbr")
"""Fit an estimator to the same episodes of the imitated policy first."""

# Without a warm-up the first batch of updates moved the policy by 0.1 to 1.7 nats a token (seed 100).
_TRAINING: Settings = {
    "episodes": 128,
    "minibatch": 32,
    "lr": 5e-4,
    "lr_warmup": 8,
    "critic_lr": 2e-3,
    # With updates alone the critic of SPA explained nothing of its returns after 8,000 steps (seed 100).
    "critic_epochs": 5,
    "critic_warmup": 1,
}
_ROOM_RATES: Mapping[str, float] = {
    **dict.fromkeys(("ppo", "spa", "spa-penalty", "rloo", "graphgpo", "hcapo"), 1.5e-4),
    **dict.fromkeys(("sft", "rft", "vineppo", "istar"), 1.5e-4),
    **dict.fromkeys(("eto", "ipr", "rro"), 5e-5),
}
"""Chosen by the trials in ALFWorld (benchmarks/results/trials); the other methods keep the shared rate."""
_SHOP_RATES: Mapping[str, float] = {
    **dict.fromkeys(("spa", "spa-released", "stepagent-inverse", "vineppo", "rro"), 1.5e-4),
    **dict.fromkeys(("eto", "ipr"), 5e-5),
}
"""Chosen by the trials in WebShop."""
_HOUSE_RATES: Mapping[str, float] = {
    **{name: 1.5e-4 for name in METHODS if name not in ("ppo", "oracle", "spa", "spa-penalty")},
    **{"eto": 5e-5, "rro": 5e-5, "ipr": 1.5e-5},
}
"""Chosen by the trials in VirtualHome."""


def _changes(rates: Mapping[str, float]) -> dict[str, Settings]:
    """What methods change in the training, with these rates."""
    changes: dict[str, Settings] = {name: {"lr": rate} for name, rate in rates.items()}
    # Its batch is 8 episodes, whose continuations cost what hundreds of the others' episodes do: as many updates a
    # batch as the others make, instead of one.
    changes.setdefault("vineppo", {})["minibatch"] = 2
    return changes


def fit_epochs(tasks: int) -> int:
    """Passes of an estimator over the episodes of so many explored tasks, four of each.

    Few episodes need many: at 132 of them (seed 100) 4 passes left a held-out R2 of -0.35, 12 came to 0.91.
    """
    return 12 if tasks < 100 else 4


def _explored(names: tuple[str, ...], tasks: int) -> dict[str, Settings]:
    """The same exploration for all that fit an estimator."""
    return {name: {"tasks": tasks, "samples": 4, "epochs": fit_epochs(tasks)} for name in names}


def _presets(
    quick: int,
    cpu: int,
    gpu: int,
    explored: int,
    large: str,
    rates: Mapping[str, float],
    options: Mapping[str, Settings] | None = None,
    demonstrations: int = 150,
    **changes: Any,
) -> dict[str, Preset]:
    """The three sizes of a study, by their environment steps.

    Args:
        quick: environment steps of `quick`.
        cpu: of `cpu`.
        gpu: of `gpu`.
        explored: tasks that `cpu` explores, for methods that fit an estimator first: about a quarter of the budget.
        large: recipe of the policy that `gpu` starts from.
        rates: by method, where it is not the shared one.
        options: by method, what this world asks for in `cpu` and `gpu`.
        demonstrations: what is imitated in `cpu` and `gpu`, and what methods may compare with.
        changes: to the training of all methods in `cpu`.
    """
    return {
        "quick": Preset(
            seeds=(0, 1),
            methods=_QUICK,
            env_steps=quick,
            sft={"max_eval_tasks": 64},
            training={
                **_TRAINING,
                "episodes": 64,
                # Its curves are those of the training tasks: one intermediate evaluation took a twentieth of a run.
                "evaluate_every": 0,
                "final_tasks": 64,
            },
            # Half the episodes of an update, and more updates of them. On explorations of 40 tasks (seeds 100 and 101)
            # eight epochs in batches of 16 came to a held-out R2 of 0.80 and 0.69 in ALFWorld and 0.47 and 0.42 in
            # VirtualHome; twelve in batches of 32 to 0.81, 0.73, 0.49 and 0.52 in one and a half times the time.
            options={
                name: {"tasks": 32, "samples": 4, "epochs": 10, "fitting": {"batch_episodes": 16}}
                for name in ("spa", "spa-penalty")
            },
        ),
        "cpu": Preset(
            seeds=(0, 1, 2, 3, 4),
            methods=_ALL,
            env_steps=cpu,
            sft={"demonstrations": demonstrations},
            training={
                **_TRAINING,
                "demonstrations": demonstrations,
                "evaluate_every": 4,
                "evaluate_tasks": 50,
                **changes,
            },
            changes=_changes(rates),
            options={**_explored(_EXPLORING, explored), **(options or {})},
        ),
        "gpu": Preset(
            seeds=tuple(range(10)),
            methods=_ALL,
            env_steps=gpu,
            sft={"demonstrations": demonstrations},
            training={
                **_TRAINING,
                "demonstrations": demonstrations,
                "episodes": 512,
                "minibatch": 128,
                "num_envs": 512,
                "evaluate_every": 8,
                "save_every_s": 15.0,  # 130 MB a run, and a batch takes seconds
            },
            changes=_changes(rates),
            options={**_explored(_EXPLORING, 500), **(options or {})},
            # Nine runs in ALFWorld took 85.0 of the 85.5 GB of an H100; with expandable segments (docs/pipeline.md)
            # twelve took at most 72.
            gpu_gb=10.0,
            pretrain=large,
        ),
    }


STUDIES: dict[str, EnvStudy] = {
    "alfworld": EnvStudy(
        env_id="SPA-ALFWorld-v0",
        # In the small rooms the demonstrator needs 8 steps, so 20 leave room and halve the cost.
        env_kwargs={"size": "small", "max_episode_steps": 20},
        start="household",
        curve_split="valid_seen",
        table_split="valid_unseen",
        official=("valid_unseen", {"source": "official"}),
        presets=_presets(5_000, 10_000, 1_000_000, explored=42, large="household-large", rates=_ROOM_RATES),
    ),
    "webshop": EnvStudy(
        env_id="SPA-WebShop-v0",
        # Pages of the small size cost half; with its default of 200 products a policy learns by heart which ones are
        # asked for in training (seed 100: success 0.47 to 0.64 there, 0.42 to 0.38 on `valid`).
        env_kwargs={"size": "small", "num_products": 1000},
        start="shop",
        curve_split="valid",
        table_split="test",
        # The goals made of the products: people's 13 are too few.
        official=("test", {"source": "official", "human_goals": False}),
        # Published for this world: IPR's threshold (its scores are graded), GraphGPO's decay, ETO's extra steps.
        presets=_presets(
            3_000,
            8_000,
            500_000,
            explored=70,
            large="shop-large",
            rates=_SHOP_RATES,
            options={"ipr": {"tau": 0.01}, "graphgpo": {"decay": 0.2}, "eto": {"extra_steps": 5}},
        ),
    ),
    "virtualhome": EnvStudy(
        env_id="SPA-VirtualHome-v0",
        # In the small houses the demonstrator needs 7 steps and never more than 17.
        env_kwargs={"size": "small", "max_episode_steps": 20},
        start="house",
        curve_split="valid_seen",
        table_split="valid_unseen",
        official=("valid_unseen", {"source": "official"}),
        # Smaller batches, so more updates: with 128 episodes seed 100 stood where it was after 30,000 steps. From 150
        # demonstrations (0.25 sampled on seed 100) no method learned in 8,000 steps, and RUDDER's and RLBR's estimators
        # learned nothing from 28 explored tasks; from 400 (0.31) PPO came to 0.35, and 42 tasks gave a held-out R2 of
        # 0.48, 0.89 and 0.46 (`sum`, `prefix`, `bag`).
        presets=_presets(
            3_600,
            10_000,
            1_000_000,
            explored=42,
            large="house-large",
            rates=_HOUSE_RATES,
            demonstrations=400,
            episodes=64,
            minibatch=16,
            # Looks at every second of some ten batches.
            evaluate_every=2,
        ),
        # Within 10,000 steps at 5e-5 `eto` and `ipr` once ruined what is executed (grounding 0.30 and 0.27).
        preference_rates=(1.5e-5, 5e-5),
    ),
}
"""By the name that `spa-gym reproduce --env` takes, in the order in which they run."""
