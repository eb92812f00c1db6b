"""`SPA-WebShop-v0`: find what an instruction asks for in a shop, choose its options, and buy it.

See docs/environments/webshop.md for observation, actions, data and what differs from the original.
"""

from __future__ import annotations

import functools
import os
import random
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from spa_gym.core.arguments import non_negative_int, one_of
from spa_gym.core.data_folder import source_of_tasks
from spa_gym.core.errors import BadArgument
from spa_gym.core.plan_progress import PlanProgress
from spa_gym.core.tasks import Task
from spa_gym.core.text_env import TextEnv
from spa_gym.envs.webshop.backend import BACKENDS, OBSERVATION_MODES, Backend
from spa_gym.envs.webshop.checkout import score
from spa_gym.envs.webshop.expert import best_options, expert_plan
from spa_gym.envs.webshop.goals import Goal
from spa_gym.envs.webshop.nouns import resolve_noun_tagger
from spa_gym.envs.webshop.pages.page_state import PageState
from spa_gym.envs.webshop.reward import PurchaseScore, PurchaseScorer
from spa_gym.envs.webshop.session import start
from spa_gym.envs.webshop.shops import generated_shop, official_shop
from spa_gym.envs.webshop.world.explorer import Explorer
from spa_gym.envs.webshop.world.names import entity_names
from spa_gym.envs.webshop.world.shopper import Shopper

__all__ = ["WebShopEnv"]

_EXAMPLES = ("search[desk lamp]", "click[buy now]", "click[back to search]", "click[next >]", "click[< prev]")


