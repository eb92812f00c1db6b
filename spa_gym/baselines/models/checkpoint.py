"""Checkpoints: one folder with weights (safetensors), config, tokenizer, and ``spa_gym.json``.

A folder is written beside its place and renamed, so that a killed process or a full disk leaves the old one whole.
Pickles are refused: they run code when they are read. Any other Hugging Face folder or hub name loads too, with a
general codec, and a LoRA adapter (peft) on top where asked for.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from spa_gym.baselines.models.tokens import Codec, Layout
from spa_gym.baselines.models.view import View
from spa_gym.core.errors import CheckpointMismatch, DataNotFound, WriteFailed

__all__ = ["CHECKPOINT_VERSION", "Checkpoint", "load_checkpoint", "save_checkpoint"]

CHECKPOINT_VERSION = 1
_META = "spa_gym.json"
_WEIGHTS = "model.safetensors"
_HEADS = "heads.safetensors"
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a folder holds.

    Attributes:
        model: the causal language model, in evaluation mode.
        codec: text to ids and back.
        recipe: how it was made (free form; {} for foreign folders).
        heads: state of further modules, by name ("value", "progress"); {} where there are none.
    """

    model: Any
    codec: Codec
    recipe: dict[str, Any] = field(default_factory=dict)
    heads: dict[str, dict[str, torch.Tensor]] = field(default_factory=dict)


