"""Preferences and imitations: the loss by hand, which tokens it reads, and where it moves the probabilities."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from spa_gym.baselines.learning import preference
from spa_gym.baselines.learning.learner import Learner
from spa_gym.baselines.learning.preference import dpo_loss, encode_span, learn_preferences
from spa_gym.baselines.learning.readings import action_logprobs, tokens_per_step
from spa_gym.baselines.models.optimizers import Optimizers, adamw
from spa_gym.baselines.models.tokens import encode
from spa_gym.baselines.seam import Credit, Pair, Span
from spa_gym.baselines.train_config import TrainConfig
from spa_gym.core.errors import BadArgument, TrainingDiverged
from tests.baselines.language import toy_codec, toy_model
from tests.baselines.methods.toys import episode

CPU = torch.device("cpu")
SEEN = ("You are in room 1.", "You are in room 2. There is a key.", "You are in room 2.")
GOOD = episode(1.0, observations=SEEN, actions=("go right", "take key", "unlock door"), task="good")
BAD = episode(0.0, observations=SEEN, actions=("go right", "go left", "go left"), task="bad")
PAIR = Pair(Span(GOOD), Span(BAD))


class _World:
    """A policy, the imitated one, and the optimiser; small steps, so that directions are those of the gradient."""

    def __init__(self, **config: Any) -> None:
        self.policy, self.reference, self.codec = copy.deepcopy(toy_model()), toy_model(), toy_codec()
        self.config = TrainConfig(**{"epochs": 1, "minibatch": 4, "lr": 1e-4, **config})
        self.optimizer = Optimizers([adamw(self.policy.parameters(), self.config.lr)])

    def learn(self, credit: Credit, seed: int = 0) -> dict[str, float]:
        rng = random.Random(seed)
        return learn_preferences(credit, self.policy, self.reference, self.optimizer, self.codec, self.config, rng, CPU)

    def logprob(self, span: Span, model: Any = None) -> float:
        """Sum over the span's action tokens."""
        row = encode_span(span, self.codec)
        return float(action_logprobs([row], model or self.policy, self.codec.pad_id, CPU)[0].sum())

    def perturb(self, model: Any) -> None:
        noise = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.03 * torch.randn(parameter.shape, generator=noise)


def _weights(model: Any) -> list[torch.Tensor]:
    return [p.detach().clone() for p in model.parameters()]


def _same(a: Sequence[torch.Tensor], b: Sequence[torch.Tensor]) -> bool:
    return all(x.equal(y) for x, y in zip(a, b, strict=True))


# -- the loss ---------------------------------------------------------------------------------------------------------


def test_the_loss_by_hand() -> None:
    """Margins (-1 - -3) - (-4 - -2) = 4 and (0 - 1) - (2 - 0) = -3; -log sigmoid(x) = log(1 + e^-x)."""
    chosen, rejected = torch.tensor([-1.0, 0.0]), torch.tensor([-4.0, 2.0])
    losses = dpo_loss(chosen, rejected, torch.tensor([-3.0, 1.0]), torch.tensor([-2.0, 0.0]), beta=0.5)
    assert losses.tolist() == pytest.approx([math.log(1 + math.exp(-2.0)), math.log(1 + math.exp(1.5))])


def test_its_gradient_by_hand() -> None:
    """d loss / d log pi(chosen) = -beta sigmoid(-beta margin), and the opposite for the rejected."""
    chosen, rejected = torch.tensor([-1.0], requires_grad=True), torch.tensor([-4.0], requires_grad=True)
    dpo_loss(chosen, rejected, torch.tensor([-3.0]), torch.tensor([-2.0]), beta=0.5).sum().backward()
    wanted = 0.5 / (1 + math.exp(2.0))
    assert chosen.grad is not None and rejected.grad is not None
    assert float(chosen.grad) == pytest.approx(-wanted) and float(rejected.grad) == pytest.approx(wanted)


def test_no_margin_costs_log_two_whatever_beta_is() -> None:
    same = torch.tensor([-7.0])
    for beta in (0.05, 0.1, 5.0):
        assert float(dpo_loss(same, same, same, same, beta=beta)) == pytest.approx(math.log(2))


