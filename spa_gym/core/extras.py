"""Optional dependencies: one function that imports a module of an extra, or says which pip line brings it.

Call it where the module is first needed (when an environment is made, when a model is built), never at import of the
package.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from gymnasium.error import DependencyNotInstalled

__all__ = ["require_extra"]


def require_extra(extra: str, module: str, purpose: str = "") -> ModuleType:
    """Import a module that only an extra brings.

    Args:
        extra: The extra's name in `pip install "spa-gym[extra]"`.
        module: The dotted name to import.
        purpose: What it is needed for, shown in the error.

    Returns:
        The imported module.

    Raises:
        DependencyNotInstalled: The module is not there or does not import; the message has the pip line.

    Example:
        >>> require_extra("alfworld", "json").__name__
        'json'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        what = f"{purpose} needs" if purpose else "this needs"
        raise DependencyNotInstalled(
            f'{what} the module {module!r}, which does not import here ({error}). Run: pip install "spa-gym[{extra}]"'
        ) from error
