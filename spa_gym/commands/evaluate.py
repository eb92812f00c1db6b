"""`spa-gym evaluate`: an agent plays a whole split; `spa-gym verify`: somebody else's result is replayed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from spa_gym.commands.options import KeyValues, env_kwargs, parse_pairs
from spa_gym.core.one_line import one_line

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
    """Folder of the result; default: results/ENV-SPLIT-AGENT-seedN-HASH."""
    num_envs: int = 16
    """Episodes that run at once."""
    seed: int = 0
    """Seed of episodes, agent and intervals."""
    max_tasks: int | None = None
    """Play only so many tasks, spread over the split."""
    trajectories: bool = True
    """Write the trajectories, which verifying needs."""
    on_error: Literal["fail", "raise"] = "fail"
    """What a failure of the agent does: end its episode (its row has the error), or stop everything."""
    again: bool = False
    """Play again what is in the folder already."""

    def run(self) -> int:
        """Evaluate, and print the figures."""
        from spa_gym.agents import load_agent
        from spa_gym.leaderboard.evaluate import RESULT, evaluate
        from spa_gym.leaderboard.identity import default_folder, identity_of

        options = parse_pairs(self.agent_arg, "--agent-arg")
        agent = load_agent(self.agent, **{"seed": self.seed, **options})
        record = evaluate(
            self.env,
            env_kwargs(self.env_arg, self.data_dir),
            self.split,
            agent,
            self.num_envs,
            self.seed,
            self.out,
            self.max_tasks,
            self.trajectories,
            agent_name=_public_name(self.agent),
            agent_arguments=options,
            on_error=self.on_error,
            again=self.again,
        )
        out = self.out or default_folder(identity_of(record))
        played, size = record.settings["num_tasks"], record.settings["split_size"]
        print(f"{self.env} {self.split}, {played} of {size} tasks, agent {record.method}, seed {self.seed}")
        for name in ("success", "score", "grounding", "steps"):
            print(f"  {name:<10}{_interval(record.metrics[name])}")
        if failed := sum("error" in row for row in record.tasks):
            print(f"  the agent failed in {failed} of {played} tasks; the error is in the row of each")
        print(f"  {record.env_steps:,} environment steps in {record.wall_time_s:,.1f} s")
        print(f"result: {out / RESULT}")
        return 0


@dataclass
class Verify:
    """Replay a result's actions in the environment and report every claim that does not come out the same."""

    result: Annotated[Path, tyro.conf.Positional]
    """A result.json, or its folder."""
    trajectories: Path | None = None
    """The trajectories; default: trajectories.jsonl beside the result."""
    data_dir: str | None = None
    """Folder of the official data."""
    env: str | None = None
    """Id of an environment that is not of this package, if you trust it; the result must name the same."""
    env_arg: KeyValues = field(default_factory=list)
    """Argument that a result alone may not set (code, say), if you trust it; the result must name the same."""
    max_bytes: int = 1 << 30
    """Largest file of trajectories that is read."""

    def run(self) -> int:
        """Verify; exit code 0 if everything holds, 1 if it does not."""
        from spa_gym.leaderboard.verify import verify

        found = verify(
            self.result,
            self.trajectories,
            data_dir=self.data_dir,
            env_id=self.env,
            env_kwargs=parse_pairs(self.env_arg, "--env-arg"),
            max_bytes=self.max_bytes,
        )
        told = [f"note: {note}" for note in found.notes] + [f"difference: {line}" for line in found.differences[:50]]
        if len(found.differences) > 50:
            told.append(f"... and {len(found.differences) - 50} more")
        for line in (*told, found.verdict):
            print(one_line(line, 500))
        return 0 if found.ok else 1


def _public_name(spec: str) -> str:
    """The agent's name in a record: of `model:PATH` only the last parts of the path, which mean something elsewhere."""
    kind, _, rest = spec.partition(":")
    return f"model:{'/'.join(Path(rest).parts[-2:])}" if kind == "model" else spec


def _interval(value: dict[str, Any]) -> str:
    return f"{value['mean']:.3f}  [{value['low']:.3f}, {value['high']:.3f}]"
