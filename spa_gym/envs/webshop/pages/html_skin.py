"""What differs between the pages of mode "html" and those of the site: a `Skin`; and `ORIGINAL`, the original's own.

The original builds its addresses with Werkzeug 2.1 (`url_for` for a route "/" makes everything a query parameter) and
writes them into Jinja templates that escape on their own; `escape`, `quote` and `script_json` give the bytes of the
three.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import quote_plus

from spa_gym.envs.webshop.pages.page_state import PageState
from spa_gym.envs.webshop.product import Product

__all__ = ["ORIGINAL", "Original", "Skin", "escape", "quote", "script_json"]


class Skin(Protocol):
    """How one kind of page looks beyond its texts. Everything returned is markup: escaped, ready to be put in."""

    def top(self, state: PageState) -> str:
        """From the doctype to the first line of the body."""
        ...

    def target(self, state: PageState, label: str) -> str:
        """The address that a button's form is sent to."""
        ...

    def attributes(self, part: str) -> str:
        """Further attributes of a button, by its label, or of a part: "box", "hidden" or "search"; "", or " x=y"."""
        ...

    def link(self, state: PageState, asin: str) -> str:
        """The address of a product on a results page."""
        ...

    def options(self, state: PageState, product: Product, group: str) -> Iterable[str]:
        """One piece of markup for every value of an option group."""
        ...

    def picture(self, product: Product, large: bool) -> str:
        """A product's picture: one tag."""
        ...

    def script(self, state: PageState, product: Product) -> str:
        """What follows the body of an item page."""
        ...

    def bottom(self, state: PageState) -> str:
        """What comes at the end of the body."""
        ...


def escape(text: str) -> str:
    """Escape a text for HTML, inside and outside of attributes, with MarkupSafe's entities.

    Example:
        >>> escape("<b class='x'> & more")
        '&lt;b class=&#39;x&#39;&gt; &amp; more'
    """
    text = text.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;")
    return text.replace("'", "&#39;").replace('"', "&#34;")


@lru_cache(maxsize=8192)  # most of the time of a page goes into these
def quote(text: str) -> str:
    """Encode a text as the value of a query parameter, then for HTML; Werkzeug 2.1 leaves ``$!'()*,;`` as they are.

    Example:
        >>> quote("{'size': '1/4 zip'}")
        '%7B&#39;size&#39;%3A+&#39;1%2F4+zip&#39;%7D'
    """
    return quote_plus(text, safe="$!'()*,;", errors="replace").replace("'", "&#39;")