# -- spans ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "last"), [(0, None), (0, 1), (1, 2), (1, None), (2, 3), (0, 2)])
def test_a_span_reads_what_led_to_it_and_counts_its_own_actions(first: int, last: int | None) -> None:
    codec, whole = toy_codec(), encode(GOOD, toy_codec())
    row = encode_span(Span(GOOD, first, last), codec)
    end = 3 if last is None else last
    assert row.ids == whole.ids[: whole.step_ends[end - 1] + 1], "nothing is read after the last action"
    counted = [i for i, asked in enumerate(row.action_mask) if asked]
    wanted = [i for t in range(first, end) for i in range(whole.step_starts[t], whole.step_ends[t] + 1)]
    assert counted == wanted
    assert (row.step_starts, row.step_ends) == (whole.step_starts[:end], whole.step_ends[:end])


def test_an_end_that_the_policy_did_not_choose_does_not_count() -> None:
    codec = toy_codec()
    ids = tuple(codec.encode_action("go right"))
    cut = episode(0.0, observations=SEEN[:2], actions=("go right",) * 2, ids=[ids, (*ids, codec.eoa_id)])
    row = encode_span(Span(cut), codec)
    assert tokens_per_step(row) == [len(ids), len(ids) + 1]
    assert row.ids[row.step_ends[0]] == codec.eoa_id and not row.action_mask[row.step_ends[0]]


@pytest.mark.parametrize(("first", "last"), [(1, 1), (2, 1), (-1, 2), (0, 4), (3, None)])
def test_an_empty_span_is_refused(first: int, last: int | None) -> None:
    with pytest.raises(BadArgument, match="0 <= first < last <= 3"):
        Span(GOOD, first, last)


# -- what is learned --------------------------------------------------------------------------------------------------


def test_the_figures_of_a_first_update_are_those_of_the_models() -> None:
    world = _World()
    world.perturb(world.policy)
    chosen, rejected = Span(GOOD, 1), Span(BAD, 1)
    margins = [world.logprob(s) - world.logprob(s, world.reference) for s in (chosen, rejected)]
    imitated = world.logprob(Span(GOOD, 0, 2)) / sum(encode_span(Span(GOOD, 0, 2), world.codec).action_mask)
    credit = Credit(pairs=[Pair(chosen, rejected)], imitation=[Span(GOOD, 0, 2, weight=0.5)], dpo_beta=0.3)
    figures = world.learn(credit)
    assert abs(margins[0] - margins[1]) > 0.2
    wanted = math.log(1 + math.exp(-0.3 * (margins[0] - margins[1])))
    assert figures["dpo_loss"] == pytest.approx(wanted, abs=0.02)
    assert figures["dpo_accuracy"] == float(margins[0] > margins[1])
    assert figures["imitation_loss"] == pytest.approx(-0.5 * imitated, abs=0.02)
    assert figures["updates"] == 1 and figures["grad_norm"] > 0
    rows = (chosen, rejected, Span(GOOD, 0, 2))
    assert figures["tokens"] == sum(len(encode_span(s, world.codec).ids) for s in rows)


def test_the_acting_policy_as_reference_begins_without_a_margin() -> None:
    world = _World()
    world.perturb(world.policy)
    figures = world.learn(Credit(pairs=[PAIR], dpo_reference="acting"))
    assert figures["dpo_loss"] == pytest.approx(math.log(2), abs=5e-3)


def test_the_chosen_becomes_likelier_and_the_rejected_less() -> None:
    world = _World(epochs=8)
    spans = (Span(GOOD, 1), Span(BAD, 1))
    before = [world.logprob(s) for s in spans]
    reference = _weights(world.reference)
    first = _World().learn(Credit(pairs=[Pair(*spans)]))["dpo_loss"]
    figures = world.learn(Credit(pairs=[Pair(*spans)]))
    after = [world.logprob(s) for s in spans]
    assert after[0] > before[0] + 0.1 and after[1] < before[1] - 0.1
    assert figures["dpo_loss"] < first and figures["updates"] == 8
    assert _same(reference, _weights(world.reference)), "the imitated policy stays as it is"


