"""A tokenizer for text worlds: every entity name is one token, every frequent phrase is one token.

Small models spend most of their training on learning to copy names out of the context. A name that is one token is
copied in one step. So names ("countertop 3", "countertop") become added tokens, found leftmost and longest and only at
word boundaries, and the text between two names goes to a byte-level BPE that does *not* split at white space first:
", a ", "You arrive at " or a whole greeting becomes one token each. Any text survives ``decode(encode(text))``.

Where most of a text is names (a shop's pages), the space between two of them would double the tokens. With
``implied_spaces`` one space between two names is no token: it is left out when encoding and put back by
``decode_ids``. A name is then the same single token after a space, a bracket or a dollar sign, and copying it from a
page into an action stays one step. A text that begins or ends with a single space at a name loses that space.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

__all__ = ["ACT", "BOS", "EOA", "PAD", "SPECIALS", "decode_ids", "names_pattern", "train_tokenizer"]

PAD, BOS, ACT, EOA = "<pad>", "<bos>", "<act>", "<eoa>"
SPECIALS = (PAD, BOS, ACT, EOA)
_NUM_BYTES = 256


def names_pattern(names: Sequence[str]) -> re.Pattern[str] | None:
    """Returns the pattern that finds names as the tokenizer does: longest first, at word boundaries.

    Args:
        names: entity names and type words.

    Returns:
        The compiled pattern, or None where there are no names.
    """
    if not names:
        return None
    longest_first = sorted(set(names), key=lambda name: (-len(name), name))
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)")


def train_tokenizer(
    texts: Iterable[str],
    names: Sequence[str],
    vocab_size: int,
    *,
    min_frequency: int = 4,
    max_token_length: int = 160,
    implied_spaces: bool = False,
) -> PreTrainedTokenizerFast:
    """Trains the tokenizer of a text world from nothing.

    Args:
        texts: observations and actions, as the policy will see them (each one a segment of its own).
        names: the names that become one token each; printable ASCII.
        vocab_size: size of the whole vocabulary: specials, 256 bytes, learnt phrases and names.
        min_frequency: how often a pair must be seen in ``texts`` to be merged.
        max_token_length: longest learnt phrase in characters.
        implied_spaces: one space between two names is no token.

    Returns:
        A fast tokenizer with the specials ``<pad> <bos> <act> <eoa>`` as ids 0 to 3. Specials that occur in a text
        are treated as text, so that no observation can forge the end of an action.

    Raises:
        ValueError: the vocabulary cannot hold the names, or a name is empty or not printable ASCII.
    """
    names = sorted(set(names), key=_natural)
    for name in names:
        if not name or not name.isascii() or not name.isprintable() or name != name.strip():
            raise ValueError(
                f"a name must be printable ASCII without outer spaces, got {name!r}; leave it to the phrases instead"
            )
    room = vocab_size - len(names) - len(SPECIALS) - _NUM_BYTES
    if room < 0:
        raise ValueError(
            f"vocab_size must be at least {vocab_size - room} for {len(names)} names, got {vocab_size}; "
            "raise vocab_size or pass fewer names"
        )
    tokenizer = Tokenizer(models.BPE())
    if implied_spaces:  # what lies between two names is normalised by itself, so this is a lone space and nothing else
        tokenizer.normalizer = normalizers.Replace(Regex(r"\A \z"), "")
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(names),
        min_frequency=1,
        special_tokens=[AddedToken(token, special=True, normalized=False) for token in SPECIALS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=max_token_length,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_segments(texts, names, min_frequency, implied_spaces), trainer=trainer)
    tokenizer.add_tokens([AddedToken(name, single_word=True, normalized=False) for name in names])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        bos_token=BOS,
        eos_token=EOA,
        additional_special_tokens=[ACT],
        clean_up_tokenization_spaces=False,
        split_special_tokens=True,
        **({_IMPLIED: True} if implied_spaces else {}),
    )


_IMPLIED = "implied_spaces"
"""Key in `tokenizer_config.json`."""


def decode_ids(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> str:
    """The text of ids, with the spaces that are implied between names."""
    names = _spaced_names(tokenizer)
    if not names:
        return str(tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False))
    texts = []
    for is_name, group in groupby(ids, key=names.__contains__):
        if is_name:
            texts.append(" ".join(names[index] for index in group))
        else:
            text = tokenizer.decode(list(group), skip_special_tokens=False, clean_up_tokenization_spaces=False)
            texts.append(str(text))
    return "".join(texts)


@lru_cache(maxsize=8)
def _spaced_names(tokenizer: PreTrainedTokenizerBase) -> dict[int, str]:
    """Id -> name where spaces between names are implied, else nothing."""
    if not tokenizer.init_kwargs.get(_IMPLIED):
        return {}
    backend: Any = tokenizer
    added: dict[str, int] = backend.get_added_vocab()
    return {index: name for name, index in added.items() if name not in SPECIALS}


def _segments(texts: Iterable[str], names: Sequence[str], min_frequency: int, implied_spaces: bool) -> Iterator[str]:
    """Yields the text between names, rare segments left out and counts damped.

    A template that is seen a thousand times would otherwise buy its merges before a hundred rarer templates get any;
    the merge order among templates does not matter for the result, only that each of them gets its own.
    """
    pattern = names_pattern(names)
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(pattern.split(text) if pattern else [text])
    for segment, count in counts.items():
        if segment and count >= min_frequency and not (implied_spaces and segment == " "):
            for _ in range(min(count, 1 + count.bit_length() ** 2)):
                yield segment


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key: numbers by value, so that ids of "drawer 2" and "drawer 10" follow each other as people count."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
