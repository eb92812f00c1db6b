r"""What the sub pages of a product show, as HTML: description, features, reviews, attributes; see html_pages.py.

The markup follows the original's templates (Copyright (c) 2023 Princeton Natural Language Processing, MIT License).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from spa_gym.envs.webshop.pages.html_skin import escape
from spa_gym.envs.webshop.product import Product

__all__ = ["SUB_PAGE_PARTS"]


def _description(product: Product) -> str:
    return f"""\
            <div class="col-sm-6" name="description">
              <div class="card card-body">
                <p class="product-info">{escape(product.description)}</p>
              </div>
            </div>
"""


def _features(product: Product) -> str:
    return f"""\
            <div class="col-sm-6" name="bulletpoints">
              <div class="card card-body">
                <ul>
                  {_list(product.bullets, "product-info")}
                </ul>
              </div>
            </div>
"""


def _reviews(product: Product) -> str:
    """The original never loads its reviews: the page is empty."""
    return """\
            <div class="col-sm-6" name="reviews">
              <div class="card card-body">
               \x20
              </div>
            </div>
"""


def _attributes(product: Product) -> str:
    return f"""\
            <div class="col-sm-6" name="description">
              <div class="card card-body">
                <ul>
                  {_list(product.attributes, "attribute")}
                </ul>
              </div>
            </div>
            <div class="col-sm-6" name="description">
              <div class="d-flex align-items-center justify-content-between mt-1">
                <h5 class="font-weight-bold my-2 product-category">{escape(product.category)}</h5>
              </div>
              <div class="d-flex align-items-center justify-content-between mt-1">
                <h5 class="font-weight-bold my-2 product-query">{escape(product.query)}</h5>
              </div>
              <div class="d-flex align-items-center justify-content-between mt-1">
                <h5 class="font-weight-bold my-2 product-product_category">{escape(product.product_category)}</h5>
              </div>
            </div>
"""


def _list(texts: Iterable[str], style: str) -> str:
    line = '\n                  <li><p class="{}"> {}</p></li>\n                  '
    return "".join([line.format(style, escape(text)) for text in texts])


SUB_PAGE_PARTS: dict[str, Callable[[Product], str]] = {
    "Description": _description,
    "Features": _features,
    "Reviews": _reviews,
    "Attributes": _attributes,
}
"""Name of a sub page, and what renders its part of the page."""