class WebShopEnv(TextEnv):
    """Search, compare, choose options, buy; the reward is how well the purchase fits the instruction.

    Args:
        source: `"generated"` (a shop of our own, no download) or `"official"` (WebShop's data, from `data_dir`);
            None: official where `data_dir` is given, else generated.
        split: `"train"`, `"valid"`, `"test"` or `"all"` (the original's order, so that position i is its goal i);
            official data also have `"spa_train"`, `"spa_test"`, `"spa_test_500"`.
        size: of the generated shop: `"official"` (products like WebShop's) or `"small"` (short titles and pages).
        num_products: products of the shop; None: 1,000 generated ones (200 small ones), or the whole official file.
        world_seed: which generated shop.
        observation_mode: `"text"`, `"text_rich"` or `"html"`.
        human_goals: of official data: the instructions that people wrote, or the synthetic ones; None: people's where
            there are enough of them for the splits, else the synthetic ones.
        data_dir: folder of the official files; None: `$SPA_GYM_DATA`.
        data_seed: seed of the official data's prices and price limits.
        noun_tagger: finds the nouns of a title for the reward: a function from text to list of nouns, `"builtin"`,
            `"spacy"`, `"package.module:function"`, or None: the built-in one on generated data, and on official data
            spaCy where a model for English is installed, else the built-in one.
        show_attrs: item pages have a fourth tab, Attributes.
        backend: `"text"` (in this process) or `"browser"` (a real Chromium; extra `browser`).
        progress: add ground-truth `progress` and `goal_share` to `info`.
        render_mode: None, `"ansi"`, or with the browser `"rgb_array"`.

    Raises:
        BadArgument: an argument names something that does not exist, or has no meaning for this source.
        DataNotFound: `source="official"` without data.
        DependencyNotInstalled: a backend, noun tagger or the reward needs something that is not installed.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["ansi", "rgb_array"], "render_fps": 4}

    def __init__(
        self,
        source: str | None = None,
        split: str = "train",
        size: str = "official",
        num_products: int | None = None,
        world_seed: int = 0,
        observation_mode: str = "text",
        human_goals: bool | None = None,
        data_dir: str | os.PathLike[str] | None = None,
        data_seed: int = 42,
        noun_tagger: str | Callable[[str], Sequence[str]] | None = None,
        show_attrs: bool = False,
        backend: str = "text",
        progress: bool = False,
        render_mode: str | None = None,
    ) -> None:
        self.source = source_of_tasks(source, data_dir)
        if not isinstance(split, str):  # which names there are depends on the data
            raise BadArgument("a split by its name", f"{split!r:.80}", "pass split='train'")
        data_seed, show_attrs = non_negative_int("data_seed", data_seed), bool(show_attrs)
        one_of("observation_mode", observation_mode, OBSERVATION_MODES)
        one_of("backend", backend, BACKENDS)
        if backend != "browser":
            if render_mode == "rgb_array":
                raise BadArgument("a browser for pictures", f"backend={backend!r}", "pass backend='browser'")
            self.metadata = {**self.metadata, "render_modes": ["ansi"]}  # type: ignore[misc]
        if self.source == "generated":
            if human_goals is not None:
                raise BadArgument(
                    "no human_goals with source='generated'", f"human_goals={human_goals!r}", "pass source='official'"
                )
            shop, tasks = generated_shop(num_products, world_seed, size, split, show_attrs)
        else:
            shop, tasks = official_shop(data_dir, num_products, data_seed, human_goals, split, show_attrs)
        super().__init__(
            tasks,
            progress=progress,
            render_mode=render_mode,
            max_observation_length=1 << 22,
            example_actions=_EXAMPLES,
        )
        default = "builtin" if self.source == "generated" else "auto"
        self.noun_tagger, tagger = resolve_noun_tagger(default if noun_tagger is None else noun_tagger)
        self.shop, self.observation_mode = shop, observation_mode
        self.scorer = _shared_scorer(tagger) if isinstance(tagger, Hashable) else PurchaseScorer(tagger)
        self._backend: Backend = BACKENDS[backend](shop, self.scorer, observation_mode)
        self._options: dict[str, str] | None = None
        self._plan_progress = PlanProgress()

    def _begin(self, task: Task) -> str:
        self._goal_now: Goal = task.payload
        self._options = None
        self._plan_progress = PlanProgress()
        self._backend.begin(self._goal_now)
        return self._backend.observation()

    def _act(self, action: str) -> tuple[str, bool]:
        executed = self._backend.act(action, self._rng)
        return self._backend.observation(), executed

    def _score(self) -> float | None:
        return self._backend.state.reward

    def _admissible(self) -> tuple[str, ...]:
        return self._backend.admissible()

    def _snapshot(self) -> PageState:
        return self._backend.state

    def _restore(self, snapshot: PageState) -> None:
        self._backend.restore(snapshot)

    def _progress(self) -> float:
        """1 - remaining / D: the expert's steps from here over its steps from the start; the score once bought."""
        state = self._backend.state
        if state.kind == "done":
            return self._goal_share()
        return self._plan_progress.at(self._plan(state), lambda: self._plan(start(self._goal_now)))

    def _goal_share(self) -> float:
        """What buying now would be worth; 0 where no product is open."""
        state = self._backend.state
        if state.reward is not None:
            return state.reward
        return self._worth(state.asin, state.options) if state.asin is not None else 0.0

    @property
    def purchase(self) -> PurchaseScore | None:
        """What was bought is worth, part by part; None before the purchase. For people: an agent is not told."""
        return self._backend.purchase

    def expert(self) -> Iterator[str]:
        """Yield the actions that find, choose and buy the goal's product, from the current page."""
        yield from self._plan(self._backend.state) or ()

    def render(self) -> Any:
        """Return the last observation in mode "ansi", the picture of the page in mode "rgb_array".

        Raises:
            ResetNeeded: no episode has begun.
        """
        text = super().render()
        return self._backend.screenshot() if self.render_mode == "rgb_array" else text

    def close(self) -> None:
        """Close the browser, where there is one."""
        self._backend.close()

    def demonstrator(self) -> Shopper:
        """A shopper for the episode that was just reset, who knows only what the pages have shown."""
        return Shopper(self._observation)

    def explorer(self, rng: random.Random) -> Explorer:
        """Somebody who looks around in this episode, without regard to the instruction."""
        return Explorer(self._observation, rng)

    @staticmethod
    def entity_names() -> list[str]:
        """Names that occur in the texts of generated shops, for tokenizers that make each of them one token."""
        return entity_names()

    def _rng(self) -> np.random.Generator:
        return self.np_random

    def _worth(self, asin: str, options: Mapping[str, str]) -> float:
        return score(asin, options, self._goal_now, self.shop, self.scorer).reward

    def _plan(self, state: PageState) -> list[str] | None:
        if self._options is None:
            goal: Goal = self._goal_now
            self._options = best_options(self.shop.view_of(goal.asin).product, goal, self._worth)
        return expert_plan(state, self._goal_now, self._options, self.shop)


@functools.lru_cache(8)
def _shared_scorer(tagger: Callable[[str], Sequence[str]]) -> PurchaseScorer:
    """One for all environments with the same tagger: what it remembers of titles serves them all."""
    return PurchaseScorer(tagger)
