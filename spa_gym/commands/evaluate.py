"""`spa-gym evaluate`: an agent plays a whole split; `spa-gym verify`: somebody else's result is replayed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tyro

from spa_gym.commands.options import KeyValues, env_kwargs, parse_pairs

__all__ = ["Evaluate", "Verify"]


@dataclass
class Evaluate:
    """Play every task of a split once and write a result that anyone can verify.

    After a stop the same command goes on where it was.
    """

    agent: str
    """random, expert, model:PATH, openai:MODEL, or package.module:Class (or :function)."""
    env: str = "SPA-ALFWorld-v0"
    """Id of the environment."""
    split: str = "valid_unseen"
    """Split to play."""
    env_arg: KeyValues = field(default_factory=list)
    """Argument of the environment; may be given several times."""
    agent_arg: KeyValues = field(default_factory=list)
    """Argument of the agent; may be given several times."""
    data_dir: str | None = None
    """Folder of the official data."""
    out: Path | None = None
    """Folder of the result; default: results/ENV-SPLIT-AGENT-seedN."""
    num_envs: int = 16
    """Episodes that run at once."""
    seed: int = 0
    """Seed of episodes, agent and intervals."""
    max_tasks: int | None = None
    """Play only so many tasks, spread over the split."""
    trajectories: bool = True
    """Write the trajectories, which verifying needs."""

    def run(self) -> int:
        """Evaluate, and print the figures."""
        from spa_gym.agents import load_agent
        from spa_gym.leaderboard.evaluate import RESULT, evaluate

        agent = load_agent(self.agent, **{"seed": self.seed, **parse_pairs(self.agent_arg, "--agent-arg")})
        out = self.folder()
        record = evaluate(
            self.env,
            env_kwargs(self.env_arg, self.data_dir),
            self.split,
            agent,
            self.num_envs,
            self.seed,
            out,
            self.max_tasks,
            self.trajectories,
            agent_name=_public_name(self.agent),
        )
        played, size = record.settings["num_tasks"], record.settings["split_size"]
        print(f"{self.env} {self.split}, {played} of {size} tasks, agent {record.method}, seed {self.seed}")
        for name in ("success", "score", "grounding", "steps"):
            print(f"  {name:<10}{_interval(record.metrics[name])}")
        print(f"  {record.env_steps:,} environment steps in {record.wall_time_s:,.1f} s")
        print(f"result: {out / RESULT}")
        return 0

    def interrupted(self) -> str:
        """What to say after Ctrl-C: what is saved, and how to go on."""
        from spa_gym.leaderboard.evaluate import JOURNAL, progress_of

        done = progress_of(self.folder())
        if not done:
            return "Stopped before the first episode ended; nothing was saved."
        saved = f"{done} finished episodes are saved in {self.folder() / JOURNAL}"
        return f"Stopped. {saved}; the same command goes on from there."

    def folder(self) -> Path:
        """Where the result goes."""
        name = f"{self.env}-{self.split}-{_public_name(self.agent)}-seed{self.seed}"
        return self.out or Path("results") / re.sub(r"[^\w.-]+", "_", name)


@dataclass
class Verify:
    """Replay a result's actions in the environment and report every claim that does not come out the same."""

    result: Annotated[Path, tyro.conf.Positional]
    """A result.json, or its folder."""
    trajectories: Path | None = None
    """The trajectories; default: trajectories.jsonl beside the result."""
    data_dir: str | None = None
    """Folder of the official data."""

    def run(self) -> int:
        """Verify; exit code 0 where everything holds, 1 where it does not."""
        from spa_gym.leaderboard.verify import verify

        found = verify(self.result, self.trajectories, data_dir=self.data_dir)
        for note in found.notes:
            print(f"note: {note}")
        for difference in found.differences[:50]:
            print(f"difference: {difference}")
        if len(found.differences) > 50:
            print(f"... and {len(found.differences) - 50} more")
        verdict = "verified" if found.ok else f"NOT verified, {len(found.differences)} differences"
        print(f"{verdict}: {found.episodes} episodes, {found.steps} steps replayed")
        return 0 if found.ok else 1


def _public_name(spec: str) -> str:
    """The agent's name in a record: of `model:PATH` only the last parts of the path, which mean something elsewhere."""
    kind, _, rest = spec.partition(":")
    return f"model:{'/'.join(Path(rest).parts[-2:])}" if kind == "model" else spec


def _interval(value: dict[str, Any]) -> str:
    return f"{value['mean']:.3f}  [{value['low']:.3f}, {value['high']:.3f}]"
