r"""Replies: the one action in what a language model wrote. The chat agent and `ReActAction` both read replies here.

A reply is read in this order; the first reader that finds an action decides:

1. What is no part of the answer goes: `<think>...</think>` (also without the opening tag, which some prompts write),
   all after an end-of-text token, and all after an invented observation that follows an action. A thought that is not
   closed was cut off: the reply has no action.
2. JSON with the key "action", or a tool call.
3. `<action>...</action>`; then lines that begin with "Action:" (bold, numbered, quoted, as a heading, "Next action:",
   with a full-width colon, the action on the next line or in a code fence); then "Action:" after a full stop; then the
   same with `answer`. Of several the last counts: a model may correct itself. Numbered labels ("Action 1:", then
   "Action 2:") are turns, of which the first counts. A label in the middle of a sentence does not count, and an action
   with an input of its own ("Action Input:") is none of a text world.
4. A reply without a label: one code fence of one line, `\boxed{...}`, the first line after a prompt "> ", the only
   `word[argument]`, or the only line, unless it reads as a sentence.

The final full stop, quotes and Markdown around an action go (`reply_text`). Time is linear in the reply's length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from spa_gym.core.reply_text import INPUT_KEYS, boxed, bracketed, is_prose, json_action, value_of

__all__ = ["Reply", "parse_reply", "without_thinking"]

_THINK = re.compile(
    r"[<\[◁](/?)(?:\w{1,20}:)?(?:think|thinking|thoughts?|reasoning|reflection|scratchpad|analysis)\s?[>\]▷]",
    re.I,
)
_TOKEN = re.compile(r"</?s>|<[be]os>|<(?:start|end)_of_turn>|<[|｜][^|｜\n]{1,40}[|｜]>|\[/?INST\]|\[EOS\]", re.I)
_INVISIBLE = re.compile("[\u200b\u2060\ufeff]")
_FINAL_CHANNEL = "<|channel|>final<|message|>"
_ROLE = re.compile(r"\s*(?:assistant|model|agent|ai)(?::|[ \t]*\n)", re.I)
_JSON = re.compile(r"\{\s*+[\"']")
_BEFORE_JSON = re.compile(r"[\W_]*+(?:(?:tool_?calls?|function_?calls?|json)[\W_]*+)?", re.I)
_NAMES = {
    "action": r"(?:action|act)(?![^\S\n]*+input)(?:[ ]is|[ ]to[ ]take)?|command",
    "answer": r"answer",
    "input": r"action[^\S\n]*+input",
    "thought": r"thoughts?|thinking|think|reasoning|reason|rationale|analysis|explanation|reflection|plan",
    "observation": r"observations?|obs|environment|env|results?|response|feedback|output|user|human|possible\s+actions",
}
_LABEL = re.compile(
    r"(?<![^\W_])(?:"
    + "|".join(f"(?P<{kind}>{names})" for kind, names in _NAMES.items())
    + r")(?![^\W\d_])[^\S\n]*+(?:\#?[(\[]?(?P<number>\d{1,4})[)\]]?)?(?:[^\S\n]|[*_`\"'”’\])])*+"
    + r"(?:(?P<colon>[:：﹕∶=→]|[-=]>)[*_]*+|$)",
    re.I | re.MULTILINE,
)
_LINE_START = re.compile(
    r"[\W_]*+(?:(?:step\s?)?\d{1,3}\s?[.):]\s?[\W_]*+)?"
    r"(?:(?:my|the|your|our|next|final|chosen|selected|best|current|proposed|new)\s++){0,3}",
    re.I,
)
_SENTENCE_END = re.compile(r".*[.!?。！？;；|)\]\"'*>]\s[\W_]*", re.DOTALL)
_LOOK_BACK = 120
_LONGEST_THOUGHT = 4_000
_TAG = re.compile(
    r"[<\[](?P<close>/?)(?:(?:next_)?action|command|parameter(?:(?:=| name=)\"?(?:action|command)\"?)?"
    r"|(?P<answer>answer)|(?P<observation>observation|environment|result))(?:\s[^<>\n]{0,80})?[>\]](?!\s?[:：])",
    re.I,
)
_ORDER = (("tag", "action"), ("line", "action"), ("inline", "action"), ("tag", "answer"), ("line", "answer"))
_NO_INPUT = frozenset({"", "none", "null", "{}", "n/a", "-"})


@dataclass(frozen=True)
class Reply:
    """A reply that was read."""

    action: str | None
    """The action; None where there is no definite one."""
    thought: str
    """What comes before the action, without the label "Thought:"; "" where nothing labels the action."""
    text: str
    """The whole reply, trimmed: what the environment gets where there is no definite action."""

    @property
    def sent(self) -> str:
        """What goes to the environment."""
        return self.text if self.action is None else self.action


@dataclass(frozen=True)
class _Mark:
    """A label or a tag."""

    kind: str
    start: int
    end: int
    form: str
    """One of line, inline, tag, close (of a tag), end (what follows is invented)."""
    number: str | None = None


def parse_reply(reply: str) -> Reply:
    r"""Find the one action in a reply. Never raises for a text.

    Example:
        >>> parse_reply("**Thought:** A desk is near.\n**Action:** `go to desk 1`.").action
        'go to desk 1'
        >>> parse_reply("Action: look\nObservation: a desk\nAction: go to desk 1").action
        'look'
        >>> parse_reply("<think>I should go to").action is None
        True
    """
    trimmed = reply.strip()
    if not trimmed:
        return Reply("", "", "")
    text = without_thinking("\n".join(_INVISIBLE.sub("", reply).splitlines()))
    if text is None or not (text := _until_end_token(text).strip()):
        return Reply(None, "", trimmed)
    action, start = _read(text)
    return Reply(action, _thought(text[:start]) if action is not None else "", trimmed)


def without_thinking(text: str) -> str | None:
    """The text outside of `<think>...</think>`; None where a thought is not closed.

    Example:
        >>> without_thinking("<think>a</think>look"), without_thinking("a</think>look"), without_thinking("<think>a")
        ('look', 'look', None)
    """
    kept: list[str] = []
    start, thinking = 0, False
    for tag in _THINK.finditer(text):
        if tag[1] and not thinking:
            kept.clear()  # the prompt opened it
        elif not thinking:
            kept.append(text[start : tag.start()])
        thinking, start = not tag[1], tag.end()
    return None if thinking else "".join([*kept, text[start:]])


def _until_end_token(text: str) -> str:
    """The first part between special tokens that says something; in gpt-oss' form, the final channel."""
    text = text.rpartition(_FINAL_CHANNEL)[2]
    start = 0
    for token in _TOKEN.finditer(text):
        if (part := _said(text[start : token.start()])).strip():
            return part
        start = token.end()
    return _said(text[start:])


