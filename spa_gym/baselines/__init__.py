"""Language-model baselines: models, rollouts, training stages and credit methods (needs the ``train`` extra)."""

from __future__ import annotations

__all__: list[str] = []
