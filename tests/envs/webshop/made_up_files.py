"""Official files of our own making: a few rows in the published form, to be bent in every way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["annotation", "entry", "row", "write_files"]


def row(number: int, **fields: Any) -> dict[str, Any]:
    """One element of items_shuffle.json; a field that is `...` is left out."""
    values: dict[str, Any] = {
        "asin": f"B{number:09d}",
        "name": f"Brass lamp {number} “é”",
        "full_description": "It shines.",
        "pricing": "$1,020.50",
        "images": ["https://example.org/lamp.jpg"],
        "product_category": "Home › Lighting › Lamps",
        "small_description": ["Warm light", "Long cord"],
        "customization_options": {
            "Size": [{"value": " Tall/Thin ", "image": None}, {"value": "wide"}],
            "Color": [{"value": "red", "image": "red.jpg"}],
            "Gone": None,
        },
        "category": "garden",
        "query": " Lamps ",
        "brand": "dropped by the loader",
    }
    return {name: value for name, value in {**values, **fields}.items() if value is not ...}


def entry(**fields: Any) -> dict[str, Any]:
    """What items_ins_v2.json says about a product."""
    values = {
        "attributes": ["warm light", "brass lamp"],
        "instruction": "Find me warm light lamps",
        "instruction_attributes": ["warm light"],
    }
    return {name: value for name, value in {**values, **fields}.items() if value is not ...}


def annotation(number: int, **fields: Any) -> dict[str, Any]:
    """One element of what items_human_ins.json says about a product."""
    values: dict[str, Any] = {
        "asin": f"B{number:09d}",
        "instruction": "i want a lamp.",
        "attributes": ["warm light"],
        "options": ["color: red"],
        "instruction_attributes": ["warm light"],
        "instruction_options": ["red"],
        "worker_id": "W",
    }
    return {**values, **fields}


def write_files(
    folder: Path,
    rows: list[Any],
    instructions: Mapping[str, Any] | None = None,
    human: Mapping[str, Any] | None = None,
    size: str = "_1000",
) -> Path:
    """Write the three files of a size ("_1000" or ""); unless told otherwise every row has an entry."""
    folder.mkdir(parents=True, exist_ok=True)
    if instructions is None:
        instructions = {row["asin"]: entry() for row in rows if isinstance(row, dict) and "asin" in row}
    (folder / f"items_shuffle{size}.json").write_text(json.dumps(rows), "utf-8")
    (folder / f"items_ins_v2{size}.json").write_text(json.dumps(instructions), "utf-8")
    (folder / "items_human_ins.json").write_text(json.dumps(human or {}), "utf-8")
    return folder
