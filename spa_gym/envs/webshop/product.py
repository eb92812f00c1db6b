"""A product of the shop, as the pages, the search, the goals and the reward see it; and its compact JSON form.

Nothing here knows where a product comes from: the official rows (`official/rows.py`) and the generated shop both end
in a `Product`, and every catalogue (`catalogue.py`, `official/store.py`) holds nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["DEFAULT_PRICE", "HumanAnnotation", "Product", "price_tag", "search_text"]

DEFAULT_PRICE = 100.0
"""What a product costs whose row names no price, in dollars; the original's value."""


@dataclass(frozen=True, slots=True)
class HumanAnnotation:
    """One instruction that a person wrote for a product."""

    instruction: str
    """What the person asks for; the price cap is added later."""
    attributes: tuple[str, ...]
    """Attributes that the instruction asks for; an annotation without any makes no goal."""
    options: tuple[str, ...]
    """Option values that the instruction asks for."""


@dataclass(frozen=True, slots=True)
class Product:
    """Everything the shop knows about one product.

    Example:
        >>> lamp = Product("B000000001", "Brass lamp", "It shines.", ("Warm light",), (20.0, 30.0), "$20.0 to $30.0",
        ...                {"size": ("small", "large")}, {"small": None, "large": None}, ("warm light",), "lamp.jpg",
        ...                "garden", "lamps", "Home › Lighting › Lamps")
        >>> Product.from_json(lamp.to_json()) == lamp
        True
        >>> lamp.combinations
        2
    """

    asin: str
    """Its identifier, at most ten characters, upper case by convention."""
    title: str
    description: str
    bullets: tuple[str, ...]
    """The points of the Features page."""
    pricing: tuple[float, ...]
    """One price in dollars, or two ends of a range, in the order of the file (some are reversed)."""
    price_tag: str
    """What the pages show: `$100.0` or `$6.63 to $8.37`."""
    options: dict[str, tuple[str, ...]]
    """Lower-case name of the group -> its values in the order of the file; read-only by convention."""
    option_images: dict[str, str | None]
    """Option value -> address of its picture."""
    attributes: tuple[str, ...]
    """What the reward compares: mostly two-word phrases."""
    image: str
    category: str
    """The department: beauty, electronics, fashion, garden, grocery."""
    query: str
    """The shelf it was found on, lower case: `console tables`."""
    product_category: str
    """The path of categories, joined with `›`."""
    instruction: str | None = None
    """The instruction of the synthetic goals, without options and price."""
    instruction_attributes: tuple[str, ...] = ()
    """Attributes of the synthetic goals."""
    human: tuple[HumanAnnotation, ...] = ()
    """The instructions that people wrote for it, in the order of the file."""

    @property
    def combinations(self) -> int:
        """Number of ways to choose one value in each option group (1 without groups)."""
        count = 1
        for values in self.options.values():
            count *= len(values)
        return count

    def to_json(self) -> list[Any]:
        """Return the fields in order, as JSON holds them; `from_json` is the inverse."""
        human = [[note.instruction, note.attributes, note.options] for note in self.human]
        return [
            self.asin, self.title, self.description, self.bullets, self.pricing, self.price_tag, self.options,
            self.option_images, self.attributes, self.image, self.category, self.query, self.product_category,
            self.instruction, self.instruction_attributes, human,
        ]  # fmt: skip

    @classmethod
    def from_json(cls, fields: list[Any]) -> Product:
        """Build a product from what `to_json` returned, also after a round trip through JSON."""
        (asin, title, description, bullets, pricing, tag, options, option_images, attributes, image, category, query,
         product_category, instruction, instruction_attributes, human) = fields  # fmt: skip
        return cls(
            asin, title, description, tuple(bullets), tuple(pricing), tag,
            {name: tuple(values) for name, values in options.items()}, option_images, tuple(attributes), image,
            category, query, product_category, instruction, tuple(instruction_attributes),
            tuple(HumanAnnotation(text, tuple(attributes), tuple(values)) for text, attributes, values in human),
        )  # fmt: skip


def price_tag(pricing: tuple[float, ...]) -> str:
    """Write prices as the pages show them.

    Args:
        pricing: One or two prices in dollars.

    Example:
        >>> price_tag((877.8,)), price_tag((6.63, 8.37))
        ('$877.8', '$6.63 to $8.37')
    """
    return " to ".join(f"${price}" for price in pricing[:2])


def search_text(product: Product) -> str:
    """Return the text that the search indexes: title, description, first bullet and options, in lower case.

    Attributes, category and query are not in it, nor is any bullet but the first: the original's choice.
    """
    options = ", and ".join(f"{name}: {', '.join(values)}" for name, values in product.options.items())
    bullet = product.bullets[0] if product.bullets else ""
    return " ".join((product.title, product.description, bullet, options)).lower()