def _said(part: str) -> str:
    role = _ROLE.match(part)
    return part[role.end() :] if role else part


def _thought(text: str) -> str:
    text = text.strip()
    label = _LABEL.search(text, 0, _LOOK_BACK)
    if label and label["thought"] and _begins_line(text, label.start()) is not None:
        return text[label.end() :].lstrip("*_ \n")
    return text


def _read(text: str) -> tuple[str | None, int]:
    """The action, and where its label begins."""
    marks = sorted([*_labels(text), *_tags(text)], key=lambda mark: mark.start)
    firm = [mark for mark in marks if mark.kind == "action" and mark.form in ("line", "tag")]
    for brace in _braces(text):
        if not firm or brace < firm[0].end:
            action = json_action(text[brace:])
            if action is not None or any(key in text[brace : brace + 2_000].lower() for key in INPUT_KEYS):
                return action, brace
    if firm:
        marks = [mark for mark in marks if mark.kind != "action" or mark.form != "inline"]
    marks = list(_until_invented(marks))
    found: tuple[str | None, int] | None = None
    for form, kind in _ORDER:
        if chosen := [mark for mark in marks if (mark.form, mark.kind) == (form, kind)]:
            found = _labelled(text, marks, chosen)
            if found[0] != "":
                break
    if found is not None:
        return found
    end = next((mark.start for mark in marks if mark.kind == "observation" and text[: mark.start].strip()), len(text))
    return _unlabelled(text[:end]), 0


