"""What environments keep on disk (parsed games, indexes) goes to a folder of the test session, never to the user's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def spa_gym_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set `$SPA_GYM_CACHE`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPA_GYM_CACHE", str(tmp_path_factory.mktemp("spa-gym-cache")))
        yield
