"""The parser of replies: the usual forms, every action of the worlds in each of them, and texts made to hang it."""

from __future__ import annotations

import gymnasium as gym
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.core.replies import parse_reply, without_thinking
from tests.core.reply_cases import REPLIES

FORMS = (
    "{}",
    "  {}\n\n",
    "`{}`",
    "> {}",
    "{}</s>",
    "```\n{}\n```",
    "```text\n{}\n```",
    "Action: {}",
    "Action: {}.",
    'Action: "{}"',
    "Action: `{}`.",
    "ACTION:\t{}\r\n",
    "Action：{}",
    "**Action:** {}",
    "**Action: {}**",
    "_Action_: {}",
    "- Action: {}",
    "2. **Action:** `{}`",
    "> Action: {}",
    "### Next action\n\n{}",
    "Action:\n```\n{}\n```\nI hope so.",
    "Thought 3: It is near.\nAction 3: {}\nObservation 3: Done.\nAction 4: look",
    "Thought: It is near. Action: {}",
    "Action: {}<|im_end|>\n<|im_start|>user\nAction: dance",
    "<think>\nAction: dance?\n</think>\n\nAction: {}",
    "Action: dance is a bad idea</think>\n{}",
    "<think>a</think><action>\n{}\n</action>",
    "<action>Action: {}",
    "<answer>{}</answer>",
    "\\boxed{{{}}}",
)
ALPHABET = [
    "\n",
    " ",
    "`",
    "```",
    "*",
    "_",
    '"',
    "'",
    "[",
    "]",
    "<",
    ">",
    "{",
    "}",
    ":",
    ".",
    "1. ",
    "Action",
    "go",
    "x",
]
ALPHABET += [
    "<think>",
    "</think>",
    "<action>",
    "</action>",
    "Observation:",
    "Thought:",
    '{"action": "',
    "\\boxed{",
    "</s>",
]
replies = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(ALPHABET), max_size=40).map("".join))


@pytest.mark.parametrize(("reply", "action"), REPLIES)
def test_the_action_of_a_reply(reply: str, action: str | None) -> None:
    parsed = parse_reply(reply)
    assert parsed.action == action
    assert parsed.sent == (reply.strip() if action is None else action)


@pytest.mark.parametrize("env_id", ["SPA-WebShop-v0", "SPA-ALFWorld-v0", "SPA-VirtualHome-v0"])
def test_every_listed_action_is_found_in_every_form(env_id: str) -> None:
    env = gym.make(env_id)
    listed: set[str] = set()
    for seed in range(3):
        _, info = env.reset(seed=seed)
        plan = list(env.unwrapped.expert())  # type: ignore[attr-defined]
        for action in plan:
            listed.update(info["admissible_actions"])
            _, _, terminated, truncated, info = env.step(action)
            if terminated or truncated:
                break
    env.close()
    assert len(listed) > 20
    wrong = [
        (form, action)
        for action in sorted(listed)
        for form in FORMS
        if parse_reply(form.format(action)).action != action
    ]
    assert wrong == []


@given(replies)
@settings(max_examples=500)
def test_it_never_raises_and_gives_the_action_of_an_action(reply: str) -> None:
    parsed = parse_reply(reply)
    assert parsed.text == reply.strip()
    assert without_thinking(reply) is None or isinstance(without_thinking(reply), str)
    if parsed.action:
        again = parse_reply(f"<action>{parsed.action}</action>").action
        assert again is None or len(again) <= len(parsed.action), "what was taken off does not come back"


@pytest.mark.parametrize(
    "unit", [*ALPHABET, "a[", "[[", "\nAction: ", "\nObservation: ", "action(1 ", "<|a|>", "{'", "“", "\t"]
)
@pytest.mark.parametrize(
    "form", ["{}", "Action: {}", "{}\nAction: look", "<action>{}", '{{"action": "{}"}}', "```\n{}\n```"]
)
def test_a_long_reply_does_not_hang(unit: str, form: str) -> None:
    """A parser that is quadratic in one of these does not come back."""
    parse_reply(form.format(unit * (64_000 // len(unit))))
    parse_reply(form.format(unit * (16_000 // len(unit))))


def test_the_thought_is_what_comes_before() -> None:
    assert parse_reply("**Thought:** a\nb\n\nAction: look").thought == "a\nb"
    assert parse_reply("Thought: a <action>look</action>").thought == "a"
    assert parse_reply("look").thought == ""
