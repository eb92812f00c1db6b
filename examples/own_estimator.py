"""A progress estimator of one's own, in the single wrapper and in the vector twin.

Run it from the repository: ``python examples/own_estimator.py``. In a package of your own the estimator is named by a
string, ``"my_package.my_module:NewPlaces"``, and then survives ``EnvSpec.to_json()``.
"""

from __future__ import annotations

import gymnasium

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.wrappers import ProgressAttributionWrapper, VectorProgressAttributionWrapper


class NewPlaces:
    """Pays 0.02 for every observation that the episode has not shown before: curiosity, not progress."""

    def begin(self, task_text: str) -> None:
        """Forgets the episode before."""
        self.seen: set[str] = set()

    def contribution(self, observation: str, action: str, next_observation: str) -> float:
        """c_t of the step that led from ``observation`` to ``next_observation``."""
        self.seen.add(observation)
        return 0.0 if next_observation in self.seen else 0.02


def one_episode() -> None:
    """The expert's episode; the residual makes the credit sum to what the environment paid."""
    env = ProgressAttributionWrapper(
        gymnasium.make("SPA-ALFWorld-v0"), NewPlaces, beta=0.1, grounding="penalty", residual=True
    )
    _, info = env.reset(seed=0)
    print("task:", info["goal"])
    credit = own = 0.0
    for action in list(env.unwrapped.expert()):  # type: ignore[attr-defined]
        _, reward, _, _, info = env.step(action)
        print(f"{reward:6.2f}  {action}")
        credit += info["reward/progress"]
        own += info["reward/env"]
    print(f"sum of contributions {credit:.3f}, the environment's return {own:.3f}")


def many_episodes() -> None:
    """The same estimator beside four environments at once: pass the class, and each environment gets its own."""
    envs = VectorProgressAttributionWrapper(gymnasium.make_vec("SPA-ALFWorld-v0", num_envs=4), NewPlaces, beta=0.0)
    envs.reset(seed=0)
    _, rewards, *_ = envs.step(("look", "look", "inventory", "nonsense"))
    print("rewards of one step:", rewards.tolist())
    envs.close()


if __name__ == "__main__":
    one_episode()
    many_episodes()
