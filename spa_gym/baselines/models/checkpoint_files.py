"""A checkpoint's folder, checked before memory is taken for its weights.

The files of a checkpoint come from anywhere. The libraries that read them raise whatever they stumble over, and believe
sizes: a config that asks for a million rows has them filled before the weights are looked at. So the sizes in the
config are compared first with the shapes in the headers of the safetensors files, which cost no memory to read.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from transformers import AutoConfig, AutoModelForCausalLM

from spa_gym.core.errors import CheckpointMismatch, SpaGymError
from spa_gym.core.strict_json import parse_json_object

__all__ = ["Shapes", "as_mismatch", "check_files", "check_sizes", "read_config", "read_object", "weight_shapes"]

Shapes = dict[str, tuple[int, ...]]

_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")
_MAX_OBJECT_BYTES = 16 << 20
_MAX_TEXT_BYTES = 256 << 20
"""The largest tokenizers in use have 35 MB."""
_MAX_COUNT = 4096
"""Of heads, experts, labels, ...; each may cost a module or an entry of a list before any weight does."""
_MAX_POSITIONS = 1 << 24
_MAX_BUFFER_BYTES = 1 << 30
"""Of tables that a model computes from its config and no file holds, such as masks and rotary frequencies."""
_PACKED = 8
"""Most weights that one stored number holds: 4 bits each in an int32."""


@contextlib.contextmanager
def as_mismatch(expected: str, mend: str) -> Iterator[None]:
    """Turn whatever broken files make a library raise into one named error.

    Args:
        expected: what would have been right.
        mend: what to do about it.

    Raises:
        CheckpointMismatch: instead of any other error than ours and a lack of memory.
    """
    try:
        yield
    except (SpaGymError, MemoryError):
        raise
    except Exception as error:  # KeyError, ZeroDivisionError, RecursionError, ...: there is no list of them
        got = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise CheckpointMismatch(expected, got, mend) from error


def check_files(folder: Path) -> None:
    """Reject pickled weights, files too large to be text, and what is no file at all (a pipe would be waited for).

    Raises:
        CheckpointMismatch: one of these is in the folder, or there are no weights.
    """
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    if not any(file.suffix == ".safetensors" for file in found):
        pickles = [file.name for file in found if file.suffix in _PICKLES]
        raise CheckpointMismatch(
            f"weights as *.safetensors in {folder}",
            f"pickled weights ({', '.join(pickles[:3])}), which run code when read" if pickles else "no weights",
            "convert them to safetensors on a machine where you trust them" if pickles else "check the path",
        )
    for file in found:
        if not (file.is_file() or file.is_dir()):
            raise CheckpointMismatch(f"files in {folder}", f"{file.name}, which is none", "remove it")
        if file.suffix in (".json", ".txt", ".model", ".jinja") and file.stat().st_size > _MAX_TEXT_BYTES:
            raise CheckpointMismatch(
                f"{file.name} of at most {_MAX_TEXT_BYTES >> 20} MB in {folder}",
                f"{file.stat().st_size >> 20} MB",
                "copy the whole folder again",
            )


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a small file.

    Raises:
        ValueError: it is too large, or holds something else.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(_MAX_OBJECT_BYTES + 1)
    if len(content) > _MAX_OBJECT_BYTES:
        raise ValueError(f"{path.name} has more than {_MAX_OBJECT_BYTES >> 20} MB")
    return parse_json_object(content)


def weight_shapes(files: Iterable[Path]) -> Shapes:
    """Return the shape of every weight in safetensors files, from their headers; nothing else is read.

    Raises:
        SafetensorError: a file is cut short, or is not safetensors.
    """
    shapes: Shapes = {}
    for path in files:
        with safe_open(path, framework="pt") as file:
            shapes |= {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    return shapes


def read_config(folder: Path, shapes: Shapes) -> Any:
    """Return the config in a folder, its numbers checked before anything is made of them.

    Args:
        folder: the checkpoint.
        shapes: of its weights; a model has no more layers than weights.

    Raises:
        ValueError: a number that no model has, or code from elsewhere.
    """
    for key, value in _entries(read_object(folder / "config.json")):
        if isinstance(value, str) and "attn_implementation" in key and not re.fullmatch(r"[\w|]+", value):
            raise ValueError(f"{key} = {value!r} names code that is not part of transformers")
        if isinstance(value, int) and abs(value) > _limit(key, len(shapes)):
            raise ValueError(f"{key} = {value} with {len(shapes)} weights")
    config: Any = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    sizes: Any = config.get_text_config()
    for key in ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings"):
        value = getattr(sizes, key, 1)
        if type(value) is not int or value < 1:
            raise ValueError(f"{key} = {value!r} is no whole number from 1")
    return config


def check_sizes(config: Any, shapes: Shapes, *, exact: bool) -> None:
    """Compare what a model of this config holds with what the files hold, without memory for either.

    Args:
        config: the checked config.
        shapes: of the weights in the files.
        exact: the names must agree too. Otherwise only weights of the same name are compared and the totals: other
            programs' folders may use older names or packed weights.

    Raises:
        ValueError: they differ; the first three differences are named.
    """
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    asked = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    tied = {"lm_head.weight"} if getattr(config, "tie_word_embeddings", False) else set()
    if exact:
        names = {*asked, *shapes} - (tied - shapes.keys())
    else:
        names = set() if getattr(config, "quantization_config", None) else asked.keys() & shapes.keys()
    different = [
        f"{name}: {asked.get(name, 'unknown to it')} and {shapes.get(name, 'missing')}"
        for name in sorted(names)
        if asked.get(name) != shapes.get(name)
    ]
    if different:
        raise ValueError(f"the config and the files differ, {'; '.join(different[:3])}")
    wanted = sum(parameter.numel() for parameter in model.parameters())
    held = sum(map(math.prod, shapes.values()))
    if wanted > _PACKED * held:
        raise ValueError(f"the config asks for {wanted:,} weights and the files hold {held:,}")
    extra = sum(b.numel() * b.element_size() for name, b in model.named_buffers() if name not in shapes)
    if extra > _MAX_BUFFER_BYTES:
        raise ValueError(f"the config asks for tables of {extra:,} bytes")


def _entries(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every plain value, with the key that it, or the list that it is in, is found under."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _entries(item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _entries(item, key)
    else:
        yield key, value


def _limit(key: str, num_weights: int) -> int:
    if re.search(r"(^|_)layers?$", key):
        return max(num_weights, 64)  # entries such as max_window_layers count no layers that there are
    if "position" in key:
        return _MAX_POSITIONS
    return _MAX_COUNT if key.startswith(("num_", "n_head", "n_layer")) else 2**31 - 1
