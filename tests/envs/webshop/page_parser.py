"""Reads a page of HTML as a program would: its visible text nodes, its tags, and what can be clicked."""

from __future__ import annotations

from html.parser import HTMLParser

from spa_gym.envs.webshop.pages.text_nodes import Node, visible

__all__ = ["PageParser"]

_IGNORED = {"style", "script", "head", "title", "meta"}
_VOID = {"br", "hr", "img", "input", "link", "meta"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}


class PageParser(HTMLParser):
    """Text nodes with their holders, leaving out comments, scripts and everything inside of `data-frame`."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        """Every start tag with the names of its attributes."""
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self._nodes: list[Node] = []
        self._open: list[tuple[str, str]] = []
        self._frame: list[str] = []
        self.feed(page)
        self.close()

    @property
    def nodes(self) -> list[Node]:
        return list(visible(self._nodes))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        named = dict(attrs)
        self.attributes.append((tag, named))
        if self._frame or "data-frame" in named:
            if tag not in _VOID:
                self._frame.append(tag)
        elif tag not in _VOID:
            self._open.append((tag, named.get("class") or ""))

    def handle_endtag(self, tag: str) -> None:
        if self._frame:
            assert self._frame.pop() == tag, "the frame's own markup is well formed"
            return
        names = [name for name, _ in self._open]
        for place in range(len(names) - 1, -1, -1):
            if names[place] == tag or {names[place], tag} <= _HEADINGS:  # the original closes <h4> with </h5>
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        if self._frame or not self._open or self._open[-1][0] in _IGNORED | {"html"}:
            return
        tag, style = self._open[-1]
        holder = "label" if tag == "label" or style == "option" else {"button": "button"}.get(tag, "text")
        self._nodes.append(("link" if style == "product-link" else holder, data))
