"""The preset `paper`: its settings in each world, and the whole way with a small random Llama.

All its methods on one process, from exploration to the report; and `ppo` on one process and on two, in `paper_run.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym import cli
from spa_gym.baselines import distributed, experiment, paper_preset, reproduce
from spa_gym.baselines.learning.imitation import schedule
from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.codec import LLAMA_CHAT_LAYOUT
from spa_gym.baselines.paper_preset import paper_studies
from spa_gym.baselines.study_rows import method_rows
from spa_gym.baselines.training.sft import SFTConfig
from spa_gym.baselines.training.train import TrainConfig
from spa_gym.core.errors import BadArgument, DataNotFound
from spa_gym.core.run_record import RunRecord
from spa_gym.core.tasks import FixedTaskSet, TaskSet
from spa_gym.core.trajectory import read_jsonl
from spa_gym.envs.alfworld import env as alfworld
from tests.official_data import alfworld_archive, data_root, virtualhome_folder, webshop_folder

_PROGRAM = Path(__file__).with_name("paper_run.py")
_SPECIAL = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as Llama-3.2-3B-Instruct's: same classes, special tokens, kind of positions; two layers of width 64."""
    folder = tmp_path_factory.mktemp("model") / "llama"
    env, texts = gymnasium.make("SPA-ALFWorld-v0", size="small", split="train"), []
    for task in range(20):
        observation, info = env.reset(options={"task_id": task})
        texts += [observation, *info["admissible_actions"]]
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # type: ignore[assignment]
    bpe.decoder = decoders.ByteLevel()  # type: ignore[assignment]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        texts,
        trainers.BpeTrainer(vocab_size=600, special_tokens=_SPECIAL, initial_alphabet=alphabet, show_progress=False),
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token=_SPECIAL[0], eos_token=_SPECIAL[4])
    positions = {
        "rope_type": "llama3",
        "rope_theta": 500000.0,
        "factor": 32.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 512,
    }
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        rope_parameters=positions,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_model_is_asked_for_and_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="--model"):
        paper_studies(None)
    with pytest.raises(DataNotFound, match="config.json"):
        paper_studies(tmp_path)


def test_every_setting_is_one_of_the_stages(llama: Path, tmp_path: Path) -> None:
    studies = paper_studies(llama, tmp_path)
    limits = {name: study.env_kwargs["max_episode_steps"] for name, study in studies.items()}
    assert limits == {"alfworld": 40, "webshop": 10, "virtualhome": 40}
    for study in studies.values():
        preset = study.presets["paper"]
        assert study.env_kwargs["source"] == "official" and study.env_kwargs["data_dir"] == str(tmp_path)
        SFTConfig(**preset.sft)
        TrainConfig(**preset.training)
        assert {row.label for row in method_rows(preset)} == {"ppo", "grpo", "spa", "spa-released"}
    explored = {name: study.presets["paper"].options["spa"]["samples"] for name, study in studies.items()}
    assert explored == {"alfworld": 10, "webshop": 5, "virtualhome": 10}


_OFFICIAL = {"alfworld": alfworld_archive, "webshop": webshop_folder, "virtualhome": virtualhome_folder}


