"""How faithful the rules are to the original: which of its defects are mended.

`"2.3.0"` is the PyPI package as it is, `"eai"` has the three repairs with which the Embodied Agent Interface and SPA's
records were made, `"repaired"` is a house in which nothing gets lost or stuck. One flag for each group of defects, so
that a page can list them and a test can show each in both modes.

Kept in every mode, because recorded programs rely on it: closed doors never block the way, a thing can be put on
anything that is near (property SURFACES or not) and into anything that has no door, PUSH moves anything, TURNTO needs
no closeness, and closeness is loose (see `HouseState.near`). An unknown thing always fails, it never raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from spa_gym.core.arguments import one_of

__all__ = ["FIDELITIES", "Fidelity", "fidelity_named"]


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Which groups of defects are mended; all False is VirtualHome 2.3.0."""

    find_walks: bool = False
    """FIND of something far walks there; else it fails (the original raises)."""
    posture_persists: bool = False
    """Whoever sits or lies does so until standing up; else the rules read the character as it was at the start."""
    take_off_works: bool = False
    """PUTOFF takes clothes off; else it fails (the original raises)."""
    things_travel: bool = False
    """What is held or worn, with all that is in it or on it, is where the character is; GRAB leaves a container's
    content in it, and what is put somewhere is in that thing's room. Else held things lag one room behind, grabbing
    spills, and a content without a room can never be reached again."""
    no_knots: bool = False
    """Nothing is put on, in or into itself, something that is inside or on it, or inside the character."""
    seat_is_freed: bool = False
    """Standing up leaves the seat; else the character stays ON it, and it stays taken."""
    errors_fail: bool = False
    """PUTOBJBACK, PLUGOUT and WATCH fail on what the original notices and then does (or says it did) all the same."""
    grab_again: bool = False
    """What was worn or poured can be grabbed again; else it counts as grabbed for ever."""


_EAI = Fidelity(find_walks=True, posture_persists=True, take_off_works=True)

FIDELITIES: Final[Mapping[str, Fidelity]] = MappingProxyType(
    {
        "repaired": Fidelity(True, True, True, True, True, True, True, True),
        "2.3.0": Fidelity(),
        "eai": _EAI,
    }
)
"""By name; the first is the default."""


def fidelity_named(name: str) -> Fidelity:
    """The flags of a name.

    Raises:
        BadArgument: it is none of `FIDELITIES`.

    Example:
        >>> fidelity_named("eai").find_walks, fidelity_named("eai").no_knots
        (True, False)
    """
    one_of("fidelity", name, FIDELITIES)
    return FIDELITIES[name]
