"""`SiteServer`: a site behind a socket, with the standard library's HTTP server and a thread for each connection."""

from __future__ import annotations

import errno
import logging
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from spa_gym.core.errors import BadArgument
from spa_gym.envs.webshop.site.addresses import Refusal
from spa_gym.envs.webshop.site.site import Response, Site

__all__ = ["SiteServer"]

_log = logging.getLogger(__name__)

_MOST_BYTES = 1 << 20
"""Of a form; a query of the longest action is far below."""


class SiteServer(ThreadingHTTPServer):
    """Serves a site; `serve_forever` in this thread, or `start` in one of its own.

    Args:
        site: The site.
        host: Address to listen on.
        port: Port to listen on; 0 for a free one.

    Raises:
        BadArgument: The port is in use, or is not to be had; the message names another.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, site: Site, host: str = "127.0.0.1", port: int = 0) -> None:
        self.site, self._started = site, False
        if not 0 <= port < 65536:
            raise BadArgument("a port from 0 to 65535", str(port), "pass --port 3000, or --port 0 for a free one")
        if ":" in host:
            self.address_family = socket.AF_INET6
        try:
            super().__init__((host, port), _Handler)
        except (OSError, UnicodeError) as error:
            raise _refused(host, port, error) from error

    @property
    def url(self) -> str:
        """Where the site is."""
        host, port = self.server_address[:2]
        shown = f"[{host!s}]" if ":" in str(host) else str(host)
        return f"http://{shown}:{port}/"

    def server_bind(self) -> None:
        """Bind without looking the host's name up, which may take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def start(self) -> None:
        """Serve in a thread that ends with the process, or with `close`."""
        self._started = True
        threading.Thread(target=self.serve_forever, args=(0.05,), name="webshop-site", daemon=True).start()

    def close(self) -> None:
        """Stop serving and give the port back."""
        if self._started:
            self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks off is no matter of the server's."""
        _log.debug("connection from %s broke off", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: SiteServer
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet for head and body

    def do_GET(self) -> None:
        self._answer(self.server.site.respond("GET", self.path))

    def do_HEAD(self) -> None:
        self._answer(self.server.site.respond("HEAD", self.path))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()):
            self._refuse(411, "The form has no length.", "Use a browser.")
        elif len(length) > 9 or int(length) > _MOST_BYTES:
            self._refuse(413, "The form is too long.", "Search for something shorter.")
        else:
            self._answer(self.server.site.respond("POST", self.path, self.rfile.read(int(length))))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what the standard library refuses (an endless address, an unknown method) with a page of ours."""
        status = 405 if code == HTTPStatus.NOT_IMPLEMENTED else int(code)
        what = message or HTTPStatus(code).phrase
        self._refuse(status, f"{what}.", "Go back, or start at the first page.")

    def version_string(self) -> str:
        return "spa-gym"

    def log_message(self, format: str, *args: Any) -> None:
        _log.debug("%s " + format, self.client_address[0], *args)

    def _refuse(self, status: int, what: str, mend: str) -> None:
        self.close_connection = True  # what is left of the request is not read
        self._answer(self.server.site.refuse(Refusal(status, what, mend)))

    def _answer(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)


def _refused(host: str, port: int, error: Exception) -> BadArgument:
    """The error that says why a socket could not be had, and names a port that is free."""
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return BadArgument("a free port", f"{port}, which is in use", f"pass --port {_free_port(host)}")
    if isinstance(error, OSError) and error.errno == errno.EACCES:
        return BadArgument("a port that this user may use", str(port), f"pass --port {_free_port(host)}")
    return BadArgument("a host of this machine", f"{host!r} ({error})", "pass --host 127.0.0.1")


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]
