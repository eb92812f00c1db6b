"""Addresses of the site: a page's whole state stands in its address, and nowhere else.

So there are no sessions to keep, to guess or to lose: an address works again after a restart, in another tab, and
from `restore_state`. Everything is a query parameter, percent-encoded, so that a query may hold `/`, `#`, `%`, quotes
or emoji. One thing is too long to stand in an address: a query of thousands of characters; the site keeps the last few
of those (`LongTexts`) and the address names them by their hash.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock
from urllib.parse import parse_qsl, urlencode

import numpy as np

from spa_gym.envs.webshop.pages.page_state import SUB_PAGES, PageState
from spa_gym.envs.webshop.session import search
from spa_gym.envs.webshop.shop import Shop

__all__ = ["PATHS", "Addresses", "LongTexts", "Refusal"]

PATHS = {"/task": "index", "/results": "results", "/item": "item", "/details": "sub", "/score": "done"}
"""Path of an address, and the kind of page there."""

_PATH_OF = {kind: path for path, kind in PATHS.items()}
_LONG = 2000
"""Characters of a query that still stands in the address itself."""
_OPTION = "option."
_MOST_SEEN = 500
_MOST_FIELDS = 2000


class Refusal(Exception):
    """A request that cannot be served; the page says why and what to do.

    Args:
        status: HTTP status.
        what: What is wrong.
        mend: What to do.
    """

    def __init__(self, status: int, what: str, mend: str) -> None:
        super().__init__(what)
        self.status, self.what, self.mend = status, what, mend


class LongTexts:
    """The last few long queries, by hash; safe to share between threads."""

    def __init__(self, most: int = 256) -> None:
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._most, self._lock = most, Lock()

    def keep(self, text: str) -> str:
        """Keep a text; return its name."""
        name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        with self._lock:
            self._texts[name] = text
            self._texts.move_to_end(name)
            if len(self._texts) > self._most:
                self._texts.popitem(last=False)
        return name

    def get(self, name: str) -> str:
        """Return a kept text.

        Raises:
            Refusal: It is not, or no longer, kept.
        """
        with self._lock:
            text = self._texts.get(name)
        if text is None:
            raise Refusal(404, "The shop no longer remembers this very long search.", "Go back and search again.")
        return text


class Addresses:
    """Writes a state as an address and reads it back.

    Args:
        shop: The shop that the pages are of.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop, self._long = shop, LongTexts()

    def write(self, state: PageState, task: int) -> str:
        """Return the address of a page of a task, path and query."""
        fields: list[tuple[str, str]] = [("task", str(task))]
        if state.kind != "index":
            fields += self._search_fields(state)
        if state.kind in ("item", "sub", "done"):
            fields.append(("asin", state.asin or ""))
            fields += [(_OPTION + group, value) for group, value in state.options.items()]
        if state.kind == "sub":
            fields.append(("tab", state.sub or ""))
        if state.kind != "index":
            fields += [("seen", asin) for asin in state.visited[-_MOST_SEEN:]]
        return f"{_PATH_OF[state.kind]}?{urlencode(fields, errors='surrogatepass')}"

    def read(self, path: str, query: str, start: PageState) -> PageState:
        """Return the page at an address.

        Args:
            path: One of `PATHS`.
            query: What stands behind the question mark.
            start: The start page of the address's task.

        Raises:
            Refusal: A parameter is missing or names something that does not exist.
        """
        fields = parse(query)
        kind = PATHS[path]
        if kind == "index":
            return start
        named = dict(fields)
        seen = tuple(dict.fromkeys(value for name, value in fields if name == "seen"))
        start = PageState(start.session_id, start.instruction, visited=seen[-_MOST_SEEN:])
        found = self._read_search(named, start)
        if kind == "results":
            return found
        asin = named.get("asin", "")
        index = self._shop.catalogue.index_of(asin)
        if index is None:
            raise Refusal(404, f"There is no product {asin[:40]!r} in this shop.", "Go back and search again.")
        options = _read_options(fields, self._shop.view(index).product.options)
        sub = SUB_PAGES.get(named.get("tab", "").lower()) if kind == "sub" else None
        if kind == "sub" and sub is None:
            raise Refusal(404, "A product has no such page.", f"Its pages are {', '.join(SUB_PAGES.values())}.")
        return PageState(
            session_id=start.session_id,
            instruction=start.instruction,
            kind=kind,  # type: ignore[arg-type]
            keywords=found.keywords,
            page=found.page,
            results=found.results,
            asin=asin,
            sub=sub,
            options=options,
            visited=start.visited,
        )

    def _search_fields(self, state: PageState) -> list[tuple[str, str]]:
        query = " ".join(state.keywords or ())
        fields = [
            ("q", query) if len(query) <= _LONG else ("long_q", self._long.keep(query)),
            ("page", str(state.page)),
        ]
        if state.keywords and state.keywords[0] == "<r>":  # drawn by chance: what was found belongs to the state
            fields.append(("found", " ".join(map(str, state.results))))
        return fields

    def _read_search(self, named: dict[str, str], start: PageState) -> PageState:
        if "q" not in named and "long_q" not in named:
            raise Refusal(400, "The address names no search.", "Start the task again and search.")
        query = named["q"] if "q" in named else self._long.get(named["long_q"])
        keywords = tuple(query.split(" "))
        page = _number(named.get("page", "1"), "page")
        if keywords[0] != "<r>":
            return search(start, keywords, page, self._shop, np.random.default_rng)
        size = len(self._shop.catalogue)
        found = tuple(_number(text, "found") for text in named.get("found", "").split())
        if not all(0 <= index < size for index in found):
            raise Refusal(400, "The address names products that this shop does not have.", "Search again.")
        return PageState(start.session_id, start.instruction, "results", keywords, page, found, visited=start.visited)


def parse(query: str) -> list[tuple[str, str]]:
    """Split a query string or a form into its fields, in order.

    Raises:
        Refusal: There are too many.
    """
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="surrogatepass")
    except ValueError:
        mend = "Go back, or start at the first page."
        raise Refusal(400, "The address or the form is not readable.", mend) from None


def _number(text: str, name: str) -> int:
    digits = text[1:] if text.startswith("-") else text
    if digits.isascii() and digits.isdecimal() and len(digits) <= 9:
        return int(text)
    raise Refusal(400, f"The address has no whole number as its {name}.", "Go back, or start the task again.")


def _read_options(fields: Iterable[tuple[str, str]], groups: dict[str, tuple[str, ...]]) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in fields:
        if not name.startswith(_OPTION):
            continue
        group = name.removeprefix(_OPTION)
        if value not in groups.get(group, ()):
            what = f"This product has no {group[:40]!r} that is {value[:40]!r}."
            raise Refusal(400, what, "Go back and choose one of those it has.")
        options[group] = value
    return options
