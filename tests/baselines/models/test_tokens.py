"""From trajectory to ids: layout, masks, positions, and that sampled ids are kept as they are."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from spa_gym.baselines.models.codec import TEXT_LAYOUT, TINY_LAYOUT, Codec
from spa_gym.baselines.models.tokens import collate, encode, history_ids
from spa_gym.core.trajectory import Step, Trajectory
from tests.baselines.language import toy_codec


def trajectory(*steps: Step, final: str = "You are in room 2.") -> Trajectory:
    return Trajectory("SPA-Toy-v0", "t", "short", "g", steps, final, True, False, 1.0, True)


def byte_codec() -> Codec:
    """A general tokenizer: bytes, no specials of ours."""
    alphabet = {char: i for i, char in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    backend = Tokenizer(models.BPE(vocab=alphabet, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    return Codec(PreTrainedTokenizerFast(tokenizer_object=backend))


def test_tiny_layout_by_hand():
    codec = toy_codec()
    look, go = codec.encode_observation("You are in room 1."), codec.encode_action("go right")
    final = codec.encode_observation("You are in room 2.")
    row = encode(trajectory(Step("You are in room 1.", "go right", 0.0, True)), codec)
    assert codec.layout == TINY_LAYOUT
    assert row.ids == [1, *look, 2, *go, 3, *final]
    start = 1 + len(look) + 1
    assert row.step_starts == [start]
    assert row.step_ends == [start + len(go)]
    assert row.ids[row.step_ends[0]] == codec.eoa_id
    assert [i for i, chosen in enumerate(row.action_mask) if chosen] == list(range(start, start + len(go) + 1))


def test_text_layout_by_hand():
    codec = byte_codec()
    assert codec.layout == TEXT_LAYOUT
    row = encode(trajectory(Step("a", "b c", 0.0, True), final="d"), codec)
    assert codec.tokenizer.decode(row.ids) == "Observation: a\nAction: b c\nObservation: d"
    assert codec.tokenizer.decode([i for i, m in zip(row.ids, row.action_mask, strict=True) if m]) == " b c\n"
    assert codec.decode_action(codec.tokenizer.encode(" b c\n")) == "b c"


def test_sampled_ids_are_kept():
    codec = toy_codec()
    odd = (*[codec.encode_action(char)[0] for char in "go"], codec.eoa_id)  # not how the tokenizer would write "go"
    assert odd[:-1] != codec.encode_action("go")
    row = encode(trajectory(Step("x", "go", 0.0, True, action_ids=odd)), codec)
    assert tuple(row.ids[row.step_starts[0] : row.step_ends[0] + 1]) == odd


@pytest.mark.parametrize("ids", [(300,), ()])
def test_cut_action_ends_unmasked(ids):
    codec = toy_codec()
    row = encode(trajectory(Step("x", "?", 0.0, False, action_ids=ids)), codec)
    assert row.ids[row.step_ends[0]] == codec.eoa_id
    assert not row.action_mask[row.step_ends[0]]
    assert sum(row.action_mask) == len(ids)


def test_history_is_the_beginning_of_the_encoding():
    codec = toy_codec()
    steps = (Step("You are in room 1.", "go right", 0.0, True), Step("x", "?", 0.0, False, action_ids=(300,)))
    row = encode(trajectory(*steps), codec)
    head = [*codec.bos_ids, *history_ids(steps, codec, codec.reader())]
    assert row.ids[: len(head)] == head
    assert row.ids[len(head) :] == list(codec.encode_observation("You are in room 2."))


@settings(max_examples=60, deadline=None)
@given(st.text(), st.text(max_size=30))
def test_segments_decode_to_what_they_were(observation, action):
    codec = toy_codec()
    row = encode(trajectory(Step(observation, action, 0.0, True), final=""), codec)
    ids = row.ids[row.step_starts[0] : row.step_ends[0] + 1]
    assert codec.decode_action(ids) == action
    assert codec.tokenizer.decode(row.ids[1 : row.step_starts[0] - 1], skip_special_tokens=False) == observation


def test_lone_surrogates_do_not_stop_it():
    assert toy_codec().encode_observation("a\ud800b") == toy_codec().encode_observation("a?b")


def test_collate_pads_on_the_right():
    codec = toy_codec()
    short = encode(trajectory(), codec)
    long = encode(trajectory(Step("You are in room 1.", "go right", 0.0, True)), codec)
    batch = collate([short, long], codec.pad_id, multiple=8)
    assert batch.ids.shape[1] % 8 == 0
    assert batch.lengths.tolist() == [len(short.ids), len(long.ids)]
    for row, encoded in enumerate((short, long)):
        assert batch.ids[row, : len(encoded.ids)].tolist() == encoded.ids
        assert (batch.ids[row, len(encoded.ids) :] == codec.pad_id).all()
        assert batch.attention_mask[row].sum() == len(encoded.ids)
        assert batch.action_mask[row].sum() == sum(encoded.action_mask)
    assert batch.step_ends.tolist() == [[-1], long.step_ends]
    assert batch.to("cpu").step_starts.dtype == torch.long
