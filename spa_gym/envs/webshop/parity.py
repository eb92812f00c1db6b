"""Playing a recording of the original in our shop, and comparing everything that was recorded after each step.

A recording is a dict as in the golden files: goal, first page, then for each step action, observation, what could be
clicked, reward and end. Used by the parity tests and by `benchmarks/parity.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spa_gym.core.errors import BadArgument
from spa_gym.envs.webshop.env import WebShopEnv
from spa_gym.envs.webshop.reward import PurchaseScore

__all__ = ["clickables", "differences", "recorded_nouns"]


def recorded_nouns(recordings: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> dict[str, list[str]]:
    """Collect the noun lists that recordings give: title to nouns, to be passed as `noun_tagger=nouns.__getitem__`.

    Args:
        recordings: the recordings; those that bought something hold the lists of two titles.
        titles: id to title of the products.
    """
    nouns: dict[str, list[str]] = {}
    for recording in recordings:
        final = recording.get("final") or {}
        if final.get("purchased_nouns") is not None:
            nouns[titles[final["asin"]]] = final["purchased_nouns"]
            nouns[recording["goal"]["name"]] = final["goal_nouns"]
    return nouns


def differences(env: WebShopEnv, recording: Mapping[str, Any]) -> Iterator[str]:
    """Play a recording and yield a line for everything that is not as recorded; nothing when all is the same.

    Args:
        env: the shop with the recording's data, observation mode and kind of goals, split "all", not wrapped.
        recording: one episode.

    Raises:
        BadArgument: the environment has another observation mode than the recording.
    """
    if env.observation_mode != recording["observation_mode"]:
        wanted = recording["observation_mode"]
        raise BadArgument(f"an environment in mode {wanted!r}", repr(env.observation_mode), "make another one")
    observation, info = env.reset(options={"task_id": recording["goal_index"]})
    yield from _compare("instruction", recording["goal"]["instruction_text"], info["goal"])
    yield from _compare("first page", recording["initial_observation"], observation)
    first = recording["initial_available_actions"]["clickables"]
    yield from _compare("first clickables", first, clickables(info["admissible_actions"]))
    for number, step in enumerate(recording["steps"]):
        observation, reward, terminated, _, info = env.step(step["action"])
        where = f"step {number} {step['action']!r:.60}"
        yield from _compare(f"{where}: observation", step["observation"], observation)
        yield from _compare(f"{where}: reward", step["reward"], reward)
        yield from _compare(f"{where}: done", step["done"], terminated)
        recorded = step["available_actions"]["clickables"]
        yield from _compare(f"{where}: clickables", recorded, clickables(info["admissible_actions"]))
        if terminated:
            yield from _compare_parts(recording.get("final"), env.purchase)
            return


def clickables(admissible: Sequence[str]) -> list[str]:
    """Turn admissible actions into the original's list of clickables, which names the search button too.

    Example:
        >>> clickables(("search[a lamp]",)), clickables(("click[back to search]", "click[next >]"))
        (['search'], ['back to search', 'next >'])
    """
    return [action[len("click[") : -1] if action.startswith("click[") else "search" for action in admissible]


def _compare_parts(final: Mapping[str, Any] | None, purchase: PurchaseScore | None) -> Iterator[str]:
    ours = {} if purchase is None else purchase.components
    for name, value in ((final or {}).get("reward_info") or {}).items():
        yield from _compare(name, value, ours.get(name))


def _compare(what: str, recorded: object, ours: object) -> Iterator[str]:
    if recorded != ours:
        yield f"{what}: recorded {recorded!r:.2000}, ours {ours!r:.2000}"
