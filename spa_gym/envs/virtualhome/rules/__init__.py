"""The 42 actions: for each verb what it needs and what it does, in a table by VirtualHome's names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from spa_gym.envs.virtualhome.rules import clothes, hands, movement, posture, puts, senses, switches, work
from spa_gym.envs.virtualhome.rules.rule import Rule
from spa_gym.envs.virtualhome.verbs import VERBS

__all__ = ["RULES", "Rule"]

_ALL = {
    **movement.RULES,
    **senses.RULES,
    **hands.RULES,
    **puts.RULES,
    **switches.RULES,
    **posture.RULES,
    **clothes.RULES,
    **work.RULES,
}

RULES: Final[Mapping[str, Rule]] = MappingProxyType({name: _ALL[name] for name in VERBS})
"""By verb, in the order of `VERBS`."""
