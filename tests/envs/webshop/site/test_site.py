"""The site without a socket: an episode by forms and links, the same texts as text mode, and nothing unsafe."""

from __future__ import annotations

import html
import random
import re
from urllib.parse import quote, urlencode, urlsplit

import numpy as np
import pytest

from spa_gym.envs.webshop.backend import ProcessBackend
from spa_gym.envs.webshop.pages.page_state import PageState
from spa_gym.envs.webshop.pages.text_nodes import joined
from spa_gym.envs.webshop.site.site import Response, Site
from tests.envs.webshop.page_parser import PageParser
from tests.envs.webshop.site.tiny_site import tiny_site
from tests.envs.webshop.tiny_shop import tiny_product


class Visitor:
    """Somebody without scripts: follows links, sends forms."""

    def __init__(self, site: Site, address: str) -> None:
        self.site = site
        self.open(address)

    def open(self, address: str) -> None:
        response = self.site.respond("GET", address)
        while response.status == 303:
            address = response.headers["Location"]
            response = self.site.respond("GET", address)
        assert response.status == 200, text_of(response)
        self.address, self.text = address, text_of(response)
        self.page = PageParser(self.text)

    def send(self, **fields: str) -> None:
        form = next(named for tag, named in self.page.attributes if tag == "form")
        response = self.site.respond("POST", form["action"] or "", urlencode(fields).encode())
        assert response.status == 303
        self.open(response.headers["Location"])

    def do(self, action: str) -> None:
        """An action of the environment, by hand."""
        name, argument = re.fullmatch(r"(.+?)\[(.+)\]", action, re.DOTALL).groups()  # type: ignore[union-attr]
        if name == "search":
            return self.send(search_query=argument)
        buttons = [named.get("value") or "" for tag, named in self.page.attributes if tag == "button"]
        label = next((label for label in buttons if label.lower() == argument), None)
        if label is not None:
            return self.send(click=label)
        links = re.findall(r'<a class="(?:product-link|option)" href="([^"]*)"[^>]*>([^<]*)</a>', self.text)
        named = [address for address, text in links if html.unescape(text).lower() == argument]
        return self.open(html.unescape(named[-1]))


def text_of(response: Response) -> str:
    return response.body.decode("utf-8")


def test_an_episode() -> None:
    visitor = Visitor(tiny_site(), "/task?task=3")
    assert "i want a brass lamp 3 in red" in visitor.text and 'id="search_input"' in visitor.text
    for action in ("search[Brass Lamp]", "click[next >]", "click[< prev]", "click[tiny000003]", "click[red]"):
        visitor.do(action)
    assert re.search(r'aria-current="true">red<', visitor.text)
    for action in ("click[features]", "click[< prev]", "click[buy now]"):
        visitor.do(action)
    assert "Thank you" in visitor.text and "<pre>1.0</pre>" in visitor.text
    for shown in ("Asked for", "at most $100.00", "$13.00", "100%", "1 of 1", "color: red", 'href="/task?task=4"'):
        assert shown in visitor.text, shown
    assert urlsplit(visitor.address).path == "/score"
    assert 'name="search_query"' not in visitor.text, "the session has ended"


@pytest.mark.parametrize("seed", range(6))
def test_episodes_by_hand_and_by_the_environment_are_the_same(seed: int) -> None:
    rng = random.Random(seed)
    odd = tiny_product(12, '1/4 "zip" & <b>\'s', bullets=("", " "), options={"size": ("a", "b"), "fit": ("b", "c\rd")})
    site = tiny_site(odd, show_attrs=True)
    goal = site.tasks[12].payload
    backend = ProcessBackend(site.shop, site.scorer, "text")
    backend.begin(goal)
    visitor = Visitor(site, "/task?task=12")
    for _ in range(25):
        nodes = visitor.page.nodes
        assert joined(nodes) == backend.observation()
        read: PageState = site.read(visitor.address)[1]
        assert read == backend.state or backend.state.kind == "done"
        if backend.state.kind == "done":
            assert f"<pre>{backend.state.reward!r}</pre>" in visitor.text
            break
        searches = (
            "search[1/4 #%&=\"'+ zip]",
            "search[ ]",
            "search[<q> lamps]",
            "search[<c> garden]",
            "search[search_results]",
        )
        action = rng.choice([*backend.admissible(), rng.choice(searches)])
        assert backend.act(action, np.random.default_rng)
        visitor.do(action)


def test_an_option_of_two_groups_is_chosen_where_it_is_clicked() -> None:
    lamp = tiny_product(12, options={"size": ("a", "b"), "fit": ("b", "c")})
    site = tiny_site(lamp)
    visitor = Visitor(site, "/item?task=12&q=lamp&page=1&asin=TINY000012")
    first = re.findall(r'<a class="option" href="([^"]*)">b</a>', visitor.text)[0]
    visitor.open(html.unescape(first))
    assert site.read(visitor.address)[1].options == {"size": "b"}


