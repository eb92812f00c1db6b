"""`spa-gym serve webshop`: the shop as a web site, for a person with a browser.

    spa-gym serve webshop --port 3000

serves the generated shop at http://127.0.0.1:3000/ until Ctrl-C: the same products, tasks, rules and scores as
`SPA-WebShop-v0`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import tyro

from spa_gym.commands.options import KeyValues, env_kwargs

__all__ = ["Serve"]


@dataclass
class Serve:
    """Serve an environment as a web site for a person."""

    what: Annotated[Literal["webshop"], tyro.conf.Positional] = "webshop"
    """The environment."""
    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 for everybody in the network."""
    port: int = 3000
    """Port to listen on; 0 for a free one."""
    source: Literal["generated", "official"] | None = None
    """Whose products; default: official where --data-dir is given, else generated."""
    split: str = "all"
    """Which tasks."""
    num_products: int | None = None
    """Products of the shop."""
    world_seed: int = 0
    """Which generated shop."""
    human_goals: bool | None = None
    """Of official data: the instructions that people wrote, or the synthetic ones."""
    show_attrs: bool = False
    """Item pages have a fourth tab, Attributes."""
    data_dir: str | None = None
    """Folder of the official data."""
    env_arg: KeyValues = field(default_factory=list)
    """Further argument of the environment; may be given several times."""

    def run(self) -> int:
        """Serve until Ctrl-C."""
        from spa_gym.envs.webshop.env import WebShopEnv
        from spa_gym.envs.webshop.site.server import SiteServer
        from spa_gym.envs.webshop.site.site import Site

        env = WebShopEnv(**self._arguments())
        server = SiteServer(Site(env.shop, env.tasks, env.scorer), self.host, self.port)
        size = f"{len(env.shop.catalogue):,} products, {len(env.tasks):,} tasks"
        print(f"WebShop ({size}) is at {server.url} - Ctrl-C ends it", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("\nStopped.")
        finally:
            server.server_close()
        return 0

    def _arguments(self) -> dict[str, Any]:
        given = {
            "source": self.source,
            "split": self.split,
            "num_products": self.num_products,
            "world_seed": self.world_seed,
            "human_goals": self.human_goals,
            "show_attrs": self.show_attrs,
        }
        return {**given, **env_kwargs(self.env_arg, self.data_dir)}
