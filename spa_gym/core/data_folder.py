"""Where the official data of an environment lie: what is looked at, in which order, and the refusal that says it all.

What is looked for at a place (a folder, an archive, files of one size) is each environment's own business; see `look`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from spa_gym.core.errors import DataNotFound

__all__ = ["DATA_VARIABLE", "find_data_at"]

DATA_VARIABLE = "SPA_GYM_DATA"
"""The environment variable that names a folder with the data of all environments, each in a folder of its own."""

T = TypeVar("T")


def find_data_at(
    data_dir: str | os.PathLike[str] | None,
    look: Callable[[Path], T | None],
    *,
    expected: str,
    mend: str,
    variable: str | None = None,
    default: str | None = None,
) -> T:
    """Find an environment's data.

    Where `data_dir` is given, nothing else is looked at. Otherwise the places are the environment's own variable,
    `$SPA_GYM_DATA`, and the folder in which the data's own tool leaves them, in this order.

    Args:
        data_dir: What the user passed; None: the other places.
        look: Returns what it finds at a path or in the folders below it where people keep it; None: nothing there.
        expected: What is looked for, in words.
        mend: The command that gets it, and how to pass it.
        variable: Name of the environment's own variable, where it has one.
        default: The folder that the data's own tool writes to, where it has one; "~" is the home.

    Returns:
        The first thing found.

    Raises:
        DataNotFound: There is nothing at any of the places; all of them are named.
    """
    if data_dir is not None:
        places = [("data_dir", os.fspath(data_dir))]
    else:
        variables = (variable, DATA_VARIABLE) if variable else (DATA_VARIABLE,)
        places = [(f"${name}", os.environ.get(name, "")) for name in variables]
        places += [("the default folder", default)] if default else []
    for _, text in places:
        found = look(Path(text).expanduser()) if text else None
        if found is not None:
            return found
    looked = ", ".join(f"{name} = {text!r}" if text else f"{name} (not set)" for name, text in places)
    raise DataNotFound(expected, f"nothing at {looked}", mend)
