r"""What surrounds an action in a reply, and how it comes off: quotes, Markdown, JSON, `\boxed{}`, the final full stop.

The readers of `spa_gym.core.replies` say where an action is; here it is freed of what is no part of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["INPUT_KEYS", "MAX_ACTION", "boxed", "bracketed", "is_prose", "json_action", "value_of"]

MAX_ACTION = 16_384
"""A longer text is no action; it is the room that the action spaces of the worlds have."""

_PAIRS = ('""', "''", "“”", "‘’", "«»", "「」", "『』", "__", "$$")
_BRACKETS = ("[]", "()", "{}", "<>")
_BULLET = re.compile(r"(?:[->•·]+|\d{1,3}[.)])\s+")
_INNER_LABEL = re.compile(r"[\W_]*+(?:(?:next|final)\s+)?action\s*+\d{0,4}[*_`\"')\]]*+\s*+[:：]\s*", re.IGNORECASE)
_TEXT_COMMAND = re.compile(r"\\(?:text|texttt|textbf|mathrm|mathtt|mbox)\{(.*)\}")
_YAML_BLOCK = re.compile(r"\A[|>][-+]?\n\s*+")
_FENCE = re.compile(r"(?:`{3,}+|~{3,}+)([^\n]*+)\n")
_BRACKET = re.compile(r"(?<![a-z])[a-z]{1,40}\[|[\[\]\n]", re.IGNORECASE)
_INSIDE = re.compile(r"\[.*\]")
_SENTENCES = re.compile(r"[.!?。！？]\s+\S")
_SPEAKING = frozenset(
    "i i'm i'll i'd i've let let's we we'll you your my the it it's there this that these sorry okay ok sure first "
    "since because as so to now after based given in".split()
)
_CALL = re.compile(r"(?:\w*act(?:ion)?\(|\w+\(\s*+action\s*+=)\s*+(\".*\"|'.*')\s*+\)", re.IGNORECASE)
_CLOSED = re.compile(r"(.*)</\w{1,20}>")
_ACTION_KEYS = ("action", "next_action", "final_action", "command", "answer", "final_answer")
INPUT_KEYS = ("action_input", "action input")
_CALL_KEYS = ("arguments", "parameters", "args", "input", "function", "function_call", "tool_call", "tool_calls")
_MAX_DEPTH = 8
_MAX_LAYERS = 20
"""Of quotes and the like around one action; a bound keeps a text of quotes linear."""
_LOOSE_JSON = re.compile(
    r"""(["'])(?:next_)?action\1\s*+:\s*+(["'])((?:\\.|(?!\2)[^\\\n])*+)\2\s*+[,}]""", re.IGNORECASE
)


def value_of(block: str) -> str | None:
    r"""The action in the text after a label or inside a tag; None for one that takes its input elsewhere.

    Example:
        >>> value_of("\n```text\ngo to desk 1\n```"), value_of(' **"look"**. '), value_of('{"action": "look"}')
        ('go to desk 1', 'look', 'look')
    """
    block = _YAML_BLOCK.sub("", block.strip(), count=1)
    if fence := _FENCE.match(block):
        inside = re.split(r"`{3}|~{3}", block[fence.end() :], maxsplit=1)[0].strip()
        block = inside or fence[1].strip()  # a fence of one line is "```look"
    if block[:1] in ("{", "["):
        found = json_action(block)
        if found is not None or block[:1] == "{":
            return found
    if (box := boxed(block)) is not None:
        return _peel(box)
    whole = _peel(block.split("\n", 1)[0])
    inline = bracketed(whole or "")
    return inline[0] if len(inline) == 1 else whole


def _peel(line: str) -> str | None:
    """Take off quotes, Markdown, a bullet, brackets around the whole, and the final full stop.

    No action of the worlds ends in a full stop outside its brackets, so one there belongs to the sentence.

    Returns:
        What is left; None where it is too long for an action.
    """
    text = line.strip()
    if len(text) > MAX_ACTION:
        return None
    for _ in range(_MAX_LAYERS):
        before = text
        text = text.strip("*`|").rstrip(".。…").strip()
        if match := _BULLET.match(text) or _INNER_LABEL.match(text):
            text = text[match.end() :]
        if match := _TEXT_COMMAND.fullmatch(text) or _CALL.fullmatch(text) or _CLOSED.fullmatch(text):
            text = match[1]
        text = _without_pair(text)
        if text == before:
            break
    return text


def _without_pair(text: str) -> str:
    for opening, closing in _PAIRS:
        if len(text) > 1 and text[0] == opening and text[-1] == closing:
            return text[1:-1]
    for opening, closing in _BRACKETS:
        inside = text[1:-1]
        if text[:1] == opening and text[-1:] == closing and " " in inside and not {opening, closing} & set(inside):
            return inside
        if text[-1:] == closing and text.count(closing) > text.count(opening) and closing != ">":
            return text[:-1]  # it was opened before the label
    if text[-1:] in ('"', "”") and sum(map(_INSIDE.sub("", text).count, '"“”')) == 1:
        return text[:-1]
    if text[:1] in ('"', "“") and sum(map(_INSIDE.sub("", text).count, '"“”')) == 1:
        return text[1:]
    return text


def bracketed(text: str) -> list[str]:
    """The different actions of the form `word[argument]` in a text, in order; none goes over a line end.

    Example:
        >>> bracketed("I will now click[a [b]], not search[c].")
        ['click[a [b]]', 'search[c]']
    """
    found: dict[str, None] = {}
    opened: list[int] = []
    for match in _BRACKET.finditer(text):
        if match[0] == "\n":
            opened.clear()
        elif match[0] != "]":
            if opened or match[0] != "[":  # a bracket without a word before it opens nothing
                opened.append(match.start())
        elif opened:
            start = opened.pop()
            if not opened:
                found[text[start : match.end()]] = None
    return list(found)


def boxed(text: str) -> str | None:
    r"""The content of the last `\boxed{...}`, or None."""
    start = text.rfind("\\boxed{") + len("\\boxed{")
    depth = 1
    for place in range(start, min(len(text), start + MAX_ACTION) if start >= len("\\boxed{") else 0):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if not depth:
            return text[start:place]
    return None


def is_prose(line: str) -> bool:
    """Whether a line without a label reads as a sentence to somebody rather than as an action."""
    if len(line) > MAX_ACTION or line[:1] in ("{", "<"):
        return True
    if bullet := _BULLET.match(line):
        line = line[bullet.end() :]
    words = line.split(None, 1)
    return not words or words[0].lower().rstrip(",:") in _SPEAKING or bool(_SENTENCES.search(_INSIDE.sub("", line)))


def json_action(text: str) -> str | None:
    """The action in JSON (an object with the key "action", or a tool call) at the start of a text, or None.

    Example:
        >>> json_action('{"name": "act", "arguments": {"action": "look"}} and more'), json_action('{"action": 3}')
        ('look', None)
    """
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        match = _LOOSE_JSON.search(text, 0, 10 * MAX_ACTION)
        return _peel(match[3]) if match and not any(key in text for key in INPUT_KEYS) else None
    return _action_in(value)


def _action_in(value: Any, depth: int = 0) -> str | None:
    if depth > _MAX_DEPTH:
        return None
    if isinstance(value, str) and depth and value.lstrip()[:1] == "{":
        return json_action(value.lstrip())  # the arguments of a tool call are JSON in JSON
    if isinstance(value, list) and value:
        return _action_in(value[0], depth + 1)
    if not isinstance(value, Mapping):
        return None
    fields = {str(name).lower(): content for name, content in value.items()}
    if any(fields.get(name) for name in INPUT_KEYS):
        return None
    for name in _ACTION_KEYS:
        if isinstance(fields.get(name), str):
            return _peel(fields[name])
    nested = (_action_in(fields[name], depth + 1) for name in (*_ACTION_KEYS, *_CALL_KEYS) if name in fields)
    return next((action for action in nested if action is not None), None)