def test_the_other_way_round_it_moves_the_other_way() -> None:
    world = _World(epochs=8)
    before = [world.logprob(s) for s in (Span(GOOD, 1), Span(BAD, 1))]
    world.learn(Credit(pairs=[Pair(Span(BAD, 1), Span(GOOD, 1))]))
    after = [world.logprob(s) for s in (Span(GOOD, 1), Span(BAD, 1))]
    assert after[0] < before[0] and after[1] > before[1]


def test_what_both_share_before_the_span_is_left_alone() -> None:
    """The first action is the same in both: with whole episodes it cancels, so both spans have the same gradient."""
    gradients = []
    for first in (0, 1):
        world = _World()
        items = preference._items(
            Credit(pairs=[Pair(Span(GOOD, first), Span(BAD, first))]), world.reference, world.codec, world.config, CPU
        )
        preference._gradients(items, world.policy, 0.1, world.codec, world.config, CPU)
        gradients.append(torch.cat([p.grad.flatten() for p in world.policy.parameters() if p.grad is not None]))
    assert float(torch.cosine_similarity(gradients[0], gradients[1], dim=0)) > 0.98


def test_what_is_imitated_becomes_likelier() -> None:
    world = _World(epochs=8)
    before = world.logprob(Span(GOOD))
    figures = world.learn(Credit(imitation=[Span(GOOD)]))
    assert world.logprob(Span(GOOD)) > before + 0.1
    assert "dpo_loss" not in figures and figures["updates"] == 8


def test_only_the_span_is_imitated() -> None:
    world = _World()
    whole, last = (world.logprob(s) for s in (Span(GOOD), Span(GOOD, 2)))
    tokens = [sum(encode_span(s, world.codec).action_mask) for s in (Span(GOOD), Span(GOOD, 2))]
    assert whole / tokens[0] != pytest.approx(last / tokens[1], abs=0.1)
    assert world.learn(Credit(imitation=[Span(GOOD, 2)]))["imitation_loss"] == pytest.approx(
        -last / tokens[1], abs=0.02
    )


def test_a_weight_of_nothing_teaches_nothing() -> None:
    world = _World(epochs=3)
    before = _weights(world.policy)
    figures = world.learn(Credit(imitation=[Span(GOOD, weight=0.0)]))
    assert figures == {"grad_norm": 0.0, "updates": 0, "tokens": 0} and _same(before, _weights(world.policy))
    mixed = world.learn(Credit(imitation=[Span(GOOD, weight=0.0), Span(BAD)]))
    assert mixed["updates"] == 3 and mixed["tokens"] == 3 * len(encode_span(Span(BAD), world.codec).ids)


# -- batches ----------------------------------------------------------------------------------------------------------


def test_a_mixed_batch_has_the_sum_of_both_gradients() -> None:
    pairs, imitation = [PAIR, Pair(Span(GOOD, 1, 2), Span(BAD, 1, 2))], [Span(GOOD), Span(BAD, 0, 1, weight=2.0)]
    gradients, figures = [], []
    for credit in (Credit(pairs=pairs, imitation=imitation), Credit(pairs=pairs), Credit(imitation=imitation)):
        world = _World()
        items = preference._items(credit, world.reference, world.codec, world.config, CPU)
        figures.append(preference._gradients(items, world.policy, 0.1, world.codec, world.config, CPU))
        gradients.append(
            torch.cat(
                [
                    torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten()
                    for p in world.policy.parameters()
                ]
            )
        )
    both, sum_of_both = gradients[0], gradients[1] + gradients[2]
    assert float((both - sum_of_both).norm() / both.norm()) < 0.1
    assert figures[0].keys() == figures[1].keys() | figures[2].keys()
    for part in figures[1:]:
        assert part == {key: pytest.approx(figures[0][key], abs=0.02) for key in part}


