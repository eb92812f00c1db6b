"""The command line `spa-gym`: which commands there are, and what becomes of errors and of Ctrl-C.

Exit codes: 0 done; 1 a result does not verify; 2 a mistake in what was asked for, or in data or agent (one message, no
traceback); 130 stopped by Ctrl-C (with what is saved and how to go on).
"""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, cast

import gymnasium.error
import tyro

from spa_gym.commands.alfworld_write import AlfworldWrite
from spa_gym.commands.evaluate import Evaluate, Verify
from spa_gym.commands.play import Play
from spa_gym.commands.replay import ReplayTasks
from spa_gym.commands.report import Report, Reproduce
from spa_gym.commands.serve import Serve
from spa_gym.core.errors import SpaGymError

__all__ = ["main"]

COMMANDS = {
    "play": Play,
    "evaluate": Evaluate,
    "verify": Verify,
    "report": Report,
    "reproduce": Reproduce,
    "serve": Serve,
    "alfworld-write": AlfworldWrite,
    "replay": ReplayTasks,
}
DESCRIPTION = "Text-agent environments, stepwise credit, and a benchmark of both."


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments without the program's name; default: those of the process.

    Returns:
        The exit code.
    """
    for stream in (sys.stdout, sys.stderr):  # a letter that the terminal does not have is shown as its escape
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    command: Any = None
    try:
        command = _parse(argv)
        return command.run()
    except (SpaGymError, gymnasium.error.Error) as error:
        print(f"spa-gym: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        said = command.interrupted() if hasattr(command, "interrupted") else "Stopped."
        print(f"\n{said}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `spa-gym report runs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parse(argv: Sequence[str] | None) -> Any:
    """The command with its options; tyro itself prints help and usage errors, and exits with 0 or 2."""
    union: Any = None
    for name, command in COMMANDS.items():
        member = Annotated[command, tyro.conf.subcommand(name)]
        union = member if union is None else union | member
    return tyro.cli(cast(Any, union), prog="spa-gym", description=DESCRIPTION, args=argv)


if __name__ == "__main__":
    sys.exit(main())
