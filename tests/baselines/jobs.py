"""Runs for the tests of `experiment`: processes import them from here."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from spa_gym.baselines.training.resume import plain_settings
from spa_gym.core.run_record import RunRecord


@dataclass(frozen=True)
class JobConfig:
    """What a run does."""

    out: Path
    does: str = "ends"
    steps: int = 3


def work(config: JobConfig) -> None:
    """Go on from the step that was reached; `fails` raises in the middle, until a file says that it is mended."""
    print("words of the run", os.environ.get("SPA_GYM_TEST_WORD"))
    place = config.out / "state" / "position.json"
    step = json.loads(place.read_text())["position"]["env_steps"] if place.exists() else 0
    while step < config.steps:
        step += 1
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps({"position": {"env_steps": step, "curves": {"success_batch": [0.5]}}}))
        with (config.out / "steps.txt").open("a") as file:
            file.write(f"{step} {os.getpid()}\n")
        if config.does == "fails" and step == 2 and not (config.out / "mended").exists():
            raise RuntimeError("the reason why it fails")
        if config.does == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if config.does == "sleeps":
            time.sleep(600)
    if config.does != "forgets":
        RunRecord("train", "test", "none", settings=plain_settings(config)).save(config.out / "record.json")
