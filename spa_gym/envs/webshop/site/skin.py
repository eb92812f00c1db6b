"""`SiteSkin`: the shop's pages as the site shows them, on the page functions that mode "html" has.

Around the texts of a page (which agents read, and which are the same as in the text environment) the site has a frame
of its own: a header, and on the last page the details of the score. Everything of the frame is inside an element with
the attribute `data-frame`, so that a program which reads the page can leave it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from spa_gym.envs.webshop.pages.html_skin import escape
from spa_gym.envs.webshop.pages.page_state import NO_OPTIONS, PageState
from spa_gym.envs.webshop.product import Product

__all__ = ["PICTURES", "SiteSkin", "document_top"]

PICTURES = ("beauty", "electronics", "fashion", "garden", "grocery")
"""Departments that have a picture of their own; all others share one."""

_ATTRIBUTES = {"hidden": " hidden", "search": ' aria-label="What to search for" autocomplete="off" autofocus'}


def document_top(title: str, kind: str, version: str) -> str:
    """Write a document down to the start of its body.

    Args:
        title: Of the document.
        kind: Of the page; the style sheet goes by it.
        version: Of the static files, so that a browser asks for them once.
    """
    return f"""\
<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>{escape(title)}</title>
    <link rel="stylesheet" href="/static/style.css?v={version}">
    <link rel="icon" type="image/svg+xml" href="/static/icon.svg?v={version}">
    <script src="/static/script.js?v={version}" defer></script>
  </head>
  <body class="page-{kind}">
"""


class SiteSkin:
    """The skin of one request.

    Args:
        here: Address of the page itself; its buttons send what was clicked there.
        address: Writes the address of another page of the same task.
        task: Position of the task.
        version: Of the static files.
        bottom: Frame below the page.
    """

    def __init__(
        self, here: str, address: Callable[[PageState], str], task: int, version: str, bottom: str = ""
    ) -> None:
        self._here, self._address = escape(here), address
        self._task, self._version, self._bottom = task, version, bottom

    def top(self, state: PageState) -> str:
        """The head, and the frame's header with a search of its own where the page has none."""
        search = ""
        if state.kind in ("results", "item", "sub"):
            words = escape(" ".join(state.keywords or ()))
            search = f"""
      <form class="frame-search" role="search" method="post" action="{self._here}">
        <input type="search" name="search_query" value="{words}" aria-label="Search for something else" \
autocomplete="off" required>
        <button type="submit">Search</button>
      </form>"""
        return f"""\
{document_top(f"WebShop, task {self._task}", state.kind, self._version)}\
    <header data-frame>
      <a class="brand" href="/">WebShop</a>{search}
      <span class="task">Task {self._task}</span>
    </header>
    <main>
"""

    def target(self, state: PageState, label: str) -> str:
        """All buttons send to the page itself: what follows is for the rules of the environment to say."""
        return self._here

    def attributes(self, part: str) -> str:
        """What a button sends, and what the two boxes and the search field have of their own."""
        if part in ("box", "hidden", "search", "Search"):
            return _ATTRIBUTES.get(part, "")
        return f' name="click" value="{escape(part)}"'

    def link(self, state: PageState, asin: str) -> str:
        """The address of a product on a results page."""
        visited = state.visited if asin in state.visited else (*state.visited, asin)
        target = replace(state, kind="item", asin=asin, options=NO_OPTIONS, visited=visited)
        return escape(self._address(target))

    def options(self, state: PageState, product: Product, group: str) -> Iterable[str]:
        """A link for every value: it needs no script, and the keyboard reaches it."""
        for value in product.options[group]:
            target = escape(self._address(replace(state, options={**state.options, group: value})))
            chosen = ' aria-current="true"' if state.options.get(group) == value else ""
            yield f'<a class="option" href="{target}"{chosen}>{escape(value)}</a>'

    def picture(self, product: Product, large: bool) -> str:
        """A drawing for the department: the site shows nothing from elsewhere."""
        name = product.category if product.category in PICTURES else "other"
        style = "item-page-img" if large else "result-img"
        return f'<img class="{style}" src="/static/pictures/{name}.svg?v={self._version}" alt="">'

    def script(self, state: PageState, product: Product) -> str:
        """Nothing: the site's script is a file of its own."""
        return ""

    def bottom(self, state: PageState) -> str:
        """The frame below the page."""
        return f"    </main>\n{self._bottom}"
