"""Rollout engines: many episodes at once, one protocol, three ways to ask a language model for actions."""

from __future__ import annotations

__all__: list[str] = []
