"""What learns is tested in both number types, whichever is the faster one on the machine that runs the tests."""

from __future__ import annotations

import pytest

from spa_gym.baselines import device


@pytest.fixture(params=["float32", "bfloat16"], autouse=True)
def dtype(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The number type of the matrix products."""
    monkeypatch.setattr(device, "_chosen", device.DTYPES[request.param])
    return request.param
