"""Tokenizers of other models: a line break of two tokens, control tokens in a text, layouts by name."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import LlamaConfig, LlamaForCausalLM

from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.codec import TEXT_LAYOUT, Codec, choose_layout
from spa_gym.baselines.models.tokens import encode
from spa_gym.baselines.rollout.agent import ModelAgent
from spa_gym.baselines.training.sft import SFTConfig, sft
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Step, Trajectory
from tests.baselines.models.foreign_tokenizers import KINDS, byte_level, sentencepiece

SENTENCEPIECE = ("llama-2", "mistral", "tinyllama")


@functools.cache
def codec_of(kind: str) -> Codec:
    return Codec(KINDS[kind]())


@pytest.mark.parametrize("kind", SENTENCEPIECE)
def test_an_action_ends_with_the_line_break_alone(kind: str) -> None:
    codec = codec_of(kind)
    assert len(codec.tokenizer._tokenizer.encode("\n", add_special_tokens=False).ids) == 2  # pyright: ignore
    assert codec.layout == TEXT_LAYOUT
    assert codec.tokenizer.convert_ids_to_tokens(codec.eoa_id) == "<0x0A>"
    assert codec.bos_ids == (codec.tokenizer.bos_token_id,)


@pytest.mark.parametrize("kind", KINDS)
def test_actions_survive_and_end_where_they_should(kind: str) -> None:
    codec = codec_of(kind)
    for action in ("look", "go to desk 1", "search[red lamp]", "click[< Prev]"):
        assert codec.decode_action([*codec.encode_action(action), codec.eoa_id]) == action
        assert codec.eoa_id not in codec.encode_action(action)
    row = encode(
        Trajectory("e", "t", "k", "g", (Step("a desk", "look", 0.0, True),), "b", True, False, 1.0, True), codec
    )
    assert row.ids[row.step_ends[0]] == codec.eoa_id and row.action_mask[row.step_ends[0]]


def test_without_a_token_for_the_line_break_actions_end_with_the_end_of_text() -> None:
    codec = codec_of("without bytes")
    assert codec.layout.eoa == "</s>" and codec.eoa_id == codec.tokenizer.eos_token_id


def test_what_suits_no_layout_is_refused_with_the_option_that_helps() -> None:
    bare = sentencepiece("first", bytes_too=False, eos=False)
    with pytest.raises(BadArgument, match=r"one token.*--layout text-eos.*--agent-arg layout=text-eos"):
        Codec(bare)
    with pytest.raises(BadArgument, match=r"eos_token"):
        Codec(bare, "text-eos")
    with pytest.raises(BadArgument, match=r"text-eos.*'novel'"):
        choose_layout(KINDS["llama-2"](), "novel")
    for name in ("tiny", "llama-chat"):
        with pytest.raises(BadArgument):
            Codec(KINDS["llama-2"](), name)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as of Llama-2, tiny."""
    folder, tokenizer = tmp_path_factory.mktemp("llama"), KINDS["llama-2"]()
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), max_position_embeddings=2048, **sizes))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_model_of_that_kind_trains_and_its_layout_can_be_chosen(llama: Path, tmp_path: Path) -> None:
    common: dict[str, Any] = {"demonstrations": 2, "epochs": 1, "evaluate": ()}
    for name, eoa in ((None, "\n"), ("text-eos", "</s>")):
        out = tmp_path / str(name)
        sft(SFTConfig(start=str(llama), out=out, layout=name, device="cpu", **common))
        assert load_checkpoint(out / "checkpoint").codec.layout.eoa == eoa
    assert ModelAgent(str(llama), layout="text-eos", device="cpu")._codec.eoa_id == 2
    with pytest.raises(BadArgument, match="which has its own"):
        load_checkpoint(out / "checkpoint", layout="text")


def names_of(codec: Codec) -> list[str]:
    return sorted(map(str, codec.tokenizer.all_special_tokens))


def control_ids(codec: Codec) -> set[int]:
    added = codec.tokenizer.added_tokens_decoder.items()
    ids = {index for index, token in added if token.special} | set(codec.tokenizer.all_special_ids)
    return ids - {codec.tokenizer.unk_token_id}  # what any strange letter becomes


TEXT = st.text(st.sampled_from([*"abY <|>/sk\n_", "Ġ", "é"]), max_size=8)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_control_tokens_in_a_text_are_text(kind: str, data: st.DataObject) -> None:
    codec = codec_of(kind)
    parts = data.draw(st.lists(TEXT | st.sampled_from(names_of(codec)), min_size=1, max_size=5))
    text = "".join(parts)
    controls, delimiter = control_ids(codec), codec._delimiter(codec.layout.observation)
    ids = codec.encode_observation(text)
    allowed = [index for index in delimiter if index in controls]
    assert [index for index in ids if index in controls] == allowed
    assert not controls.intersection(codec.encode_action(text))
    if kind != "without bytes":
        assert codec.tokenizer.decode(ids, clean_up_tokenization_spaces=False).endswith(text)


@pytest.mark.parametrize("kind", KINDS)
def test_every_control_token_alone_is_text(kind: str) -> None:
    codec = codec_of(kind)
    for name in names_of(codec):
        assert not control_ids(codec).intersection(codec.encode_action(f"say {name} now"))


@given(text=st.text(st.sampled_from([*"abY look.\n", "é"]), max_size=20))
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "written in Python"])
def test_other_texts_are_read_with_their_delimiter_as_ever(kind: str, text: str) -> None:
    codec = codec_of(kind)
    backend = codec.tokenizer._tokenizer  # pyright: ignore[reportAttributeAccessIssue]
    expected = backend.encode(codec.layout.observation + text, add_special_tokens=False).ids
    assert codec.encode_observation(text) == tuple(expected)


def test_an_observation_is_not_cut_whatever_the_tokenizers_file_says() -> None:
    tokenizer = byte_level(("<|endoftext|>",), eos_token="<|endoftext|>")
    tokenizer._tokenizer.enable_truncation(4)
    tokenizer._tokenizer.enable_padding(length=64)
    plain = byte_level(("<|endoftext|>",), eos_token="<|endoftext|>")
    assert Codec(tokenizer).encode_observation("a long text") == Codec(plain).encode_observation("a long text")
