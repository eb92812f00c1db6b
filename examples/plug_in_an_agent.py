"""Your own agent on a whole split: an object with `act`, or just a function.

python examples/plug_in_an_agent.py
spa-gym evaluate --env SPA-ALFWorld-v0 --env-arg size=small --agent examples.plug_in_an_agent:Thorough
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spa_gym.leaderboard.evaluate import evaluate


class Thorough:
    """Takes the first action that this episode has not tried yet: many episodes at once, one memory per slot.

    Public attributes are arguments, which tell one evaluation from another; what changes has a leading underscore.
    """

    def __init__(self) -> None:
        self._tried: dict[int, set[str]] = {}

    def act(self, observations: Sequence[str], infos: Sequence[dict[str, Any]]) -> list[str]:
        """One action per observation."""
        return [self.choose(info) for info in infos]

    def choose(self, info: dict[str, Any]) -> str:
        """The action of one episode."""
        if info["episode_step"] == 0:
            self._tried[info["slot"]] = set()
        tried = self._tried[info["slot"]]
        action = next((a for a in info["admissible_actions"] if a not in tried), info["admissible_actions"][0])
        tried.add(action)
        return action


def first_listed(observation: str, info: dict[str, Any]) -> str:
    """A function is an agent too; it may leave out `info`."""
    return info["admissible_actions"][0]


if __name__ == "__main__":
    for agent in (Thorough(), first_listed):
        record = evaluate("SPA-ALFWorld-v0", {"size": "small"}, "valid_unseen", agent)
        success = record.metrics["success"]
        print(f"{record.method}: success {success['mean']:.3f} [{success['low']:.3f}, {success['high']:.3f}]")
