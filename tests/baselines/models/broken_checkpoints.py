"""Ways to break a good checkpoint folder, one function each: what people and attackers do to its files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

__all__ = ["BROKEN", "change_json"]

_DEEP = "[" * 100_000 + "]" * 100_000
_UP = "model.layers.0.mlp.up_proj.weight"


def change_json(path: Path, **changes: Any) -> None:
    """Set keys of a JSON file."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def _config(**changes: Any) -> Callable[[Path], None]:
    return lambda folder: change_json(folder / "config.json", **changes)


def _meta(**changes: Any) -> Callable[[Path], None]:
    return lambda folder: change_json(folder / "spa_gym.json", **changes)


def _layout(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        layout = json.loads((folder / "spa_gym.json").read_text())["layout"]
        change_json(folder / "spa_gym.json", layout={**layout, **changes})

    return change


def _weights(change: Callable[[dict[str, torch.Tensor]], Any], name: str = "model.safetensors") -> Any:
    def apply(folder: Path) -> None:
        states = load_file(folder / name)
        change(states)
        save_file({key: value.contiguous() for key, value in states.items()}, folder / name)

    return apply


def _text(name: str, text: str | bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode()) and None


def _fill(value: float) -> Callable[[dict[str, torch.Tensor]], Any]:
    return lambda states: states[_UP].view(-1)[3:4].fill_(value)


def _decoy(folder: Path) -> None:
    """The weights lie in a file that is not read; the one that is read is empty."""
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    save_file({}, folder / "model.safetensors")


def _cut(name: str) -> Callable[[Path], None]:
    def cut(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: len(data) // 2])

    return cut


_SIZES = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings")
_ODD = ("64", 0, None, -1, 1.5, True, [], {}, 10**12, 10**30)

BROKEN: dict[str, Callable[[Path], None]] = {
    **{f"{size} {value!r}": _config(**{size: value}) for size in _SIZES for value in _ODD},
    "huge hidden": _config(hidden_size=262_144),
    "huge intermediate": _config(intermediate_size=1 << 30),
    "huge head": _config(head_dim=1 << 28),
    "huge vocabulary": _config(vocab_size=1 << 30),
    "many layers": _config(num_hidden_layers=10**9, layer_types=None),
    "a hundred layers": _config(num_hidden_layers=100, layer_types=["full_attention"] * 100),
    "many labels": _config(num_labels=10**9),
    "many positions": _config(max_position_embeddings=10**9),
    "three heads": _config(num_attention_heads=3),
    "no key-value heads": _config(num_key_value_heads=0),
    "head of 0": _config(head_dim=0),
    "intermediate of text": _config(intermediate_size="wide"),
    "activation unknown": _config(hidden_act="does-not-exist"),
    "activation of a number": _config(hidden_act=5),
    "rope unknown": _config(rope_parameters={"rope_type": "odd", "rope_theta": 1e4}),
    "rope of text": _config(rope_parameters="default"),
    "epsilon of text": _config(rms_norm_eps="small"),
    "epsilon negative": _config(rms_norm_eps=-1e9),
    "layer types odd": _config(layer_types=["odd"] * 3),
    "layer types short": _config(layer_types=["full_attention"]),
    "model type unknown": _config(model_type="evil"),
    "model type of a list": _config(model_type=[]),
    "model type that writes no text": _config(model_type="vit"),
    "another model type": _config(model_type="gpt2"),
    "attention from elsewhere": _config(_attn_implementation="somebody/kernels"),
    "dtype odd": _config(dtype="float7"),
    "padding beyond": _config(pad_token_id=10**6),
    "config a list": _text("config.json", "[]"),
    "config empty": _text("config.json", ""),
    "config deep": _text("config.json", '{"model_type": ' + _DEEP + "}"),
    "config NaN": _text("config.json", '{"model_type": "qwen3", "rms_norm_eps": NaN}'),
    "config not UTF-8": _text("config.json", b'{"model_type": "\xff"}'),
    "config absent": lambda folder: (folder / "config.json").unlink(),
    "config a folder": lambda folder: (folder / "config.json").unlink() or (folder / "config.json").mkdir(),
    "version true": _meta(version=True),
    "version of text": _meta(version="1"),
    "meta deep": _text("spa_gym.json", '{"version": ' + _DEEP + "}"),
    "meta not UTF-8": _text("spa_gym.json", b'{"version": 1, "\xff": 2}'),
    "recipe a list": _meta(recipe=[]),
    "layout a list": _meta(layout=[1]),
    "layout of numbers": _layout(bos=1, act=2, eoa=3),
    "layout special of text": _layout(special="yes"),
    "layout with more": _layout(more=""),
    "layout without an end": _layout(eoa=""),
    "layout of unknown tokens": _layout(eoa="<nowhere>"),
    "view 5": _meta(view=5),
    "view null": _meta(view=None),
    "view unknown": _meta(view={"colour": "red"}),
    "view words of text": _meta(view={"repeat_words": "x"}),
    "view words negative": _meta(view={"repeat_words": -3}),
    "view lower of text": _meta(view={"lower": "no"}),
    "cuts a number": _meta(view={"cuts": 5}),
    "cuts of numbers": _meta(view={"cuts": [5]}),
    "cut without a pattern": _meta(view={"cuts": [{"keep": "", "why": ""}]}),
    "cut of a number": _meta(view={"cuts": [{"pattern": 1, "keep": "", "why": ""}]}),
    "cut that is no expression": _meta(view={"cuts": [{"pattern": "(", "keep": "", "why": ""}]}),
    "cut that keeps an unknown group": _meta(view={"cuts": [{"pattern": "a", "keep": r"\7", "why": ""}]}),
    "weights NaN": _weights(_fill(float("nan"))),
    "weights infinite": _weights(_fill(float("-inf"))),
    "weights missing": _weights(lambda states: states.pop(_UP)),
    "weights extra": _weights(lambda states: states.update(stranger=torch.zeros(1))),
    "weights of a wrong shape": _weights(lambda states: states.update({_UP: states[_UP][:-1].clone()})),
    "weights transposed": _weights(lambda states: states.update({_UP: states[_UP].t().contiguous()})),
    "weights cut": _cut("model.safetensors"),
    "weights empty": _text("model.safetensors", b""),
    "weights with a huge header": _text("model.safetensors", (2**62).to_bytes(8, "little") + b"{}"),
    "weights elsewhere": _decoy,
    "weights a folder": lambda folder: (
        (folder / "model.safetensors").unlink() or (folder / "model.safetensors").mkdir()
    ),
    "heads NaN": _weights(lambda states: states["value/hidden.weight"].fill_(float("nan")), "heads.safetensors"),
    "heads cut": _cut("heads.safetensors"),
    "tokenizer cut": _cut("tokenizer.json"),
    "tokenizer a list": _text("tokenizer.json", "[]"),
    "tokenizer empty": _text("tokenizer.json", "{}"),
    "tokenizer deep": _text("tokenizer.json", _DEEP),
    "tokenizer absent": lambda folder: (folder / "tokenizer.json").unlink(),
    "tokenizer settings deep": _text("tokenizer_config.json", _DEEP),
    "tokenizer settings a list": _text("tokenizer_config.json", "[]"),
    "tokenizer specials of numbers": lambda folder: change_json(
        folder / "tokenizer_config.json", bos_token=5, extra_special_tokens=[7]
    ),
}
"""What is wrong -> what does it to a folder that `save_checkpoint` wrote."""