def script_json(value: Any) -> str:
    r"""Write a value as JSON that is safe inside a script or an element: Jinja's `tojson`, with sorted keys.

    Example:
        >>> script_json({"b": "</script>", "a": None})
        '{"a": null, "b": "\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, sort_keys=True).replace("<", "\\u003c").replace(">", "\\u003e")
    return text.replace("&", "\\u0026").replace("'", "\\u0027")


@lru_cache(maxsize=1024)
def _keywords(keywords: tuple[str, ...]) -> str:
    return "".join([f"&amp;keywords={quote(word)}" for word in keywords])


class Original:
    """The pages byte for byte as the original's text environment makes them; nothing in them works in a browser."""

    def top(self, state: PageState) -> str:
        """The head: Bootstrap 3 without a script on the first and the last page, with scripts on the others."""
        return _PLAIN_TOP if state.kind in ("index", "done") else _SCRIPTED_TOP

    def target(self, state: PageState, label: str) -> str:
        """The address behind a button."""
        if label in ("Search", "Back to Search"):
            return f"/?session_id={quote(state.session_id)}"
        if label == "Next >":
            return self._results(state, state.page + 1)
        if label == "< Prev" and state.kind == "sub":
            return self._item(state, state.asin or "") + quote(str(dict(state.options)))
        if label == "< Prev":
            return self._results(state, state.page - 1 if state.kind == "results" else state.page)
        options = quote(str(dict(state.options)))
        if label == "Buy Now":
            return f"/?session_id={quote(state.session_id)}&amp;asin={quote(state.asin or '')}&amp;options={options}"
        return self._item(state, state.asin or "", f"&amp;sub_page={label}") + options

    def attributes(self, part: str) -> str:
        """Styles of two boxes; nothing for buttons."""
        return _STYLES.get(part, "")

    def link(self, state: PageState, asin: str) -> str:
        """The address of a product: with no options."""
        return self._item(state, asin) + "%7B%7D"

    def options(self, state: PageState, product: Product, group: str) -> Iterable[str]:
        """A radio button and its label for every value, the address with that value chosen beside it."""
        address, name = self._item(state, product.asin), escape(group)
        for index, value in enumerate(product.options[group]):
            shown, chosen = escape(value), quote(str({**state.options, group: value}))
            yield (
                f'<input type="radio" id="radio_{name}{index}" name="{name}" value="{shown}" '
                f'data-url="{address}{chosen}">\n'
                f'                  <label for="radio_{name}{index}">{shown}</label>'
            )

    def picture(self, product: Product, large: bool) -> str:
        """The product's main picture, at the address that its data give."""
        source = escape(product.image)
        if large:
            return f'<img id="product-image" src="{source}" class="item-page-img">'
        return f'<img src="{source}" class="result-img">'

    def script(self, state: PageState, product: Product) -> str:
        """The script that checks the chosen options and follows a click on another one."""
        return (
            f"{_SCRIPT[0]}{script_json(dict(state.options))}{_SCRIPT[1]}"
            f"{script_json(product.option_images)}{_SCRIPT[2]}"
        )

    def bottom(self, state: PageState) -> str:
        """Nothing."""
        return ""

    def _results(self, state: PageState, page: int) -> str:
        words = _keywords(tuple(state.keywords or ()))
        return f"/?session_id={quote(state.session_id)}{words}&amp;page={page}"

    def _item(self, state: PageState, asin: str, sub_page: str = "") -> str:
        """All of an item page's address but the options."""
        words = _keywords(tuple(state.keywords or ()))
        head = f"/?session_id={quote(state.session_id)}&amp;asin={quote(asin)}{words}"
        return f"{head}&amp;page={state.page}{sub_page}&amp;options="


ORIGINAL = Original()
"""The skin of mode "html"."""

_STYLES = {"box": ' style="margin-top: 8%;"', "hidden": ' style="display:none"'}

_PLAIN_TOP = """\
<!DOCTYPE html>
<html>
  <head>
    <link rel="stylesheet" href="/static/style.css">
    <link rel="stylesheet" href="https://cdnjs.cloudflare.com/ajax/libs/font-awesome/4.7.0/css/font-awesome.min.css">
    <link rel="stylesheet" href="https://maxcdn.bootstrapcdn.com/bootstrap/3.4.1/css/bootstrap.min.css">
    <link rel="icon" href="data:,">
  </head>
  <body>
"""

_SCRIPTED_TOP = """\
<!DOCTYPE html>
<html>
  <head>
    <link rel="stylesheet" href="/static/style.css">
    <link rel="stylesheet" href="https://maxcdn.bootstrapcdn.com/bootstrap/3.4.1/css/bootstrap.min.css">
    <link rel="stylesheet" href="https://cdnjs.cloudflare.com/ajax/libs/font-awesome/4.0.3/css/font-awesome.css\t">
    <script src="https://ajax.googleapis.com/ajax/libs/jquery/3.5.1/jquery.min.js"></script>
    <script src="https://stackpath.bootstrapcdn.com/bootstrap/4.3.1/js/bootstrap.bundle.min.js"></script>
    <link rel="icon" href="data:,">
  </head>
  <body>
"""

_SCRIPT = (
    """\
  <script>
    $(document).ready(function() {
      $('input:radio').each(function() {
        //console.log($(this).val());
        let options = JSON.parse(`""",
    """`);
        let optionValues = $.map(options, function(value, key) { return value });
        //console.log(optionValues);
        if (optionValues.includes($(this).val())) {
          $(this).prop('checked', true);

          let option_to_image = JSON.parse(`""",
    """`);
//          console.log($(this).val());
//          console.log(options);
//          console.log(option_to_image);
          let image_url = option_to_image[$(this).val()];

          //console.log(image_url);
          if (image_url) {
            $("#product-image").attr("src", image_url);
          }
        }
       \x20
        // reload with updated options
        this.addEventListener("click", function() {
          window.location.href = this.dataset.url;
        });

      });
    });
  </script>
""",
)
"""The original's script of an item page, around the two values that are put into it."""