def test_the_pages_are_safe() -> None:
    site = tiny_site(tiny_product(12, "<script>alert(1)</script>", image="https://example.org/picture.jpg"))
    pages = [
        "/",
        "/task?task=12",
        "/results?task=12&q=%3Cscript%3E&page=1",
        "/none?%3Cscript%3E",
        "/task?task=%3Cscript%3E",
    ]
    pages += [f"{path}?task=12&q=lamp&page=1&asin=TINY000012&tab=features" for path in ("/item", "/details", "/score")]
    for address in pages:
        response = site.respond("GET", address)
        text = text_of(response)
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "<script>" not in text and "style=" not in text and " onclick" not in text, address
        assert not re.search(r'(src|href|action)="(https?:)?//', text), f"{address} points elsewhere"
        assert text.count("<script ") == 1


def test_what_the_pages_load_is_there() -> None:
    site = tiny_site(tiny_product(12, category="unheard of"))
    item = "/item?task=12&q=lamp&page=1&asin="
    for address in ("/task?task=0", f"{item}TINY000012", f"{item}TINY000001"):
        for path in re.findall(r'(?:src|href)="(/static/[^"]*)"', text_of(site.respond("GET", address))):
            response = site.respond("GET", path)
            assert response.status == 200 and len(response.body) > 50, path
            assert "immutable" in response.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("method", "address", "status", "said"),
    [
        ("GET", "/nothing", 404, "no such page"),
        ("GET", "/static/../site.py", 404, "no such page"),
        ("GET", "/static/%2e%2e/site.py", 404, "no such page"),
        ("GET", "/task?task=999", 404, "numbered from 0 to 11"),
        ("GET", "/task?task=-1", 404, "numbered"),
        ("GET", "/task?task=1e3", 404, "numbered"),
        ("GET", "/task", 404, "names no task"),
        ("GET", "/results?task=1", 400, "no search"),
        ("POST", "/results?task=1", 400, "no search"),
        ("GET", "/item?task=1&q=a&asin=%3Cb%3E", 404, "&lt;b&gt;"),
        ("POST", "/", 404, "no such page"),
        ("GET", "http://[", 400, "not readable"),
        ("DELETE", "/", 405, "method DELETE"),
    ],
)
def test_refusals_say_what_to_do(method: str, address: str, status: int, said: str) -> None:
    response = tiny_site().respond(method, address)
    assert response.status == status and said in text_of(response) and 'href="/"' in text_of(response)
    assert "Content-Security-Policy" in response.headers
    assert ("Allow" in response.headers) == (status == 405)


def test_a_failure_inside_is_a_page_too(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    site = tiny_site()
    monkeypatch.setattr(site.shop, "search", lambda query: 1 / 0)
    response = site.respond("GET", "/results?task=1&q=lamp")
    assert response.status == 500 and "Go back" in text_of(response) and "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    "body", [b"", b"search_query=", b"click=nothing", b"click=buy+now", b"\xff\xfe=%FF", b"a=b&" * 9]
)
def test_a_form_that_means_nothing_leads_back(body: bytes) -> None:
    response = tiny_site().respond("POST", "/task?task=2", body)
    assert (response.status, response.headers.get("Location")) in ((303, "/task?task=2"), (400, None))


@pytest.mark.parametrize("query", ["1/4 zip", "#1", "100%", "%2F", "\"a\" 'b'", "😀", "a+b&c=d", "x" * 60_000])
def test_any_query_works(query: str) -> None:
    visitor = Visitor(tiny_site(tiny_product(12, f"lamp {query[:100].lower()}")), "/task?task=1")
    visitor.do(f"search[{query}]")
    assert "Total results: " in visitor.text and len(visitor.address) < 2000
    assert f'value="{html.escape(query.lower()).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")}"' in visitor.text
    visitor.do("click[next >]")
    assert "Page 2" in visitor.text


def test_a_search_by_chance_stays_the_same() -> None:
    visitor = Visitor(tiny_site(), "/task?task=1")
    visitor.do("search[<r>]")
    found = re.findall(r">(TINY\d+)<", visitor.text)
    assert len(found) == 10
    visitor.open(visitor.address)
    assert re.findall(r">(TINY\d+)<", visitor.text) == found


def test_the_list_of_tasks_turns() -> None:
    site = tiny_site(*(tiny_product(number) for number in range(12, 60)))
    first, last = (text_of(site.respond("GET", address)) for address in ("/", "/?first=40"))
    assert 'href="/?first=20"' in first and "Earlier" not in first and 'href="/task?task=19"' in first
    assert 'href="/?first=20"' in last and "Later" not in last and 'href="/task?task=59"' in last
    for strange in ("first=-1", "first=x", "first=99999", f"first={quote('²')}"):
        assert site.respond("GET", f"/?{strange}").status == 200


def test_a_random_task() -> None:
    site = tiny_site()
    found = {site.respond("GET", "/random").headers["Location"] for _ in range(60)}
    assert len(found) > 5 and all(site.respond("GET", address).status == 200 for address in found)
