"""The remote engine: an OpenAI-compatible completions server (vLLM, for example) writes the actions.

The server tokenises for itself, so prompts are text and trajectories carry no token ids: they are for evaluation, and
for training on text. Requests of one round go out side by side, one thread each; nothing but the standard library.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

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
        retries: how often a failed request is sent again, after 1, 2, 4, ... seconds.
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
        max_characters: int = 100_000,
    ) -> None:
        self.url, self.model, self.layout = url.rstrip("/") + "/completions", model, layout
        self.timeout, self.retries, self.max_characters = timeout, retries, max_characters
        self._headers = {"Content-Type": "application/json"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"

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
            with ThreadPoolExecutor(max(1, len(envs))) as pool:
                running = {
                    slot: (i, Episode(envs[slot], episodes[i]))
                    for slot, i in zip(range(len(envs)), waiting, strict=False)
                }
                while running:
                    jobs = [(self.prompt(episode), settings, index) for index, episode in running.values()]
                    for slot, action in zip(list(running), pool.map(self._complete, jobs), strict=True):
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

    def _complete(self, job: tuple[str, RolloutSettings, int]) -> str | None:
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
        answer = self._post(json.dumps(body).encode("utf-8"))
        try:
            text = answer["choices"][0]["text"]
        except (KeyError, IndexError, TypeError) as error:
            raise ServerError(
                f"a completion with choices[0].text from {self.url}",
                json.dumps(answer)[:200],
                "check that the server speaks the OpenAI completions protocol",
            ) from error
        return str(text).split(self.layout.eoa)[0].removeprefix(self.layout.action)

    def _post(self, body: bytes) -> Any:
        """Sends one request; errors of the network and of the server's side are tried again, refusals are not."""
        detail = ""
        for attempt in range(self.retries + 1):
            request = urllib.request.Request(self.url, data=body, headers=self._headers)
            try:
                with urllib.request.urlopen(request, timeout=self.timeout) as response:
                    return json.load(response)
            except urllib.error.HTTPError as error:
                detail = f"{error}: {error.read(200).decode('utf-8', 'replace')}"
                if error.code < 500 and error.code != 429:
                    break
            except (OSError, ValueError) as error:
                detail = f"{type(error).__name__}: {error}"
            if attempt < self.retries:
                time.sleep(2.0**attempt)
        raise ServerError(
            f"an answer from {self.url}", detail, "start the server, or check address, model name and key"
        )
