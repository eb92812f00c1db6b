"""Tokens of a kind start alike, numbers by their size; what is no kind stays as it was."""

from __future__ import annotations

import torch

from spa_gym.baselines.models.kindred import relate_kinds, relate_numbers
from spa_gym.baselines.models.tiny import make_tiny
from spa_gym.baselines.models.tokenizer import train_tokenizer

IDS = [f"S{letter}{digit}" for letter in "ABCDEFGH" for digit in range(10)]
NUMBERS = [str(number) for number in (12, 13, 15, 400, 420, 900)]


def _model() -> tuple[torch.nn.Module, torch.Tensor, dict[str, int], object]:
    tokenizer = train_tokenizer(["buy lamp now"] * 9, [*IDS, *NUMBERS, "lamp"], 500)
    model = make_tiny(len(tokenizer), hidden=64, layers=1, heads=2, max_positions=64, seed=0)
    weight = model.get_input_embeddings().weight.data  # type: ignore[operator, union-attr]
    return model, weight, tokenizer.get_vocab(), tokenizer


def _alike(weight: torch.Tensor, one: int, other: int) -> float:
    return float(torch.cosine_similarity(weight[one], weight[other], dim=0))


def test_a_kind_has_half_of_its_vector_in_common() -> None:
    model, weight, vocab, tokenizer = _model()
    before = weight.clone()
    assert relate_kinds(model, tokenizer, [r"S[A-H]\d"], share=0.5) == len(IDS)  # type: ignore[arg-type]
    pairs = [_alike(weight, vocab[IDS[k]], vocab[IDS[-k - 1]]) for k in range(20)]
    assert 0.4 < sum(pairs) / len(pairs) < 0.6
    ids = [vocab[name] for name in IDS]
    assert abs(float(weight[ids].std() / before[ids].std()) - 1) < 0.2
    others = [index for token, index in vocab.items() if token not in IDS]
    assert torch.equal(weight[others], before[others])


def test_near_numbers_start_near_each_other() -> None:
    model, weight, vocab, tokenizer = _model()
    before = weight.clone()
    assert relate_numbers(model, tokenizer) == len(NUMBERS)  # type: ignore[arg-type]
    near = _alike(weight, vocab["12"], vocab["13"]), _alike(weight, vocab["400"], vocab["420"])
    far = _alike(weight, vocab["12"], vocab["900"]), _alike(weight, vocab["13"], vocab["400"])
    assert min(near) > max(far) > 0.1
    assert torch.equal(weight[vocab["lamp"]], before[vocab["lamp"]])
    assert torch.equal(weight[:260], before[:260])  # "7" as a byte is no number


def test_the_start_follows_the_seed() -> None:
    starts = []
    for seed in (3, 3, 4):
        model, weight, _, tokenizer = _model()
        relate_kinds(model, tokenizer, [r"S[A-H]\d"], seed=seed)  # type: ignore[arg-type]
        relate_numbers(model, tokenizer, seed=seed)  # type: ignore[arg-type]
        starts.append(weight.clone())
    assert torch.equal(starts[0], starts[1]) and not torch.equal(starts[0], starts[2])
