"""Where the official data of an environment lie: what is looked at, in which order, and the refusal that says it all.

What is looked for at a place (a folder, an archive, files of one size) is each environment's own business; see `look`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from spa_gym.core.arguments import one_of
from spa_gym.core.errors import BadArgument, DataNotFound

__all__ = ["DATA_VARIABLE", "find_data_at", "source_of_tasks"]

DATA_VARIABLE = "SPA_GYM_DATA"
"""The environment variable that names a folder with the data of all environments, each in a folder of its own."""

T = TypeVar("T")


def source_of_tasks(source: str | None, data_dir: str | os.PathLike[str] | None) -> str:
    """Return where an environment's tasks come from: `"official"` if a `data_dir` is given, unless `source` says it.

    Raises:
        BadArgument: `source` is neither `"generated"` nor `"official"`, or generated tasks are given a `data_dir`.

    Example:
        >>> source_of_tasks(None, None), source_of_tasks(None, "/data"), source_of_tasks("official", None)
        ('generated', 'official', 'official')
    """
    if source is None:
        return "generated" if data_dir is None else "official"
    one_of("source", source, ("generated", "official"))
    if source == "generated" and data_dir is not None:
        raise BadArgument("no data_dir with source='generated'", f"data_dir={data_dir!r}", "drop one of the two")
    return source


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
        BadArgument: `data_dir` is no path.
        DataNotFound: There is nothing at any of the places; all of them are named.
    """
    if data_dir is not None:
        path = os.fspath(data_dir) if isinstance(data_dir, (str, os.PathLike)) else data_dir
        if not isinstance(path, str):
            raise BadArgument("data_dir as a str or a path", f"{data_dir!r:.80}", "pass data_dir='FOLDER'")
        places = [("data_dir", path)]
    else:
        variables = (variable, DATA_VARIABLE) if variable else (DATA_VARIABLE,)
        places = [(f"${name}", os.environ.get(name, "")) for name in variables]
        places += [("the default folder", default)] if default else []
    looked = []
    for name, text in places:
        found, reason = _look(text, look) if text else (None, " (not set)")
        if found is not None:
            return found
        looked.append(f"{name} = {text!r:.300}{reason}" if text else f"{name}{reason}")
    raise DataNotFound(expected, f"nothing at {', '.join(looked)}", mend)


def _look(text: str, look: Callable[[Path], T | None]) -> tuple[T | None, str]:
    """What is found at a path, and why nothing can be there ("" if it could)."""
    try:
        return look(Path(text).expanduser()), ""
    except RuntimeError:
        return None, " (there is no such home folder)"
    except OSError as error:  # a name too long, a folder that may not be read
        return None, f" ({error.strerror})"
    except ValueError as error:  # a zero character
        return None, f" ({error})"
