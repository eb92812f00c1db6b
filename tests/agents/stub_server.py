"""A stand-in for an OpenAI-compatible server: answers by a function, and keeps what it saw."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Answer", "Server", "reply"]

Answer = Callable[[dict[str, Any], int], tuple[int, Any, dict[str, str]]]


class Server:
    """Answers by a function of (request, number of the request); status 0 sends the body alone, which is no HTTP."""

    def __init__(self) -> None:
        self.answer: Answer = lambda request, number: (200, reply("Action: look"), {})
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.arrived = threading.Event()
        outer, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    outer.requests.append({"path": self.path, **request})
                    outer.headers.append(dict(self.headers))
                    number = len(outer.requests)
                outer.arrived.set()
                status, body, headers = outer.answer(request, number)
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                if status:
                    self.send_response(status)
                    for name, value in {"Content-Length": str(len(data)), **headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                with suppress(ConnectionError):  # the client has heard enough
                    self.wfile.write(data)

            def do_GET(self) -> None:
                outer.headers.append(dict(self.headers))
                self.send_error(404)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.block_on_close = False
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/v1/"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


def reply(content: Any, tokens: Any = 7, **choice: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    return {"choices": [{"message": message, **choice}], "usage": {"total_tokens": tokens}}
