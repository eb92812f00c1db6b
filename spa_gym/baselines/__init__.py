"""Language-model baselines: models, rollouts, training stages and credit methods (needs the ``train`` extra).

From the ground up; each imports only what stands above it in this list (`tests/test_floors.py`):

    distributed, device   processes and accelerators
    train_config          settings of a training, which both sides of the seam read
    credit                what a method says of a batch: Credit, with rewards, advantages, preferences or imitations
    models/               tokenizer and token layout, checkpoints, the forward that trains, optimisers
    rollout/              engines that play episodes, players that go on from places in them, the model as an agent
    seam                  what a method is and what it is told: Method, Batch, Study
    policy_evaluation     a policy on a split
    learning/             readings, advantages, losses, updates; imitation, preferences, progress estimators
    methods/              credit assignment, a file a method, found by name (`methods/registry.py`)
    training/             the stages, each a command: pretrain, sft, explore, estimator, train
    attribution/          is the credit right? Scored against Monte-Carlo continuations
    studies, experiment, reproduce, tuning ...    the tables: which runs, and running them

A reward from the environment to the loss: `core/text_env.py` returns it from `step`; `rollout/episode.py` keeps it in a
`Step`; `training/train.py` hands the played `Trajectory`s to the method in a `Batch` (`seam.py`); the method makes a
`Credit` (`credit.py`) of them (`methods/<name>.py`); `learning/learner.py` passes it on to `learning/batch.py` (critic,
GAE of `learning/advantages.py`, a number for each action token) and to `learning/updates.py`, whose clipped loss is in
`learning/losses.py`. Preferences and imitations go from `learning/learner.py` to `learning/preference.py` instead.

An observation from the simulator to the policy: the environment (`envs/<name>/env.py`) says it, the same to everybody;
`rollout/episode.py` receives it; the codec's reader (`models/codec.py`) takes what the view leaves of it
(`models/view.py`) and makes ids (`models/tokenizer.py`); `rollout/engine_cached.py` feeds them to the model's cache
(`rollout/fast_lm.py`) and draws the action. For the loss, `models/tokens.py` makes the ids of the whole episode again:
those that were read, by the same codec, and those that were emitted, as they are.
"""

from __future__ import annotations

__all__: list[str] = []
