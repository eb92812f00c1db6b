"""`ReActAction`: takes the action out of a reply in the ReAct form, "Thought: ... Action: ...".

The grammar, read line by line:

    reply       = { any line } action-line { any line }
    action-line = "Action:" action            the first line that starts with the label counts

Case and space around the label do not matter. The action is the rest of that line, trimmed; when nothing follows the
label there, it is the next line that is not blank. What comes before is the thought (its label "Thought:" is
dropped), what comes after (an observation that the model made up) is ignored. A reply without an action passes
through unchanged: a bare action still works, and anything else is answered by the environment as not understood.
"""

from __future__ import annotations

import gymnasium
from gymnasium.utils import RecordConstructorArgs

from spa_gym.core.errors import BadArgument
from spa_gym.core.spaces import Unicode

__all__ = ["ReActAction", "parse_react"]

_ACTION, _THOUGHT = "action:", "thought:"


def parse_react(reply: str) -> tuple[str, str] | None:
    r"""Splits a reply into thought and action.

    Args:
        reply: What the model wrote.

    Returns:
        Thought and action, or None when the reply holds no action.

    Example:
        >>> parse_react("Thought: A desk is near.\nAction: go to desk 1\nObservation: ...")
        ('A desk is near.', 'go to desk 1')
        >>> parse_react("go to desk 1") is None
        True
    """
    lines = [line.strip() for line in reply.splitlines()]
    for number, line in enumerate(lines):
        if line[: len(_ACTION)].lower() == _ACTION:
            action = line[len(_ACTION) :].strip() or next(filter(None, lines[number + 1 :]), "")
            thought = "\n".join(lines[:number]).strip()
            if thought[: len(_THOUGHT)].lower() == _THOUGHT:
                thought = thought[len(_THOUGHT) :].strip()
            return (thought, action) if action else None
    return None


class ReActAction(gymnasium.ActionWrapper[str, str, str], RecordConstructorArgs):
    """Lets an agent answer with a thought and an action; only the action reaches the environment.

    Args:
        env: The environment.
        max_thought_length: Room in the action space for what is not the action, in characters.

    Raises:
        BadArgument: The environment's actions are not texts, or the length is negative.
    """

    def __init__(self, env: gymnasium.Env[str, str], max_thought_length: int = 16_384) -> None:
        RecordConstructorArgs.__init__(self, max_thought_length=max_thought_length)
        gymnasium.ActionWrapper.__init__(self, env)
        space = env.action_space
        if not isinstance(space, Unicode):
            raise BadArgument("an action space of texts (Unicode)", repr(space), "wrap the TextEnv before ActionChoice")
        if max_thought_length < 0:
            raise BadArgument("max_thought_length of at least 0", max_thought_length, "pass a number of characters")
        labels = len("Thought: \nAction: ")
        examples = tuple(f"Thought: I try this.\nAction: {example}" for example in space.examples)
        longest = max(space.max_length + max_thought_length + labels, *map(len, examples))
        self.action_space = Unicode(longest, examples)

    def action(self, action: str) -> str:
        """The action in a reply, or the reply itself where there is none."""
        parsed = parse_react(action) if isinstance(action, str) else None
        return action if parsed is None else parsed[1]
