"""From a row of the published files to a `Product`, by the original loader's rules (WebShop at 64fa2a5).

Three files say something about a product: `items_shuffle*.json` (the row itself), `items_ins_v2*.json` (attributes and
the synthetic instruction, by asin) and `items_human_ins.json` (what people wrote, by asin).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from spa_gym.core.errors import DataCorrupt
from spa_gym.envs.webshop.product import DEFAULT_PRICE, HumanAnnotation, Product, price_tag

__all__ = ["NO_ATTRIBUTES", "is_loaded", "product_from_row", "products_from_rows"]

NO_ATTRIBUTES = ("DUMMY_ATTR",)
"""Attributes of a product that the instruction file does not know; the original's stand-in."""

_LONGEST_ASIN = 10
_NOT_A_PRICE = re.compile(r"[^\d.]")
_MEND = "download the file again with the setup.sh of github.com/princeton-nlp/WebShop"


def products_from_rows(
    rows: Iterable[Any],
    instructions: Mapping[str, Any],
    human: Mapping[str, Any],
    held: Container[str],
    *,
    source: str = "the product file",
    first: int = 0,
) -> Iterator[Product]:
    """Yield the products of the rows that the original loads, in their order.

    Rows whose asin is no text, `nan`, longer than ten characters, or in `held` already are passed over.

    Args:
        rows: Elements of `items_shuffle*.json`.
        instructions: Content of `items_ins_v2*.json`.
        human: Content of `items_human_ins.json`.
        held: Asins there are already; whoever takes a product must see to it that its asin is in there from then on.
        source: Name of the product file, for errors.
        first: Number of the first row, for errors.

    Raises:
        DataCorrupt: A row is no product; the error names the row.
    """
    for number, row in enumerate(rows, first):
        where = f"row {number:,} of {source}"
        if is_loaded(row, where) and row["asin"] not in held:
            yield product_from_row(row, instructions.get(row["asin"]), human.get(row["asin"], ()), where)


def is_loaded(row: Any, where: str) -> bool:
    """Whether the original loads this row, duplicates aside.

    Args:
        row: An element of the product file.
        where: Which one, for errors.

    Raises:
        DataCorrupt: The row is no object or has no asin.
    """
    if not isinstance(row, dict) or "asin" not in row:
        kind = f"an object without asin (keys {list(row)[:5]})" if isinstance(row, dict) else f"{row!r:.60}"
        raise DataCorrupt(f"an object with an asin as {where}", kind, _MEND)
    asin = row["asin"]
    return isinstance(asin, str) and asin != "nan" and len(asin) <= _LONGEST_ASIN


def product_from_row(row: Mapping[str, Any], about: Any, human: Iterable[Any], where: str = "a row") -> Product:
    """Build one product.

    What may be absent or null: description, bullets, pictures, options, price (then `DEFAULT_PRICE`). What must be
    there: name, category, query and product_category. Keys of the row that the original drops are ignored.

    Args:
        row: The product's row.
        about: Its entry in the instruction file; None where there is none, which gives the attributes
            `NO_ATTRIBUTES` and no instruction (the original does the same for human goals and stops with a KeyError
            for synthetic ones).
        human: Its annotations in the human file.
        where: Which row it is, for errors.

    Raises:
        DataCorrupt: Something that must be there is missing or of another kind.
    """
    try:
        where = f"{where} (asin {row['asin']}) and what the other two files say about it"
        pricing = _pricing(row.get("pricing"))
        options, option_images = _options(row.get("customization_options"))
        bullets = row.get("small_description")
        about = about or {}
        instruction = about.get("instruction")
        return Product(
            asin=row["asin"],
            title=_text(row["name"]),
            description=_text(row.get("full_description")),
            bullets=_texts(bullets if isinstance(bullets, list) else [bullets]),
            pricing=pricing,
            price_tag=price_tag(pricing),
            options=options,
            option_images=option_images,
            attributes=_texts(about.get("attributes", NO_ATTRIBUTES)),
            image=_text(next(iter(row.get("images") or ()), None)),
            category=_text(row["category"]),
            query=_text(row["query"]).lower().strip(),
            product_category=_text(row["product_category"]),
            instruction=None if instruction is None else _text(instruction),
            instruction_attributes=_texts(about.get("instruction_attributes") or ()),
            human=tuple(_annotation(note) for note in human),
        )
    except KeyError as error:
        raise DataCorrupt(f"the field {error} in {where}", "none", _MEND) from error
    except (AttributeError, TypeError, ValueError) as error:
        raise DataCorrupt(f"a product as published in {where}", f"{error}", _MEND) from error


def _text(value: Any) -> str:
    """A text as it is; null counts as empty."""
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{value!r:.60} where a text should be")
    return value or ""


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(_text(value) for value in values)


def _pricing(text: Any) -> tuple[float, ...]:
    """`$877.80`, `$19.99 - $27.99` or nothing -> one or two prices; more than two are cut."""
    if not text:
        return (DEFAULT_PRICE,)
    parts = text.split("$")[1:]
    if not parts:
        raise ValueError(f"pricing = {text!r:.60}, which has no '$'")
    return tuple(float(_NOT_A_PRICE.sub("", part)) for part in parts)[:2]


def _options(groups: Any) -> tuple[dict[str, tuple[str, ...]], dict[str, str | None]]:
    """Option groups in lower case without the null ones, and the picture of each value."""
    options: dict[str, tuple[str, ...]] = {}
    images: dict[str, str | None] = {}
    for name, contents in (groups or {}).items():
        if contents is None:
            continue
        values = []
        for content in contents:
            # A slash would end the path segment of the page's address, so the original writes a bar.
            value = content["value"].strip().replace("/", " | ").lower()
            values.append(value)
            images[value] = content.get("image")
        options[name.lower()] = tuple(values)
    return options, images


def _annotation(note: Mapping[str, Any]) -> HumanAnnotation:
    return HumanAnnotation(
        _text(note["instruction"]),
        _texts(note["instruction_attributes"]),
        _texts(note.get("instruction_options") or ()),
    )
