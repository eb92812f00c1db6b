"""Replaying the recorded programs of a task file: how many can be executed, and how many reach their goal."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from spa_gym.core.errors import DataCorrupt, DataNotFound
from spa_gym.envs.virtualhome.fidelity import fidelity_named
from spa_gym.envs.virtualhome.official.data_folder import find_folder
from spa_gym.envs.virtualhome.official.library import Library
from spa_gym.envs.virtualhome.official.playable import RECORDED_WITH
from spa_gym.envs.virtualhome.official.record import record_name
from spa_gym.envs.virtualhome.official.rerun import rerun
from spa_gym.envs.virtualhome.official.task_file import Refusal, TaskFile

__all__ = ["Replay", "replay_file"]


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of the programs of a file."""

    path: Path
    fidelity: str
    forms: dict[str, int]
    """Form of record (`eai`, `activity`, `spa`) -> how many of them were replayed."""
    records: int
    """All records of the file, those that were refused among them."""
    executed: int
    """Programs of which every action was executed."""
    with_goal: int
    """Replayed records that have a goal."""
    reached: int
    """Programs of these that were executed and after which the goal held."""
    refused: tuple[Refusal, ...]
    """Records that are broken or lack something, and why."""
    failed: tuple[Refusal, ...]
    """Programs that could not be executed to their end, and the action that failed."""
    missed: tuple[Refusal, ...]
    """Programs that were executed and missed their goal, and which parts of it."""

    @property
    def replayed(self) -> int:
        """Records that are usable."""
        return sum(self.forms.values())


def replay_file(
    path: str | os.PathLike[str],
    data_dir: str | os.PathLike[str] | None = None,
    fidelity: str = RECORDED_WITH,
    progress: bool = False,
) -> Replay:
    """Replay every program of a task file.

    Args:
        path: a file of records in EAI's form, the form of activities or SPA's (they may be mixed), packed or not.
        data_dir: the folder of the scenes, as everywhere; None: `$SPA_GYM_DATA`, or else the folder of the file.
        fidelity: one of `FIDELITIES`.
        progress: show a progress bar.

    Returns:
        The counts, and by name what went wrong.

    Raises:
        BadArgument: there is no such fidelity.
        DataNotFound: there is no such file, or no scenes.
        DataCorrupt: no line of it can be read, or the file of scenes is cut off.
    """
    fidelity_named(fidelity)
    file = TaskFile(path)
    library = Library(find_folder(_folder(file.path, data_dir)))
    forms: dict[str, int] = {}
    refused, failed, missed = [file.fault] if file.fault else [], [], []
    executed = with_goal = reached = 0
    for number in tqdm(
        file.numbers, desc=f"replaying {file.path.name}", unit="program", delay=1.0, disable=not progress
    ):
        name = f"line {number}"
        try:
            value = file.read(number)
            name = record_name(value, number)
            prepared = library.prepare(value, file.where(number, name), name)
        except (DataCorrupt, DataNotFound) as error:
            refused.append(Refusal(name, str(error)))
            continue
        forms[prepared.form] = forms.get(prepared.form, 0) + 1
        result = rerun(prepared, fidelity)
        with_goal += prepared.goal is not None
        executed += not result.stopped
        if result.stopped:
            failed.append(Refusal(name, result.stopped))
        elif result.missing:
            missed.append(Refusal(name, "; ".join(result.missing)))
        else:
            reached += prepared.goal is not None
    return Replay(
        file.path,
        fidelity,
        forms,
        len(file),
        executed,
        with_goal,
        reached,
        tuple(refused),
        tuple(failed),
        tuple(missed),
    )


def _folder(path: Path, data_dir: str | os.PathLike[str] | None) -> str | os.PathLike[str] | None:
    if data_dir is None and not os.environ.get("SPA_GYM_DATA"):
        for folder in path.absolute().parents[:2]:
            if (folder / "scenes.json").is_file():
                return folder
    return data_dir
