"""Small tokenizers of the kinds that people start from, made here: nothing is downloaded."""

from __future__ import annotations

import string
from collections.abc import Callable

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

__all__ = ["KINDS", "byte_level", "sentencepiece"]

_GPT2 = ("<|endoftext|>",)
_QWEN = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_pad|>")
_LLAMA3 = ("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")


def _fast(backend: Tokenizer, specials: tuple[str, ...], **names: str) -> PreTrainedTokenizerFast:
    backend.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in specials])
    return PreTrainedTokenizerFast(tokenizer_object=backend, clean_up_tokenization_spaces=False, **names)


def byte_level(specials: tuple[str, ...], **names: str) -> PreTrainedTokenizerFast:
    """Bytes and a few merges, split as GPT-2 does."""
    vocab = {char: i for i, char in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    merges = [("Ġ", "Y"), ("l", "o"), ("o", "k"), ("Ċ", "Ċ"), ("<", "|")]
    for merge in merges:
        vocab["".join(merge)] = len(vocab)
    backend = Tokenizer(models.BPE(vocab=vocab, merges=merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    return _fast(backend, specials, **names)


def sentencepiece(prepend: str, *, bytes_too: bool = True, eos: bool = True) -> PreTrainedTokenizerFast:
    """As Llama-2, Mistral 0.x and TinyLlama: a space before every text, and bytes for what has no token."""
    specials = ("<unk>", "<s>", "</s>")
    pieces = [*specials, *(f"<0x{i:02X}>" for i in range(256) if bytes_too)]
    pieces += ["▁", *(char for char in string.printable[:95] if char != " ")]
    merges = []
    for word in ("▁look", "▁desk", "Observation", "Action"):
        for end in range(1, len(word)):
            if (merge := (word[:end], word[end])) not in merges:
                merges.append(merge)
                pieces.append(word[: end + 1])
    vocab = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    backend = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", byte_fallback=bytes_too))
    if prepend == "normalizer":
        backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=prepend, split=False)
    spaces = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    backend.decoder = decoders.Sequence(spaces)
    ends = {"eos_token": "</s>"} if eos else {}
    return _fast(backend, specials, unk_token="<unk>", bos_token="<s>", **ends)


def _python() -> PreTrainedTokenizerBase:
    from transformers import ByT5Tokenizer

    return ByT5Tokenizer()


KINDS: dict[str, Callable[[], PreTrainedTokenizerBase]] = {
    "gpt2": lambda: byte_level(_GPT2, bos_token=_GPT2[0], eos_token=_GPT2[0]),
    "qwen": lambda: byte_level(_QWEN, eos_token="<|im_end|>", pad_token="<|endoftext|>"),
    "llama-3": lambda: byte_level(_LLAMA3, bos_token=_LLAMA3[0], eos_token="<|eot_id|>"),
    "llama-2": lambda: sentencepiece("normalizer"),
    "mistral": lambda: sentencepiece("first"),
    "tinyllama": lambda: sentencepiece("always"),
    "without bytes": lambda: sentencepiece("first", bytes_too=False),
    "written in Python": _python,
}
