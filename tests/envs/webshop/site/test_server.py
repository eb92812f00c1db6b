"""The server over real sockets: pages, forms, HEAD, connections that stay open, and everything that goes wrong."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest

from spa_gym.core.errors import BadArgument
from spa_gym.envs.webshop.site.server import SiteServer
from tests.envs.webshop.site.tiny_site import tiny_site


@pytest.fixture(scope="module")
def server() -> Iterator[SiteServer]:
    server = SiteServer(tiny_site())
    server.start()
    yield server
    server.close()


def get(server: SiteServer, address: str) -> tuple[int, str, str]:
    """Status, final address and text of a page, as a browser without scripts gets them."""
    try:
        with urllib.request.urlopen(server.url + address.lstrip("/"), timeout=10) as response:
            return response.status, response.url, response.read().decode("utf-8")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.url or "", error.read().decode("utf-8")


def raw(server: SiteServer, request: bytes) -> bytes:
    """What comes back for the bytes of a request."""
    with socket.create_connection(server.server_address[:2], timeout=10) as connection:
        connection.sendall(request)
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(65536):
                received += part
        return received


@pytest.mark.parametrize("query", ["lamp", "1/4 zip", "#1 100% \"a\" 'b' +&=", "😀 ünïcode", "x" * 50_000])
def test_a_search_with_any_query(server: SiteServer, query: str) -> None:
    form = urlencode({"search_query": query}).encode()
    with urllib.request.urlopen(server.url + "task?task=1", form, timeout=10) as response:
        assert response.status == 200 and "/results?" in response.url
        assert "Total results" in response.read().decode("utf-8")


def test_pages_over_one_connection(server: SiteServer) -> None:
    host, port = server.server_address[:2]
    with contextlib.closing(http.client.HTTPConnection(str(host), port, timeout=10)) as connection:
        for address, status in (("/", 200), ("/none", 404), ("/task?task=1", 200), ("/random", 303)):
            connection.request("GET", address)
            response = connection.getresponse()
            assert response.status == status and len(response.read()) == int(response.headers["Content-Length"])
            assert response.headers["Content-Security-Policy"] and response.headers["Server"] == "spa-gym"


def test_head_is_get_without_a_body(server: SiteServer) -> None:
    for address in ("/", "/task?task=1", "/static/style.css", "/none"):
        whole = raw(server, f"GET {address} HTTP/1.0\r\n\r\n".encode())
        head = raw(server, f"HEAD {address} HTTP/1.0\r\n\r\n".encode())
        lines = [line for line in whole.split(b"\r\n\r\n")[0].split(b"\r\n") if not line.startswith(b"Date")]
        found = [line for line in head.split(b"\r\n\r\n")[0].split(b"\r\n") if not line.startswith(b"Date")]
        assert found == lines and head.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("request_", "status", "said"),
    [
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414", b"Too Long"),
        (b"DELETE / HTTP/1.1\r\n\r\n", b"405", b"Allow: GET"),
        (b"POST /task?task=1 HTTP/1.1\r\n\r\n", b"411", b"no length"),
        (b"POST /task?task=1 HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"411", b"no length"),
        (b"POST /task?task=1 HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n", b"413", b"too long"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"431", b"Too many"),
        (b"GET /task?task=\xff\xfe<script> HTTP/1.0\r\n\r\n", b"404", b"There is no task"),
    ],
    ids=["long address", "method", "no length", "negative length", "long form", "many headers", "odd bytes"],
)
def test_bad_requests_get_a_page(server: SiteServer, request_: bytes, status: bytes, said: bytes) -> None:
    answer = raw(server, request_)
    assert answer.startswith(b"HTTP/1.1 " + status) and said in answer and b"<script>" not in answer
    assert b"Content-Security-Policy" in answer and b"Choose a task" in answer
    assert get(server, "/")[0] == 200, "the server goes on"


def test_garbage_and_broken_connections_do_no_harm(server: SiteServer) -> None:
    for request in (
        b"\r\n\r\n",
        b"\x16\x03\x01\x02",
        b"GET",
        b"POST /task?task=1 HTTP/1.1\r\nContent-Length: 9\r\n\r\nab",
    ):
        with socket.create_connection(server.server_address[:2], timeout=10) as connection:
            connection.sendall(request)
    assert get(server, "/")[0] == 200


def test_unknown_tasks_and_products_are_friendly(server: SiteServer) -> None:
    for address in ("/task?task=abc", "/item?task=1&q=a&asin=B000", f"/results?task=1&long_q={quote('?')}"):
        status, _, text = get(server, address)
        assert status == 404 and "Choose a task" in text


def test_many_visitors_at_once(server: SiteServer) -> None:
    wrong: list[str] = []

    def visit(task: int) -> None:
        for _ in range(10):
            text = get(server, f"/results?task={task}&q=lamp+{task}&page=1")[2]
            if f"i want a brass lamp {task} in red" not in text:
                wrong.append(text)

    visitors = [threading.Thread(target=visit, args=(task,)) for task in range(8)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert wrong == []


def test_a_port_in_use_names_another(server: SiteServer) -> None:
    port = server.server_address[1]
    with pytest.raises(BadArgument, match=rf"{port}, which is in use.*--port \d+") as refused:
        SiteServer(server.site, port=port)
    other = SiteServer(server.site, port=int(str(refused.value).rsplit(" ", 1)[1]))
    other.close()


@pytest.mark.parametrize(("host", "port"), [("no.such.host.invalid", 0), ("127.0.0.1", 70_000), ("127.0.0.1", -1)])
def test_a_host_or_port_that_cannot_be(host: str, port: int) -> None:
    with pytest.raises(BadArgument):
        SiteServer(tiny_site(), host, port)


def test_it_listens_on_loopback_only_and_gives_the_port_back() -> None:
    server = SiteServer(tiny_site())
    assert server.server_address[0] == "127.0.0.1" and server.url.startswith("http://127.0.0.1:")
    server.start()
    port = server.server_address[1]
    assert get(server, "/")[0] == 200
    server.close()
    SiteServer(tiny_site(), port=port).close()