def _labels(text: str) -> Iterator[_Mark]:
    """Labels at the beginning of a line, and those after a full stop."""
    for match in _LABEL.finditer(text):
        kind = next(name for name in _NAMES if match[name])
        before = _begins_line(text, match.start())
        around = text[match.start() - 1 : match.start()] + text[match.end(kind) : match.end(kind) + 1]
        if around in ('""', "''"):
            continue  # a key of JSON
        if before is not None:
            if match["colon"] or kind == "action" or {"#", "*"} & set(before):
                yield _Mark(kind, match.start() - len(before), match.end(), "line", match["number"])
        elif match["colon"] and kind in ("action", "observation", "thought"):
            before = text[max(0, match.start() - _LOOK_BACK) : match.start()].rpartition("\n")[2]
            inside = before.count("[") > before.count("]")
            labels = (
                match[0][0].isupper()
                and before[-1:] in (" ", "*")
                and (kind != "action" or before[-1:] == "*" or _ends_thought(text, match.start()))
            )
            if not inside and (labels or _SENTENCE_END.fullmatch(before)):
                yield _Mark(kind, match.start(), match.end(), "inline", match["number"])


def _begins_line(text: str, place: int) -> str | None:
    """What stands before `place` on its line if that is no word (a bullet, a number, "Next"), otherwise None."""
    begin = text.rfind("\n", max(0, place - _LOOK_BACK), place) + 1
    if (not begin and place > _LOOK_BACK) or not _LINE_START.fullmatch(text, begin, place):
        return None
    return text[begin:place]


def _ends_thought(text: str, place: int) -> bool:
    """Whether the line up to `place` is a thought with a label, as in "Thought: The mug is near Action: look"."""
    line = text[max(0, place - _LONGEST_THOUGHT) : place].rpartition("\n")[2]
    label = _LABEL.match(line)
    return bool(label and label["thought"] and line[label.end() :].strip())


def _tags(text: str) -> Iterator[_Mark]:
    for match in _TAG.finditer(text):
        kind = "observation" if match["observation"] else "answer" if match["answer"] else "action"
        yield _Mark(kind, match.start(), match.end(), "close" if match["close"] else "tag")


def _braces(text: str) -> Iterator[int]:
    """Where JSON objects may begin that are no part of a sentence; a few, so that nothing is read again and again."""
    for match in islice(_JSON.finditer(text), 8):
        begin = text.rfind("\n", max(0, match.start() - _LOOK_BACK), match.start()) + 1
        if _BEFORE_JSON.fullmatch(text, begin, match.start()):
            yield match.start()


def _until_invented(marks: list[_Mark]) -> Iterator[_Mark]:
    """The marks up to an observation, or a turn with another number, after the first action."""
    kind = "action" if any(mark.kind == "action" for mark in marks) else "answer"
    first: _Mark | None = None
    for mark in marks:
        acts = mark.kind == kind and mark.form != "close"
        if first and (mark.kind == "observation" or (acts and mark.number and mark.number != first.number)):
            yield _Mark("invented", mark.start, mark.end, "end")
            return
        first = first or (mark if acts else None)
        yield mark


def _labelled(text: str, marks: list[_Mark], chosen: list[_Mark]) -> tuple[str | None, int]:
    """The value of the last of the marks that has one; it goes to the next mark."""
    following = dict(zip(marks, [*marks[1:], None], strict=True))
    ends = {mark: after.start if after else len(text) for mark, after in following.items()}
    closed = [mark for mark in chosen if (after := following[mark]) and after.form == "close"]
    for mark in reversed(closed or chosen):
        value = value_of(text[mark.end : ends[mark]])
        after = following[mark]
        if after and after.kind == "input" and text[after.end : ends[after]].strip().lower() not in _NO_INPUT:
            return None, mark.start
        if value != "":
            return value, mark.start
    return "", chosen[0].start


def _unlabelled(text: str) -> str | None:
    """The action of a reply that labels none."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    lines = [line for line in lines if not _is_thought(line)]
    fences = [place for place, line in enumerate(lines) if line.startswith(("```", "~~~")) and line.count("`") < 6]
    if len(fences) in (1, 2):
        content = lines[fences[0] + 1 : fences[1] if len(fences) == 2 else None]
        if len(content) <= 1:
            return value_of("\n".join(lines[fences[0] : fences[0] + 3]))
    if (box := boxed(text)) is not None:
        return value_of(box)
    prompted = (line.lstrip("> ") for line in lines if line.startswith(">"))
    if action := next((line for line in prompted if not is_prose(line)), None):
        return value_of(action)
    if len(lines) == 1 and not is_prose(lines[0]):
        return value_of(lines[0]) if len(bracketed(lines[0])) < 2 else None
    inline = bracketed("\n".join(lines))
    return inline[0] if len(inline) == 1 else None


def _is_thought(line: str) -> bool:
    label = _LABEL.search(line, 0, _LOOK_BACK)
    return bool(label and label["thought"] and _begins_line(line, label.start()) is not None)