def save_checkpoint(
    path: str | os.PathLike[str],
    model: nn.Module,
    codec: Codec,
    *,
    recipe: dict[str, Any] | None = None,
    heads: dict[str, nn.Module] | None = None,
    dtype: torch.dtype | None = None,
) -> Path:
    """Writes a checkpoint; what lay there before is replaced at once or not at all.

    Args:
        path: the folder.
        model: a Hugging Face causal language model.
        codec: its codec.
        recipe: how it was made; plain JSON values.
        heads: further modules to keep beside it.
        dtype: type of the stored weights (``torch.bfloat16`` halves the size); None keeps theirs.

    Returns:
        The folder.

    Raises:
        WriteFailed: the folder could not be written; the old one is still there.
    """
    path = Path(path)
    temporary = path.with_name(f".tmp-{uuid.uuid4().hex[:12]}-{path.name}")
    try:
        temporary.mkdir(parents=True)
        config: Any = model.config
        config.save_pretrained(temporary)
        tied = bool(getattr(config, "tie_word_embeddings", False))
        save_file(_plain(model, dtype, drop="lm_head.weight" if tied else None), temporary / _WEIGHTS, {"format": "pt"})
        if heads:
            states = {f"{name}/{key}": t for name, head in heads.items() for key, t in _plain(head, None).items()}
            save_file(states, temporary / _HEADS)
        codec.tokenizer.save_pretrained(temporary)
        meta = {"version": CHECKPOINT_VERSION, **codec.to_json(), "recipe": recipe or {}}
        (temporary / _META).write_text(json.dumps(meta, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        _sync(temporary)
        _replace(temporary, path)
    except (OSError, SafetensorError) as error:
        raise WriteFailed(
            f"room and permission to write the checkpoint {path}",
            str(error),
            "free disk space or choose another folder; the previous checkpoint, if any, is untouched",
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return path


def load_checkpoint(
    path: str | os.PathLike[str],
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
    adapter: str | os.PathLike[str] | None = None,
    layout: Layout | None = None,
) -> Checkpoint:
    """Loads one of our checkpoints, or any Hugging Face causal language model.

    Args:
        path: a folder, or a name on the hub.
        dtype: type of the weights in memory.
        device: where they go.
        adapter: folder of a LoRA adapter (peft) to put on top.
        layout: delimiters for a foreign model; by default plain text ones.

    Returns:
        Model, codec, recipe and heads.

    Raises:
        DataNotFound: a local path that is not there.
        CheckpointMismatch: a pickle, another format version, or weights that do not fit the config.
    """
    folder = Path(path)
    _recover(folder)
    if _looks_local(str(path)) and not folder.exists():
        raise DataNotFound(f"a checkpoint folder at {path}", "nothing there", "check the path, or train one first")
    if folder.is_file():
        raise CheckpointMismatch(
            "a checkpoint folder with model.safetensors", f"the file {path}", "pass the folder; pickles are not read"
        )
    if folder.is_dir():
        _refuse_pickles(folder)
    meta_path = folder / _META
    if not meta_path.is_file():
        return _load_foreign(str(path), dtype, device, adapter, layout)
    meta = _read_meta(meta_path)
    try:
        config = AutoConfig.from_pretrained(folder)
        with torch.random.fork_rng(devices=[]):
            model = AutoModelForCausalLM.from_config(config)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        states = load_file(folder / _WEIGHTS)
        missing, unexpected = model.load_state_dict(
            {key: value.float() for key, value in states.items()}, strict=False, assign=False
        )
    except (SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise CheckpointMismatch(
            f"weights, config and tokenizer that belong together in {folder}",
            f"{type(error).__name__}: {str(error)[:300]}",
            "copy the whole folder again, or train it again",
        ) from error
    if unexpected or set(missing) - {"lm_head.weight"}:
        raise CheckpointMismatch(
            f"the weights that the config of {folder} asks for",
            f"missing {sorted(missing)[:3]}, unexpected {sorted(unexpected)[:3]}",
            "copy the whole folder again, or train it again",
        )
    model.tie_weights()
    heads: dict[str, dict[str, torch.Tensor]] = {}
    if (folder / _HEADS).is_file():
        for key, value in load_file(folder / _HEADS, device=str(device)).items():
            name, _, weight = key.partition("/")
            heads.setdefault(name, {})[weight] = value
    codec = Codec(tokenizer, Layout(**meta["layout"]), View.from_json(meta.get("view", {})))
    model = _adapted(model, adapter).to(device=device, dtype=dtype).eval()
    return Checkpoint(model=model, codec=codec, recipe=meta["recipe"], heads=heads)


def _load_foreign(
    path: str,
    dtype: torch.dtype,
    device: torch.device | str,
    adapter: str | os.PathLike[str] | None,
    layout: Layout | None,
) -> Checkpoint:
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(path)
        model = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, use_safetensors=True)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise CheckpointMismatch(
            f"a Hugging Face causal language model with safetensors at {path}",
            f"{type(error).__name__}: {str(error)[:300]}",
            "check the path or name; convert pickled weights to safetensors first",
        ) from error
    return Checkpoint(model=_adapted(model, adapter).to(device).eval(), codec=Codec(tokenizer, layout))


def _adapted(model: Any, adapter: str | os.PathLike[str] | None) -> Any:
    if adapter is None:
        return model
    from spa_gym.core.extras import require_extra

    peft: Any = require_extra("train", "peft", "LoRA adapters")
    _refuse_pickles(Path(adapter))
    return peft.PeftModel.from_pretrained(model, os.fspath(adapter), is_trainable=True)


def _looks_local(path: str) -> bool:
    return path.startswith((".", "/", "~")) or path.count("/") > 1 or os.sep != "/"


def _refuse_pickles(folder: Path) -> None:
    if not any(folder.glob("*.safetensors")):
        pickles = sorted(file.name for file in folder.iterdir() if file.suffix in _PICKLES) if folder.is_dir() else []
        raise CheckpointMismatch(
            f"weights as *.safetensors in {folder}",
            f"pickled weights ({', '.join(pickles[:3])}), which run code when read" if pickles else "no weights",
            "convert them to safetensors on a machine where you trust them" if pickles else "check the path",
        )


def _read_meta(path: Path) -> dict[str, Any]:
    mend = "use the spa-gym version that wrote it, or train it again"
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
        version = meta["version"]
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointMismatch(f"a JSON object with a version in {path}", f"{error!r}", mend) from error
    if version != CHECKPOINT_VERSION:
        raise CheckpointMismatch(f"checkpoint version {CHECKPOINT_VERSION} in {path}", f"version {version!r}", mend)
    if not isinstance(meta.get("layout"), dict) or set(meta["layout"]) != set(Layout.__slots__):
        raise CheckpointMismatch(f"a token layout in {path}", f"{meta.get('layout')!r}", mend)
    return {"recipe": {}, **meta}


def _plain(module: nn.Module, dtype: torch.dtype | None, drop: str | None = None) -> dict[str, torch.Tensor]:
    states = {key: value.detach().cpu() for key, value in module.state_dict().items() if key != drop}
    return {
        key: (value.to(dtype) if dtype is not None and value.is_floating_point() else value).contiguous()
        for key, value in states.items()
    }


def _sync(folder: Path) -> None:
    for file in folder.iterdir():
        file.chmod(0o644)
        with file.open("rb") as handle:
            os.fsync(handle.fileno())


def _replace(new: Path, path: Path) -> None:
    """Puts a folder in the place of another; the old one stays reachable until the new one is there."""
    old = _old(path)
    if path.exists():
        shutil.rmtree(old, ignore_errors=True)
        path.rename(old)
    try:
        new.rename(path)
    except OSError:
        _recover(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _recover(path: Path) -> None:
    """Puts the old checkpoint back where a process was killed between the two renames."""
    with contextlib.suppress(OSError):
        if not path.exists() and _old(path).is_dir():
            _old(path).rename(path)


def _old(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")
