"""What comes back from a model: counted, said once in the log, and a reason to stop if all of it is useless.

A run in which no reply holds an action costs as much as a good one and looks like a weak model. So the first replies
are watched: if none can be read, or no action is executed, the run stops and shows the first reply.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable

from spa_gym.agents.protocol import AgentError, AgentUnusable

__all__ = ["ReplyWatch"]

logger = logging.getLogger(__name__)

_REMARKS = {
    "unparsed": "a reply without a definite action went to the environment as it is",
    "empty": "a reply without content: was all of it reasoning? Raise --agent-arg max_tokens",
    "cut": "a reply was cut at the token limit: raise --agent-arg max_tokens",
}


class ReplyWatch:
    """Counts replies.

    Args:
        patience: So many first replies may be useless, and so many requests may fail in a row; None: any number.
    """

    def __init__(self, patience: int | None) -> None:
        self.patience = patience
        self.counts: Counter[str] = Counter(
            dict.fromkeys(("replies", "unparsed", "empty", "cut", "failed", "prompt_tokens", "completion_tokens"), 0)
        )
        self._failures = self._judged = 0
        self._executed = False
        self._first = ""

    def reply(self, text: str, parsed: bool, cut: bool) -> None:
        """Count a reply.

        Raises:
            AgentUnusable: none of the first ones had an action.
        """
        self._first = self._first or text
        self._failures = 0
        self.counts["replies"] += 1
        kinds = {"empty": not text.strip(), "cut": cut, "unparsed": not parsed}
        for kind in (kind for kind, is_so in kinds.items() if is_so):
            if not self.counts[kind]:
                logger.warning("%s; such replies are counted", _REMARKS[kind])
            self.counts[kind] += 1
        if self._out_of_patience(self.counts["replies"]) and self.counts["unparsed"] == self.counts["replies"]:
            raise self._unusable(f"none of {self.counts['replies']} replies had one")

    def executed(self, grounded: Iterable[bool]) -> None:
        """Hear whether the environment executed the actions.

        Raises:
            AgentUnusable: it executed none of the first ones.
        """
        for is_so in grounded:
            self._judged += 1
            self._executed = self._executed or is_so
        if self._out_of_patience(self._judged) and not self._executed:
            raise self._unusable(f"none of {self._judged} actions was executed")

    def failed(self, failure: AgentError, lasting: bool) -> None:
        """Count a request that failed.

        Args:
            failure: What happened.
            lasting: The next request would fail, too.

        Raises:
            AgentUnusable: there is no use in going on.
        """
        self.counts["failed"] += 1
        self._failures += 1
        if lasting or self._out_of_patience(self._failures):
            raise AgentUnusable(failure.expected, failure.got, failure.mend)

    def _out_of_patience(self, number: int) -> bool:
        return self.patience is not None and number >= self.patience

    def _unusable(self, got: str) -> AgentUnusable:
        return AgentUnusable(
            expected="replies with an action that the environment understands",
            got=f"{got}; the first reply was {self._first[:500]!r}",
            mend="give a system_prompt that asks for a line 'Action: ...', raise max_tokens if the reply is cut, or "
            "play on all the same with --agent-arg patience=null",
        )
