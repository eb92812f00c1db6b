"""The remote engine: an OpenAI-compatible completions server (vLLM, for example) writes the actions.

The server tokenises for itself, so prompts are text and trajectories carry no token ids: they are for evaluation, and
for training on text. Requests of one round go out side by side, by the client of the chat agent.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from spa_gym.agents.api_key import check_key, redact
from spa_gym.agents.json_client import JsonClient, RequestFailed, check_address
from spa_gym.agents.side_by_side import side_by_side
from spa_gym.baselines.models.tokens import TEXT_LAYOUT, Layout
from spa_gym.baselines.rollout.episode import Episode
from spa_gym.baselines.rollout.protocol import EpisodeSpec, MakeEnv, RolloutEngine, RolloutSettings
from spa_gym.core.errors import SpaGymError
from spa_gym.core.trajectory import Trajectory

__all__ = ["ServerEngine", "ServerError"]


class ServerError(SpaGymError):
    """A completions server does not answer, or answers with something else than a completion."""


class ServerEngine(RolloutEngine):
    """Plays episodes with a completions server.

    Args:
        url: base address, for example ``http://localhost:8000/v1``.
        model: the model's name on the server.
        layout: delimiters of the prompt.
        api_key: sent as a bearer token where given.
        timeout: seconds to wait for one answer.
        retries: how often a failed request is sent again.
        backoff: seconds before it is sent again for the first time; doubled each time.
        max_characters: an episode whose prompt gets longer is ended as truncated.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        layout: Layout = TEXT_LAYOUT,
        api_key: str | None = None,
        timeout: float = 120.0,
        retries: int = 3,
        backoff: float = 1.0,
        max_characters: int = 100_000,
    ) -> None:
        address = check_address(url, "give an address like http://localhost:8000/v1") + "/completions"
        self._client = JsonClient(address, timeout=timeout, retries=retries, backoff=backoff)
        self.url, self.model, self.layout, self.max_characters = address, model, layout, max_characters
        self._key = check_key(api_key or "", "api_key")

    def prompt(self, episode: Episode) -> str:
        """Returns the text that asks for the episode's next action."""
        layout = self.layout
        text = layout.bos
        for step in episode.steps:
            text += layout.observation + step.observation + layout.act + layout.action + step.action + layout.eoa
        return text + layout.observation + episode.observation + layout.act

    def _stream(
        self, make_env: MakeEnv, episodes: Sequence[EpisodeSpec], settings: RolloutSettings
    ) -> Iterator[tuple[int, Trajectory]]:
        envs = [make_env() for _ in range(min(settings.num_envs, len(episodes)))]
        waiting = iter(range(len(episodes)))
        try:
            running = {
                slot: (i, Episode(envs[slot], episodes[i])) for slot, i in zip(range(len(envs)), waiting, strict=False)
            }
            while running:
                jobs = [(self.prompt(episode), settings, index) for index, episode in running.values()]
                answers = side_by_side(self._complete, jobs, len(jobs))
                for slot, action in zip(list(running), answers, strict=True):
                    if isinstance(action, Exception):
                        raise action
                    index, episode = running[slot]
                    if action is not None and episode.act(action):
                        continue
                    yield index, episode.finish()
                    del running[slot]
                    following = next(waiting, None)
                    if following is not None:
                        running[slot] = (following, Episode(envs[slot], episodes[following]))
        finally:
            for env in envs:
                env.close()

    def _complete(self, job: tuple[str, RolloutSettings, int], stop: threading.Event) -> str | None:
        """Returns the action that the server writes after the prompt; None where the prompt is too long."""
        prompt, settings, index = job
        if len(prompt) > self.max_characters:
            return None
        body = {
            "model": self.model,
            "prompt": prompt,
            "max_tokens": settings.max_action_tokens,
            "temperature": settings.temperature,
            "stop": [self.layout.eoa],
            "seed": (settings.seed * 1_000_003 + index) % 2**31,
        }
        try:
            answer = self._client.post(body, self._key, stop)
        except RequestFailed as failure:
            raise ServerError(
                failure.expected, failure.got, "start the server, or check address, model name and key"
            ) from None
        try:
            text = answer["choices"][0]["text"]
        except (KeyError, IndexError, TypeError):
            text = None
        if not isinstance(text, str):
            raise ServerError(
                f"a completion with choices[0].text from {self.url}",
                redact(str(answer), self._key)[:200],
                "check that the server speaks the OpenAI completions protocol",
            )
        return text.split(self.layout.eoa)[0].removeprefix(self.layout.action)
