"""Results of the toy environment, for tests that evaluate, verify and tamper."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from spa_gym.agents import RandomAgent
from spa_gym.core.run_record import RunRecord
from spa_gym.leaderboard.evaluate import RESULT, evaluate
from spa_gym.leaderboard.verify import verify as verify_result
from tests.toy import TOY_ID

NUM_TASKS = 6
verify = partial(verify_result, env_id=TOY_ID, progress_bar=False)
"""The toy is not of the package, so the verifier names it."""


def toy_result(out: Path, agent: Any = None, **options: Any) -> RunRecord:
    """Evaluate an agent, by default a random one, on the toy."""
    options = {"num_envs": 3, "seed": 1, "progress_bar": False, **options}
    return evaluate(TOY_ID, {}, "train", agent or RandomAgent(seed=1), out_dir=out, **options)


def alter_result(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the JSON of a result in place."""
    data = json.loads((path / RESULT).read_text())
    change(data)
    (path / RESULT).write_text(json.dumps(data))


def nouns(text: str) -> list[str]:
    """A noun tagger of one's own, for `noun_tagger="tests.leaderboard.results:nouns"`."""
    return text.lower().split()
