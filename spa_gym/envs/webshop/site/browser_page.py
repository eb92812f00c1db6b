"""What a browser shows, read off its page: visible texts, what can be clicked, the reward; and how a page is left.

The scripts run in the page. A page that is being left is marked in its window, so that it is not read once more in the
time until the next one is there.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import Any

from spa_gym.envs.webshop.pages.text_nodes import Node
from spa_gym.envs.webshop.site.chromium import Chromium

__all__ = ["EMPTY_FIELD", "LEAVE_BY", "SUBMIT_FIELD", "BrowserPage", "read_page"]

_SECONDS = 30.0

_READ_PAGE = """
if (window.spaGymLeaving || document.readyState !== "complete") return null;
const holders = {BUTTON: "button"};
const classes = {option: "label", "product-link": "link"};
const ignored = new Set(["STYLE", "SCRIPT", "HEAD", "TITLE", "META"]);
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) =>
  node.nodeType === Node.ELEMENT_NODE && ("frame" in (node.dataset || {}) || ignored.has(node.tagName))
    ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
const nodes = [];
while (walker.nextNode()) {
  const node = walker.currentNode;
  if (node.nodeType !== Node.TEXT_NODE) continue;
  const parent = node.parentElement;
  nodes.push([holders[parent.tagName] || classes[parent.className] || "text", node.data]);
}
const texts = (selector) => Array.from(document.querySelectorAll(selector), (element) => element.textContent);
return {
  address: location.pathname + location.search,
  style: document.body.className,
  nodes: nodes,
  buttons: texts(".btn"),
  links: texts(".product-link"),
  options: texts(".option"),
  search: document.getElementById("search_input") !== null,
  reward: texts("#reward pre")[0] ?? null,
};
"""
LEAVE_BY = """
const element = document.querySelectorAll(arguments[0])[arguments[1]];
element.scrollIntoView({block: "center"});
window.spaGymLeaving = true;
return element;
"""
EMPTY_FIELD = """
const field = document.querySelector("#search_input, .frame-search input");
field.value = "";
field.focus();
"""
SUBMIT_FIELD = """
const field = document.querySelector("#search_input, .frame-search input");
if (field.value !== arguments[0]) return false;
window.spaGymLeaving = true;
field.form.requestSubmit();
return true;
"""


@dataclass(frozen=True, slots=True)
class BrowserPage:
    """What was read off a page."""

    address: str
    style: str
    nodes: tuple[Node, ...]
    buttons: tuple[str, ...]
    links: tuple[str, ...]
    options: tuple[str, ...]
    search: bool
    reward: float | None

    def find(self, name: str) -> tuple[str, int] | None:
        """Where the element is that a click on a name means: a selector and a position among its matches.

        A name of buttons and of an option is the button's, as in the text environment, which asks for the buttons'
        names first; of a value in two option groups the last one counts, as in the original.
        """
        for selector, names in ((".btn", self.buttons), (".product-link", self.links)):
            if name in names:
                return selector, names.index(name)
        backwards = self.options[::-1]
        return (".option", len(self.options) - 1 - backwards.index(name)) if name in backwards else None


def read_page(browser: Chromium) -> BrowserPage:
    """Wait until a page is there, and read it.

    Raises:
        TimeoutError: None came.
    """
    from selenium.common.exceptions import JavascriptException

    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(JavascriptException):  # the page went away under the script
            found = browser.run(_READ_PAGE)
            if found is not None:
                return _page(found)
        time.sleep(0.002)
    raise TimeoutError(f"no page came within {_SECONDS:.0f} s")


def _page(found: dict[str, Any]) -> BrowserPage:
    return BrowserPage(
        address=found["address"],
        style=found["style"],
        nodes=tuple((holder, text) for holder, text in found["nodes"]),
        buttons=tuple(text.lower() for text in found["buttons"]),
        links=tuple(text.lower() for text in found["links"]),
        options=tuple(found["options"]),
        search=found["search"],
        reward=None if found["reward"] is None else float(found["reward"]),
    )
