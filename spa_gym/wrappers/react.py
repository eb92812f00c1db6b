"""`ReActAction`: takes the action out of a reply, "Thought: ... Action: ..." or one of the other usual forms.

What counts as the action is said in `spa_gym.core.replies`, which the chat agent uses too. A reply without a definite
action goes to the environment trimmed, which answers that it does not understand.
"""

from __future__ import annotations

import gymnasium
from gymnasium.utils import RecordConstructorArgs

from spa_gym.core.errors import BadArgument
from spa_gym.core.replies import parse_reply
from spa_gym.core.spaces import Unicode

__all__ = ["ReActAction", "parse_react"]


def parse_react(reply: str) -> tuple[str, str] | None:
    r"""Split a reply into thought and action.

    Args:
        reply: What the model wrote.

    Returns:
        Thought and action, or None if the reply holds no definite action.

    Example:
        >>> parse_react("Thought: A desk is near.\nAction: go to desk 1\nObservation: ...")
        ('A desk is near.', 'go to desk 1')
        >>> parse_react("go to desk 1")
        ('', 'go to desk 1')
    """
    parsed = parse_reply(reply)
    return (parsed.thought, parsed.action) if parsed.action else None


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
        """The action in a reply, or the trimmed reply if it has none."""
        return parse_reply(action).sent if isinstance(action, str) else action
