"""The number type: torch is asked first, the clock only where torch does not know, and all are told what was chosen."""

from __future__ import annotations

import logging
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import torch

from spa_gym.baselines import device
from spa_gym.baselines.attribution.scoring import ScoreConfig
from spa_gym.baselines.attribution.truth import TruthConfig
from spa_gym.baselines.train_config import TrainConfig
from spa_gym.baselines.training.estimator import EstimatorConfig
from spa_gym.baselines.training.explore import ExploreConfig
from spa_gym.baselines.training.pretrain_config import PretrainConfig
from spa_gym.baselines.training.resume import plain_settings
from spa_gym.baselines.training.sft import SFTConfig
from spa_gym.core.errors import BadArgument
from spa_gym.core.machine import describe_processor

FP32, BF16 = torch.float32, torch.bfloat16


class Machine:
    """A machine that answers torch's questions as told, and counts how often its products are timed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.patch, self.timed = monkeypatch, 0
        monkeypatch.setattr(device, "_chosen", None)
        device.fastest_dtype.cache_clear()

    def answers(self, mkldnn: bool | None, amx: bool | None, avx512: bool | None) -> None:
        known = {
            "_is_mkldnn_bf16_supported": mkldnn,
            "_is_amx_tile_supported": amx,
            "_is_avx512_bf16_supported": avx512,
        }
        self.patch.setattr(device, "_asked", lambda module, name: known[name])

    def takes(self, seconds: dict[torch.dtype, float]) -> None:
        def timed(dtype: torch.dtype) -> float:
            self.timed += 1
            return seconds[dtype]

        self.patch.setattr(device, "_seconds", timed)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    yield Machine(monkeypatch)
    device.fastest_dtype.cache_clear()


@pytest.mark.parametrize(
    ("mkldnn", "amx", "avx512", "bf16_s", "chosen", "timed"),
    [
        (False, False, False, 0.1, FP32, 0),  # AVX2: Zen 3, laptops
        (False, None, None, 0.1, FP32, 0),
        (True, True, True, 9.0, BF16, 0),  # Sapphire Rapids
        (True, False, True, 9.0, BF16, 0),  # Cooper Lake, Zen 4
        (True, False, False, 9.0, FP32, 2),  # Skylake: AVX-512 that emulates bf16
        (True, False, False, 0.5, BF16, 2),  # ARM with bf16 products
        (True, False, False, 0.95, FP32, 2),  # level: the more exact one
        (None, None, None, 9.0, FP32, 2),  # a torch that does not know these questions
    ],
)
def test_the_faster_type_is_taken(
    machine: Machine, mkldnn: bool, amx: bool, avx512: bool, bf16_s: float, chosen: torch.dtype, timed: int
) -> None:
    machine.answers(mkldnn, amx, avx512)
    machine.takes({FP32: 1.0, BF16: bf16_s})
    assert device.compute_dtype("cpu") == chosen == device.compute_dtype(torch.device("cpu"))
    assert machine.timed == timed, "once a process"


@pytest.mark.parametrize(("supported", "chosen"), [(True, BF16), (False, FP32)])
def test_a_gpu_is_asked(machine: Machine, supported: bool, chosen: torch.dtype, monkeypatch: Any) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: supported)
    assert device.compute_dtype("cuda:1") == chosen
    assert device.compute_dtype("mps") == FP32


def test_this_machine_answers(machine: Machine) -> None:
    assert device.compute_dtype("cpu") in (FP32, BF16)
    assert device._seconds(FP32) > 0


def test_a_question_that_torch_does_not_know_is_no_answer() -> None:
    assert device._asked(torch.cpu, "_no_such_question") is None
    assert device._asked(torch.cuda, "is_available") in (True, False)


def test_what_is_asked_for_is_taken_and_kept(machine: Machine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for name, dtype in (("bfloat16", BF16), ("float32", FP32)):
        assert device.choose_device("cpu", name).type == "cpu"
        assert device.compute_dtype("cpu") == dtype
        device.choose_device("cpu")
        assert device.compute_dtype("cpu") == dtype, "a model that is loaded later keeps it"
        assert f"{name} matrix products" in caplog.text and describe_processor()["processor"] in caplog.text
        assert device.describe_computing(torch.device("cpu"))["dtype"] == name
    device.choose_device("cpu", "auto")
    assert device.compute_dtype("cpu") == device.fastest_dtype("cpu")
    with pytest.raises(BadArgument, match="auto.*float16"):
        device.choose_device("cpu", "float16")


@pytest.mark.parametrize(
    "config", [TrainConfig, SFTConfig, PretrainConfig, ExploreConfig, EstimatorConfig, TruthConfig, ScoreConfig]
)
def test_every_stage_takes_the_type(config: Any) -> None:
    (found,) = (field for field in fields(config) if field.name == "dtype")
    assert found.default == "auto" and found.metadata["later"], "records of runs before it stay valid"


def test_the_type_is_a_setting_of_a_run_only_where_it_was_asked_for() -> None:
    assert "dtype" not in plain_settings(ExploreConfig())
    assert plain_settings(ExploreConfig(dtype="float32"))["dtype"] == "float32"


def test_a_processor_is_described_from_what_linux_says(tmp_path: Path) -> None:
    cases = {
        "model name : Fast CPU\nflags : fpu avx2 amx_bf16 sse\n": ("Fast CPU", ["avx2", "amx_bf16"]),
        "processor : 0\nFeatures : fp asimd bf16\nHardware : Board\n": ("Board", ["asimd", "bf16"]),
        "": (None, []),
    }
    for number, (text, (name, flags)) in enumerate(cases.items()):
        path = tmp_path / str(number)
        path.write_text(text)
        found = describe_processor(path)
        assert found["flags"] == flags and found["cores"] >= 1
        assert found["processor"] == name if name else found["processor"]
    assert describe_processor(tmp_path / "absent")["flags"] == []
