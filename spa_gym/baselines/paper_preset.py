"""The paper's own setting, for `spa-gym reproduce --preset paper`: a 3-billion-parameter model and the official data.

Values are those of SPA's released code where it has them; its file of PPO settings is missing, so these are StepTool's,
from which its PPO comes, and trl's defaults. What could not be found is a stand-in of ours. docs/paper_preset.md has a
line for each value with its source. The package brings neither the model nor the data: both are paths.

Each world explores every training task, and the training's budget is counted without that exploration, as in the
paper's protocol; in the other presets it is included.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spa_gym.baselines.studies import STUDIES, EnvStudy, Preset
from spa_gym.core.errors import BadArgument, DataNotFound

__all__ = ["PRESET", "paper_studies"]

PRESET = "paper"
"""Name of the preset."""

Settings = dict[str, Any]

_METHODS = ("ppo", "grpo", "spa", "spa-released")
_EXPLORING = ("spa", "spa-penalty", "spa-released", "rudder", "rlbr")
_EPISODES = 1596
"""Episodes of the reinforcement learning, one pass (the released code's file)."""

_SFT: Settings = {
    "epochs": 3,
    "batch_episodes": 16,
    "optimizer": "adamw",
    "adamw_lr": 2e-5,
    "decay": "cosine",
    "warmup": 0.03,
    "context": 4096,
    "text_weight": 0.0,
    "rows": 1,
    "num_envs": 16,
}
_TRAINING: Settings = {
    "exploration_in_budget": False,
    "episodes": 32,
    "minibatch": 32,
    "rows": 2,
    "epochs": 4,
    "lr": 1e-5,
    "lora_rank": 8,
    "lora_alpha": 16,
    "critic_lr": 1e-5,
    "critic_warmup": 0,
    "gamma": 0.99,
    "lam": 0.95,
    "clip": 0.2,
    "value_clip": 0.2,
    "value_weight": 0.1,
    "kl": 0.3,
    "num_envs": 16,
    "evaluate_every": 10,
    "evaluate_tasks": 50,
}
_FIT: Settings = {"lr": 3e-6, "batch_episodes": 16, "rows": 1}


@dataclass(frozen=True)
class _World:
    """What differs between the worlds."""

    limit: int
    """Steps of an episode."""
    tasks: int
    """Training tasks that are explored and, where the demonstrator solves them, imitated."""
    samples: int
    """Explored episodes of each."""
    curve_split: str
    table_split: str
    env_kwargs: Settings = field(default_factory=lambda: {"source": "official"})


_WORLDS = {
    "alfworld": _World(40, 3321, 10, "valid_seen", "valid_unseen"),
    "webshop": _World(10, 1624, 5, "valid", "test"),
    "virtualhome": _World(40, 3000, 10, "valid_seen", "valid_unseen"),
}


def paper_studies(model: Path | None, data_dir: Path | None = None) -> dict[str, EnvStudy]:
    """The studies of the preset `paper`, by name, each with this preset alone.

    Args:
        model: folder of Llama-3.2-3B-Instruct, or of any causal language model in Hugging Face's form.
        data_dir: folder of the official data, one folder in it for each world; None: where `SPA_GYM_DATA` says.

    Raises:
        BadArgument: no model was named.
        DataNotFound: there is no model in that folder.
    """
    if model is None:
        raise BadArgument("a model for the preset paper", "none", "pass --model PATH/Llama-3.2-3B-Instruct")
    if not (model / "config.json").is_file():
        raise DataNotFound(
            f"a model in Hugging Face's form in {model}", "no config.json there", "download it, then pass its folder"
        )
    data = {"data_dir": str(data_dir.resolve())} if data_dir is not None else {}
    studies = {}
    for name, world in _WORLDS.items():
        explored = {
            "tasks": world.tasks,
            "samples": world.samples,
            "epochs": 1,
            "exploring": {"num_envs": _TRAINING["num_envs"]},
            "fitting": _FIT,
        }
        preset = Preset(
            seeds=(0,),
            methods=_METHODS,
            env_steps=_EPISODES * world.limit // 2,
            sft={**_SFT, "demonstrations": world.tasks},
            training={**_TRAINING, "demonstrations": world.tasks},
            options=dict.fromkeys(_EXPLORING, explored),
        )
        studies[name] = EnvStudy(
            env_id=STUDIES[name].env_id,
            env_kwargs={"max_episode_steps": world.limit, **world.env_kwargs, **data},
            start=str(model.resolve()),
            curve_split=world.curve_split,
            table_split=world.table_split,
            official=STUDIES[name].official,
            presets={PRESET: preset},
        )
    return studies