def test_minibatches_have_room_for_rows_and_a_pair_has_two() -> None:
    world = _World()
    credit = Credit(pairs=[PAIR] * 3, imitation=[Span(GOOD), Span(BAD)])
    items = preference._items(credit, world.reference, world.codec, world.config, CPU)
    assert [len(item.rows) for item in items] == [2, 2, 2, 1, 1]
    for rows, wanted in ((4, [2, 3]), (3, [1, 1, 2, 1]), (1, [1, 1, 1, 1, 1]), (99, [5])):
        batches = preference._minibatches(items, rows)
        assert [len(batch) for batch in batches] == wanted
        assert [item for batch in batches for item in batch] == items
    assert preference._minibatches([], 4) == []


def test_each_epoch_uses_everything_once() -> None:
    world = _World(epochs=2, minibatch=2)
    figures = world.learn(Credit(pairs=[PAIR] * 3, imitation=[Span(GOOD)] * 2))
    rows = [len(encode_span(s, world.codec).ids) for s in (Span(GOOD), Span(BAD))]
    assert figures["tokens"] == 2 * (3 * sum(rows) + 2 * rows[0])
    # Two imitations share an update only where the order puts them side by side.
    assert 2 * 4 <= figures["updates"] <= 2 * 5
    assert {"dpo_loss", "dpo_accuracy", "imitation_loss", "grad_norm"} <= figures.keys()


def test_the_order_is_that_of_the_generator() -> None:
    credit = Credit(pairs=[PAIR, Pair(Span(GOOD, 1), Span(BAD, 1))], imitation=[Span(GOOD), Span(BAD, 0, 1)])
    results = []
    for seed in (0, 0, 3):
        world = _World(minibatch=1, lr=1e-2)
        world.learn(credit, seed)
        results.append(_weights(world.policy))
    assert _same(results[0], results[1]) and not _same(results[0], results[2])


def test_a_credit_without_anything_to_learn_from() -> None:
    model = copy.deepcopy(toy_model())
    learner = Learner(model, toy_codec(), TrainConfig(epochs=1, minibatch=4), CPU)
    before = _weights(model)
    assert learner.learn([GOOD, BAD], Credit(), random.Random(0), iteration=0) == {"updates": 0.0, "tokens": 0.0}
    assert _same(before, _weights(model))


def test_advantages_and_imitation_go_together() -> None:
    learner = Learner(copy.deepcopy(toy_model()), toy_codec(), TrainConfig(epochs=1, minibatch=4, kl=0.0), CPU)
    advantages = [torch.ones(3).double().numpy(), -torch.ones(3).double().numpy()]
    credit = Credit(advantages=advantages, imitation=[Span(GOOD)])
    figures = learner.learn([GOOD, BAD], credit, random.Random(0), iteration=0)
    rows = [len(encode(t, toy_codec()).ids) for t in (GOOD, BAD)]
    imitated = len(encode_span(Span(GOOD), toy_codec()).ids)
    assert figures["updates"] == 2 and figures["tokens"] == sum(rows) + imitated
    assert {"policy_loss", "imitation_loss"} <= figures.keys()


# -- what is not a number ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "credit",
    [
        Credit(imitation=[Span(GOOD, weight=float("nan"))]),
        Credit(pairs=[PAIR], dpo_beta=float("nan")),
        Credit(pairs=[PAIR], imitation=[Span(BAD, weight=float("inf"))]),
    ],
)
def test_a_loss_that_is_not_finite_stops_and_touches_nothing(credit: Credit) -> None:
    world = _World()
    before = _weights(world.policy)
    with pytest.raises(TrainingDiverged, match=r"_loss = (nan|inf) in a batch of \d episodes, tasks .*(good|bad)"):
        world.learn(credit)
    assert _same(before, _weights(world.policy))


def test_a_gradient_that_is_not_finite_stops_and_touches_nothing() -> None:
    world = _World()
    before = _weights(world.policy)
    next(iter(world.policy.parameters())).register_hook(lambda gradient: gradient * float("inf"))
    with pytest.raises(TrainingDiverged, match="grad_norm"):
        world.learn(Credit(pairs=[PAIR]))
    assert _same(before, _weights(world.policy))
    assert all(p.grad is None for p in world.policy.parameters()), "what is broken is not added to"
