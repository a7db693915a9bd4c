"""Git over HTTP, by git's own `http-backend`, with the faults that a server and a network have.

The first part of the path names the fault: `/lost/…` carries the push out and never answers, `/lost-once/…` does so for
the first push alone, `/cut/…` closes before git sees the push, `/busy/…` is 503, `/deny/…` refuses to push with 403,
`/auth/…` wants the header `Authorization`. Any other path has no fault. What a caller sent of secrets is kept.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FAULTS = frozenset({"lost", "lost-once", "cut", "busy", "deny", "auth"})


@dataclass
class GitServer:
    """*url* serves the repositories below *root*; *pushes* are the paths that were pushed to, *secrets* the values of
    `Authorization` and `Cookie` that were sent."""

    root: Path
    url: str = ""
    calls: int = 0
    pushes: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)

    def bare(self, name: str, *options: str) -> Path:
        """Make an empty repository that can be pushed to."""
        folder = self.root / name
        subprocess.run(["git", "init", "--quiet", "--bare", *options, str(folder)], check=True)
        subprocess.run(["git", "-C", str(folder), "config", "http.receivepack", "true"], check=True)
        return folder


@contextlib.contextmanager
def serving(root: Path) -> Iterator[GitServer]:
    """Serve the repositories below *root* while the block runs."""
    shared = GitServer(root)

    class Bound(_Requests):
        server_of = shared

    with ThreadingHTTPServer(("127.0.0.1", 0), Bound) as server:
        server.daemon_threads = True
        shared.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield shared
        server.shutdown()
        thread.join()


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of: GitServer

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        data = self._body()
        path, _, query = self.path.partition("?")
        fault = path.split("/")[1]
        is_push = path.endswith("git-receive-pack") and self.command == "POST"
        if fault in FAULTS:
            path = path[len(fault) + 1 :]
        self.server_of.calls += 1
        self.server_of.secrets += [self.headers[name] for name in ("Authorization", "Cookie") if name in self.headers]
        if is_push:
            self.server_of.pushes.append(self.path)
        if fault == "auth" and not self.headers.get("Authorization"):
            return self._say(401, {"WWW-Authenticate": 'Basic realm="x"'})
        if fault == "deny" and "receive-pack" in self.path:
            return self._say(403, {}, b"no write access")
        if fault == "busy":
            return self._say(503, {})
        if fault == "cut" and is_push:
            self.close_connection = True
            return None
        code, headers, text = self._by_git(path, query, data)
        lost_once = fault == "lost-once" and len(self.server_of.pushes) == 1
        if is_push and (fault == "lost" or lost_once):
            self.close_connection = True
            return None
        return self._say(code, headers, text)

    def do_POST(self) -> None:
        self.do_GET()

    def _by_git(self, path: str, query: str, data: bytes) -> tuple[int, dict[str, str], bytes]:
        environment = os.environ | {
            "GIT_PROJECT_ROOT": str(self.server_of.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(data)),
            "REMOTE_USER": "x",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(["git", "http-backend"], input=data, env=environment, stdout=subprocess.PIPE, check=False)
        head, _, text = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        return int(headers.pop("Status", "200").split()[0]), headers, text

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = b""
        while size := int(self.rfile.readline(), 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _say(self, code: int, headers: dict[str, str], text: bytes = b"") -> Any:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Connection", "close")  # on a connection in use git's library would repeat a push by itself
        self.end_headers()
        self.wfile.write(text)