@pytest.mark.parametrize("world", list(_OFFICIAL))
def test_every_run_of_a_world_can_begin_on_the_official_data(
    world: str, llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runs that the command would start, each with its method, and the splits that are looked at."""
    if _OFFICIAL[world]() is None:
        pytest.skip(f"no official data of {world}: set SPA_GYM_DATA")
    jobs: list[experiment.Job] = []
    monkeypatch.setattr(reproduce, "run_jobs", lambda given, **_: jobs.extend(given))
    reproduce.reproduce("paper", tmp_path, [world], studies=paper_studies(llama, data_root()))
    imitation, *trainings = [job.config for job in jobs]
    assert [type(config) for config in (imitation, *trainings)] == [SFTConfig, *[TrainConfig] * 4]
    for config in trainings:
        assert make_method(config.method, config.options).name == config.method
        assert config.env_kwargs == imitation.env_kwargs and not config.exploration_in_budget
    played = trainings[0]
    assert played.final_splits == imitation.evaluate
    for split in (played.evaluate_split, *played.final_splits):
        env = gymnasium.make(played.env_id, split=split, progress=True, **played.env_kwargs)
        observation, info = env.reset(seed=0)
        assert len(observation) > 50 and info["admissible_actions"]
        assert env.spec is not None and env.spec.max_episode_steps == played.env_kwargs["max_episode_steps"]


def test_a_llama_is_spoken_to_in_its_own_turns(llama: Path) -> None:
    codec = load_checkpoint(llama).codec
    assert codec.layout == LLAMA_CHAT_LAYOUT and codec.bos_ids == (0,) and codec.eoa_id == 4
    seen = codec.encode_observation("go")
    assert (seen[0], codec.act_ids[:2]) == (2, (4, 2))
    assert codec.decode_action([*codec.encode_action("go to desk 1"), codec.eoa_id]) == "go to desk 1"


def test_a_cosine_rises_and_falls_to_nothing() -> None:
    said = [schedule(done, warmup=0.5, decay="cosine") for done in (0.25, 0.5, 0.75, 1.0)]
    assert said == pytest.approx([0.5, 1.0, 0.5, 0.0])


def test_one_process_shares_nothing_out() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    figures = {"loss": 2.0}
    distributed.connect()
    distributed.add_gradients([weight], figures)
    assert weight.grad is None and figures == {"loss": 2.0}
    assert distributed.size() == 1 and distributed.is_main()
    assert distributed.gather(distributed.share([3, 1, 2]), 3) == [3, 1, 2]
    assert distributed.from_main("here") == "here"


def _few_rooms() -> dict[str, TaskSet]:
    """By split: three tasks of 4 steps, which can be learned by heart, and two of more steps than an episode has."""
    env: Any = gymnasium.make("SPA-ALFWorld-v0", size="small", split="train").unwrapped
    numbers = {"train": (5, 8, 15, 1, 4), "valid_seen": (5, 1)}
    return {split: FixedTaskSet("few rooms", split, [env.tasks[i] for i in few]) for split, few in numbers.items()}


def test_every_method_of_the_preset_goes_from_the_model_to_the_report(
    llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One command: imitation, exploration and estimator of `spa`, groups of `grpo` and `spa-released`, the page.

    What is imitated is learned by heart, so that some of the explored episodes are solved, as the estimator needs.
    """
    rooms = _few_rooms()
    monkeypatch.setattr(alfworld, "generated_tasks", lambda seed, size, split: rooms[split])
    world = paper_preset._World(6, 5, 4, "valid_seen", "valid_seen", {"size": "small"})
    monkeypatch.setattr(paper_preset, "_WORLDS", {"alfworld": world})
    monkeypatch.setattr(paper_preset, "_EPISODES", 16)
    imitation = {"epochs": 110, "adamw_lr": 1e-2, "rows": 3}
    training = {"episodes": 8, "minibatch": 8, "epochs": 2, "lr": 1e-3, "evaluate_tasks": 2}
    for settings, changes in (
        (paper_preset._SFT, imitation),
        (paper_preset._TRAINING, training),
        (paper_preset._FIT, {"lr": 1e-2, "batch_episodes": 4}),
    ):
        for name, value in changes.items():
            monkeypatch.setitem(settings, name, value)
    monkeypatch.setattr(reproduce, "run_jobs", lambda jobs, **_: experiment._in_turn(jobs))

    command = ["reproduce", "--preset", "paper", "--model", str(llama), "--env", "alfworld", "--out", str(tmp_path)]
    assert cli.main(command) == 0

    runs = tmp_path / "runs" / "alfworld"
    records = {name: RunRecord.load(runs / f"{name}-0" / "record.json") for name in ("sft", *paper_preset._METHODS)}
    imitated = records.pop("sft")
    assert imitated.final["valid_seen/greedy"]["successes"] == [1, 0]
    start = _flat(load_checkpoint(runs / "sft-0" / "checkpoint").model)
    told = {key: value for key, value in paper_preset._TRAINING.items() if key != "rows"}  # memory alone: not recorded
    for name, record in records.items():
        assert {key: record.settings[key] for key in told} == told, name
        assert (_flat(load_checkpoint(runs / f"{name}-0" / "checkpoint").model) - start).norm() > 1e-3, name
        assert len(record.curves["success_batch"]) == record.updates // 2 and record.updates >= 4, name
    page = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert all(f"| {name} |" in page for name in records)

    explored = list(read_jsonl(runs / "spa-0" / "explore" / "trajectories.jsonl"))
    assert len(explored) == 20 and 0 < sum(t.success for t in explored) < 20
    fitted = RunRecord.load(runs / "spa-0" / "estimator" / "record.json")
    assert fitted.settings["batch_episodes"] == 4 and fitted.updates == 4
    assert records["spa"].metrics["exploration_env_steps"] == sum(t.num_steps for t in explored)
    assert all(record.metrics.get("exploration_env_steps", 0) == 0 for name, record in records.items() if name != "spa")
    curves = records["spa"].curves
    for error, success in zip(curves["sum_error"], curves["success_batch"], strict=True):
        # Of an estimator that says 0 the error is the share of solved episodes.
        assert error is not None and success is not None and abs(error - success) > 1e-3


def _run(llama: Path, out: Path, *launcher: str) -> dict[str, Any]:
    """Everything that the program leaves: records, weights, and each process's digests."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(_PROGRAM.parents[2])}
    done = subprocess.run(
        [sys.executable, *launcher, str(_PROGRAM), str(llama), str(out)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    runs = out / "reproduce" / "runs" / "alfworld"
    return {
        "records": [RunRecord.load(folder / "record.json") for folder in (runs / "sft-0", runs / "ppo-0", out / "spa")],
        "weights": [load_checkpoint(f / "checkpoint").model for f in (runs / "sft-0", runs / "ppo-0", out / "spa")],
        "digests": {path.name: path.read_text().split() for path in out.glob("weights-*.txt")},
        "page": (out / "reproduce" / "report").is_dir(),
    }


def _flat(model: Any) -> torch.Tensor:
    return torch.cat([p.detach().double().flatten() for p in model.parameters()])


def test_two_processes_learn_what_one_learns(llama: Path, tmp_path: Path) -> None:
    """Same weights on both; and the same episodes, updates and, up to rounding, steps as on one process alone."""
    # As the page has it. With --cpu it would start one process: several on a CPU through MPI only.
    launcher = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--main_process_port", "0")
    two = _run(llama, tmp_path / "two", *launcher)
    one = _run(llama, tmp_path / "one")
    assert sorted(two["digests"]) == ["weights-0.txt", "weights-1.txt"] and sorted(one["digests"]) == ["weights-0.txt"]
    assert two["digests"]["weights-0.txt"] == two["digests"]["weights-1.txt"]
    assert len(set(two["digests"]["weights-0.txt"])) > 1
    assert one["page"] and two["page"]
    for a, b in zip(one["records"], two["records"], strict=True):
        assert (a.env_steps, a.updates, a.tokens) == (b.env_steps, b.updates, b.tokens)
        assert {**a.settings, "start": ""} == {**b.settings, "start": ""}
    imitated, paid_nothing, paid = ((_flat(a), _flat(b)) for a, b in zip(one["weights"], two["weights"], strict=True))
    assert torch.allclose(*imitated, atol=1e-6) and torch.allclose(*paid_nothing, atol=1e-6)
    for before, (alone, together) in ((_flat(load_checkpoint(llama).model), imitated), (imitated[0], paid)):
        assert (alone - before).norm() > 0.01
        assert torch.nn.functional.cosine_similarity(alone - before, together - before, dim=0) > 0.99
