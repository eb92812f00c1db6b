"""The ids of the package: one table, registered when `spa_gym` is imported.

Entry points are strings, so that nothing heavy is imported before `gymnasium.make` and every spec goes through JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import gymnasium
from gymnasium.envs.registration import WrapperSpec

__all__ = ["REGISTRATIONS", "Registration", "register_envs"]


@dataclass(frozen=True, slots=True)
class Registration:
    """One row of the table."""

    id: str
    entry_point: str
    max_episode_steps: int
    """The step limits are those of SPA: WebShop 10, ALFWorld 40, VirtualHome 40."""
    kwargs: dict[str, Any] = field(default_factory=dict)
    wrappers: tuple[WrapperSpec, ...] = ()
    recordable: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """Arguments that a result of another person may set, with their values and ranges of whole numbers.

    What names code, a path or a program is not in it (`data_dir`, one's own `noun_tagger`, the browser), nor is the
    split, which a result names elsewhere.
    """

    def may_record(self, name: str, value: object) -> bool:
        """Tell whether a result may set an argument to this value; 1, 1.0 and True are three values."""
        return any(
            type(value) is int and value in known
            if isinstance(known, range)
            else type(value) is type(known) and value == known
            for known in self.recordable.get(name, ())
        )


_ALFWORLD = "spa_gym.envs.alfworld.env:ALFWorldEnv"
_WEBSHOP = "spa_gym.envs.webshop.env:WebShopEnv"
_VIRTUALHOME = "spa_gym.envs.virtualhome.env:VirtualHomeEnv"
_ORACLE = WrapperSpec(
    name="ProgressAttributionWrapper",
    entry_point="spa_gym.wrappers.progress_attribution:ProgressAttributionWrapper",
    kwargs={"estimator": "oracle"},
)

_BOOL, _SEED = (False, True), (range(2**63),)
_RECORDABLE = {
    "world_seed": _SEED,
    "progress": _BOOL,
    "render_mode": (None, "ansi"),
    "max_episode_steps": (None, range(1, 10_001)),
    "size": ("official", "small"),
}
_ALFWORLD_RECORDABLE = {
    **_RECORDABLE,
    "source": ("generated", "official"),
    "grammar": ("2.1.2", "2.1.1"),
    "engine": ("fast", "textworld"),
    "list_help": _BOOL,
}
_WEBSHOP_RECORDABLE = {
    **_RECORDABLE,
    "source": (None, "generated", "official"),
    "num_products": (None, range(1, 2_000_001)),  # the whole official file has 1.2 million
    "observation_mode": ("text", "text_rich", "html"),
    "human_goals": (None, *_BOOL),
    "data_seed": _SEED,
    "noun_tagger": (None, "builtin", "spacy"),
    "show_attrs": _BOOL,
    "backend": ("text",),
}
_VIRTUALHOME_RECORDABLE = {
    **_RECORDABLE,
    "source": ("generated", "official"),
    "fidelity": ("repaired", "2.3.0", "eai"),
    "observation": ("default", "spa"),
    "success": ("goal", "spa"),
}

REGISTRATIONS: tuple[Registration, ...] = (
    Registration("SPA-ALFWorld-v0", _ALFWORLD, 40, recordable=_ALFWORLD_RECORDABLE),
    Registration("SPA-ALFWorld-Dense-v0", _ALFWORLD, 40, wrappers=(_ORACLE,), recordable=_ALFWORLD_RECORDABLE),
    Registration("SPA-WebShop-v0", _WEBSHOP, 10, recordable=_WEBSHOP_RECORDABLE),
    Registration("SPA-WebShop-Dense-v0", _WEBSHOP, 10, wrappers=(_ORACLE,), recordable=_WEBSHOP_RECORDABLE),
    Registration("SPA-VirtualHome-v0", _VIRTUALHOME, 40, recordable=_VIRTUALHOME_RECORDABLE),
    Registration("SPA-VirtualHome-Dense-v0", _VIRTUALHOME, 40, wrappers=(_ORACLE,), recordable=_VIRTUALHOME_RECORDABLE),
)
"""Every id of the package."""


def register_envs() -> None:
    """Register every id of the table with Gymnasium; ids that are registered already stay as they are.

    Two of Gymnasium's wrappers are left out. `OrderEnforcing`: `TextEnv` refuses a step before reset (and after the
    end) itself, with a message that says what to do. `PassiveEnvChecker`: what it checks on the first calls, and much
    more, is checked once by `spa_gym.testing.check_text_env`. Both also forbid what the contract allows, to go on
    from `restore` in a fresh environment, and each costs a call a step (measured: 0.1 us and 0.05 us).
    There is no `vector_entry_point`: without one `gymnasium.make_vec` is sync by default and still takes `wrappers`
    and `vector_kwargs`, which it refuses with one; async works through `spa_gym.core.vector`.
    `spa_gym.core.async_vector.AsyncTextVectorEnv` also survives the death of a worker.
    """
    for row in REGISTRATIONS:
        if row.id not in gymnasium.registry:
            gymnasium.register(
                id=row.id,
                entry_point=row.entry_point,
                max_episode_steps=row.max_episode_steps,
                order_enforce=False,
                disable_env_checker=True,
                kwargs=dict(row.kwargs),
                additional_wrappers=row.wrappers,
            )
