"""Checkpoints: one folder with weights (safetensors), config, tokenizer, and ``spa_gym.json``.

A folder is written beside its place and renamed, so that a killed process or a full disk leaves the old one whole.
Nothing in it is ever run: pickles are refused, and so is code of its own (`auto_map`). Any other Hugging Face folder or
hub name loads too, with a general codec, and a LoRA adapter (peft) on top where asked for.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from spa_gym.baselines.models.checkpoint_files import (
    as_mismatch,
    check_files,
    check_sizes,
    read_config,
    read_object,
    weight_shapes,
)
from spa_gym.baselines.models.tokens import Codec, Layout
from spa_gym.baselines.models.view import View
from spa_gym.core.atomic import flush_to_disk
from spa_gym.core.errors import BadArgument, CheckpointMismatch, DataNotFound, WriteFailed

__all__ = ["CHECKPOINT_VERSION", "Checkpoint", "load_checkpoint", "save_checkpoint"]

CHECKPOINT_VERSION = 1
_META = "spa_gym.json"
_WEIGHTS = "model.safetensors"
_HEADS = "heads.safetensors"
_DOWNLOADED = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"]


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
    layout: Layout | str | None = None,
) -> Checkpoint:
    """Loads one of our checkpoints, or any Hugging Face causal language model.

    Args:
        path: a folder, or a name on the hub.
        dtype: type of the weights in memory.
        device: where they go.
        adapter: folder of a LoRA adapter (peft) to put on top.
        layout: delimiters for a foreign model, or their name; by default those that suit its tokenizer.

    Returns:
        Model, codec, recipe and heads.

    Raises:
        DataNotFound: a local path that is not there.
        CheckpointMismatch: a pickle, another format version, or weights that do not fit the config.
        BadArgument: the layout does not suit the tokenizer, or the checkpoint has one already.
    """
    folder = Path(path)
    _recover(folder)
    if _looks_local(str(path)) and not folder.exists():
        raise DataNotFound(f"a checkpoint folder at {path}", "nothing there", "check the path, or train one first")
    if folder.is_file():
        raise CheckpointMismatch(
            "a checkpoint folder with model.safetensors", f"the file {path}", "pass the folder; pickles are not read"
        )
    own = (folder / _META).is_file()
    if own and layout is not None:
        raise BadArgument(f"no layout for {path}, which has its own", f"{layout!r}", "leave it out")
    with as_mismatch(
        f"weights, config and tokenizer that belong together in {path}",
        "copy the whole folder again, or train it again" if own else "check the path or name, or download it again",
    ):
        if not folder.is_dir():
            folder = _downloaded(str(path))
        check_files(folder)
        loaded = _load_own(folder) if own else _load_foreign(folder, dtype, layout)
    model = _adapted(loaded.model.to(dtype=dtype), adapter).to(device).eval()
    with as_mismatch(f"a model at {path} that its tokenizer fits", "copy the whole folder again, or train it again"):
        _try_out(model, loaded.codec)
    heads = {name: {key: t.to(device) for key, t in head.items()} for name, head in loaded.heads.items()}
    return replace(loaded, model=model, heads=heads)


def _load_own(folder: Path) -> Checkpoint:
    meta = _read_meta(folder / _META)
    shapes = weight_shapes([folder / _WEIGHTS])
    config = read_config(folder, shapes)
    check_sizes(config, shapes, exact=True)
    with torch.random.fork_rng(devices=[]):
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    states = _finite(load_file(folder / _WEIGHTS))
    model.load_state_dict({key: value.float() for key, value in states.items()}, strict=False, assign=False)
    model.tie_weights()
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    if len(tokenizer) > config.vocab_size:
        raise ValueError(f"the tokenizer has {len(tokenizer)} tokens and the model {config.vocab_size}")
    heads: dict[str, dict[str, torch.Tensor]] = {}
    if (folder / _HEADS).is_file():
        for key, value in _finite(load_file(folder / _HEADS)).items():
            name, _, weight = key.partition("/")
            heads.setdefault(name, {})[weight] = value
    try:
        codec = Codec(tokenizer, Layout(**meta["layout"]), View.from_json(meta.get("view", {})))
    except BadArgument as error:  # its hint is for callers who chose the layout; this one is the checkpoint's
        raise ValueError(
            f"its layout does not suit its tokenizer: expected {error.expected}, got {error.got}"
        ) from None
    return Checkpoint(model=model, codec=codec, recipe=meta["recipe"], heads=heads)


def _load_foreign(folder: Path, dtype: torch.dtype, layout: Layout | str | None) -> Checkpoint:
    shapes = weight_shapes(sorted(folder.glob("*.safetensors")))
    check_sizes(read_config(folder, shapes), shapes, exact=False)
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    model, found = cast(
        tuple[Any, dict[str, Any]],
        AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, use_safetensors=True, trust_remote_code=False, output_loading_info=True
        ),
    )
    if found["missing_keys"]:
        raise ValueError(f"there are no weights for {sorted(found['missing_keys'])[:3]}")
    _finite(dict(model.named_parameters()))
    return Checkpoint(model=model, codec=Codec(tokenizer, layout))


def _downloaded(name: str) -> Path:
    """The folder of a model of the hub, from the cache where it is there; its code and pickles stay where they are."""
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(name, allow_patterns=_DOWNLOADED, ignore_patterns=["*/*", "consolidated*"]))


def _finite(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise ValueError(f"{name} holds NaN or infinite weights")
    return tensors


@torch.no_grad()
def _try_out(model: Any, codec: Codec) -> None:
    """Read the delimiters once: a config may fit the weights and still describe no model that runs."""
    ids = [*codec.bos_ids, *codec.act_ids, codec.eoa_id, codec.pad_id]
    rows = model.get_input_embeddings().weight.shape[0]
    if not all(0 <= index < rows for index in ids):  # a GPU does not raise for it, it is lost
        raise ValueError(f"delimiters with the ids {ids} and {rows} embeddings")
    if not bool(model(input_ids=torch.tensor([ids], device=model.device)).logits.isfinite().all()):
        raise ValueError("logits that are not finite")


def _adapted(model: Any, adapter: str | os.PathLike[str] | None) -> Any:
    if adapter is None:
        return model
    from spa_gym.core.extras import require_extra

    peft: Any = require_extra("train", "peft", "LoRA adapters")
    folder = Path(adapter)
    with as_mismatch(f"a LoRA adapter for this model in {folder}", "copy the whole folder again, or train it again"):
        check_files(folder)
        if not (folder / "adapter_model.safetensors").is_file():
            raise ValueError("there is no adapter_model.safetensors")
        return peft.PeftModel.from_pretrained(model, os.fspath(folder), is_trainable=True)


def _looks_local(path: str) -> bool:
    return path.startswith((".", "/", "~")) or path.count("/") > 1 or os.sep != "/"


def _read_meta(path: Path) -> dict[str, Any]:
    mend = "use the spa-gym version that wrote it, or train it again"
    with as_mismatch(f"a JSON object with a version in {path}", mend):
        meta = read_object(path)
        version = meta["version"]
    if type(version) is not int or version != CHECKPOINT_VERSION:
        raise CheckpointMismatch(f"checkpoint version {CHECKPOINT_VERSION} in {path}", f"version {version!r}", mend)
    layout, recipe = meta.get("layout"), meta.setdefault("recipe", {})
    kinds = {field.name: bool if field.name == "special" else str for field in fields(Layout)}
    if not isinstance(layout, dict) or {name: type(value) for name, value in layout.items()} != kinds:
        raise CheckpointMismatch(f"a token layout in {path}", f"{layout!r:.300}", mend)
    if not isinstance(recipe, dict):
        raise CheckpointMismatch(f"a recipe in {path} that is an object", f"{recipe!r:.300}", mend)
    return meta


def _plain(module: nn.Module, dtype: torch.dtype | None, drop: str | None = None) -> dict[str, torch.Tensor]:
    states = {key: value.detach().cpu() for key, value in module.state_dict().items() if key != drop}
    return {
        key: (value.to(dtype) if dtype is not None and value.is_floating_point() else value).contiguous()
        for key, value in states.items()
    }


def _sync(folder: Path) -> None:
    for file in folder.iterdir():
        file.chmod(0o644)
        flush_to_disk(file)
    flush_to_disk(folder)


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
    flush_to_disk(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def _recover(path: Path) -> None:
    """Puts the old checkpoint back where a process was killed between the two renames."""
    with contextlib.suppress(OSError):
        if not path.exists() and _old(path).is_dir():
            _old(path).rename(path)


def _old(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")
