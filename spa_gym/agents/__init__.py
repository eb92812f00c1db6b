"""Agents: whatever answers observations with actions. A trained policy is one too and lives in `spa_gym.baselines`."""

from __future__ import annotations

from spa_gym.agents.expert_agent import ExpertAgent
from spa_gym.agents.loading import load_agent
from spa_gym.agents.one_episode import FunctionAgent, as_agent
from spa_gym.agents.openai_server import OpenAIServerAgent
from spa_gym.agents.protocol import Agent, AgentUnusable
from spa_gym.agents.random_agent import RandomAgent

__all__ = [
    "Agent",
    "AgentUnusable",
    "ExpertAgent",
    "FunctionAgent",
    "OpenAIServerAgent",
    "RandomAgent",
    "as_agent",
    "load_agent",
]
