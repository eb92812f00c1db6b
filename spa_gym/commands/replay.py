"""`spa-gym replay`: the recorded programs of a VirtualHome task file are replayed in the simulator.

spa-gym replay shared/data/virtualhome/eai_scene1_tasks.jsonl.gz --data-dir shared/data
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

if TYPE_CHECKING:
    from spa_gym.envs.virtualhome.official.task_file import Refusal
    from spa_gym.envs.virtualhome.replay import Replay

__all__ = ["ReplayTasks", "report_of"]


@dataclass
class ReplayTasks:
    """Replay the recorded programs of a VirtualHome task file: how many execute, how many reach their goal.

    The file may hold records in EAI's form, in the form of activities or in SPA's, packed or not.
    """

    file: Annotated[Path, tyro.conf.Positional]
    """The task file."""
    data_dir: str | None = None
    """Folder of the scenes; default: $SPA_GYM_DATA, or else the folder of the file."""
    fidelity: Literal["eai", "repaired", "2.3.0"] = "eai"
    """Simulator to replay in; the default is the one that the published files were recorded with."""
    show: int = 20
    """How many reasons, and names for each, to print of each kind of failure; -1: all."""

    def run(self) -> int:
        """Replay, and print the figures and the failures by name.

        Returns:
            0; 2 where not a single record of the file could be replayed.
        """
        from spa_gym.envs.virtualhome.replay import replay_file

        replay = replay_file(self.file, self.data_dir, self.fidelity, progress=True)
        print("\n".join(report_of(replay, self.show)))
        return 0 if replay.replayed else 2


def report_of(replay: Replay, show: int = 20) -> list[str]:
    """The lines to print.

    Args:
        replay: what became of the programs.
        show: how many reasons, and names for each, of each kind of failure; negative: all.
    """
    forms = ", ".join(f"{count} in the form {form!r}" for form, count in replay.forms.items())
    lines = [
        f"{replay.path}: {replay.records} records ({forms or 'none of them usable'}), simulator {replay.fidelity!r}",
        f"executed {replay.executed}/{replay.replayed}",
        f"reached their goal {replay.reached}/{replay.with_goal}",
    ]
    sections = (("refused", replay.refused), ("not executed", replay.failed), ("executed, goal missed", replay.missed))
    return lines + [line for title, entries in sections for line in _section(title, entries, show)]


def _section(title: str, entries: tuple[Refusal, ...], show: int) -> Iterator[str]:
    """A heading with the number, and each reason once with the names that it applies to."""
    if not entries:
        return
    yield f"{title}: {len(entries)}"
    names: dict[str, list[str]] = {}
    for name, reason in entries:
        names.setdefault(reason.replace(f"{name}: ", ""), []).append(name)
    shown = len(entries) if show < 0 else show
    for reason, those in list(names.items())[:shown]:
        more = f" ... ({len(those)} in all)" if len(those) > shown else ""
        yield f"  {', '.join(those[:shown])}{more}: {reason}"
    if len(names) > shown:
        yield f"  ... ({len(names)} reason{'s' if len(names) > 1 else ''} in all; --show -1 prints them)"
