"""The leaderboard: evaluate an agent, verify its result, make tables and pictures of run records."""

from __future__ import annotations
