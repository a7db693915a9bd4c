"""The run that a fire starts: a simulated run with a set duration and rate of failures, or a call of a URL.

A simulated run depends on seed, job and instant alone: its outcome is the same in whatever order the fires are run.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from urllib.parse import quote, urlsplit

from reconcile.errors import SettingError
from reconcile.twin.jobs import Job
from reconcile.twin.settings import TwinSettings

_WORKERS = 32
_64_BITS = 2**64 - 1
_TIMED_OUT = "java.net.SocketTimeoutException: timeout"


class SimulatedRuns:
    """Runs that only take time, and fail at a set rate."""

    def __init__(self, settings: TwinSettings) -> None:
        self._took = int(settings.run_seconds * 1000)
        self._rate = settings.failure_rate
        self._text = settings.failure_text

    def outcomes(self, job: Job, fires: list[int], seed: int) -> tuple[list[int], list[str]]:
        """Return run time in milliseconds and text (empty: successful) of each of *fires*, drawn from *seed*."""
        took = [self._took] * len(fires)
        if self._rate <= 0:
            return took, [""] * len(fires)
        limit = int(self._rate * 2**64)
        key = int.from_bytes(blake2b(f"{seed}/{job.tenant}/{job.code}".encode(), digest_size=8).digest())
        return took, [self._text if _mixed(key, ms) < limit else "" for ms in fires]


def _mixed(key: int, number: int) -> int:
    """Return a pseudo-random number of 64 bits for *number*: SplitMix64, with *key* as its seed."""
    mixed = (key + number * 0x9E3779B97F4A7C15) & _64_BITS
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _64_BITS
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _64_BITS
    return mixed ^ (mixed >> 31)


class UrlRuns:
    """Runs that POST to a URL, in which ``{tenant}`` and ``{code}`` stand for those of the job.

    Raises:
        SettingError: it is not an http or https URL.
    """

    def __init__(self, url: str, timeout_seconds: float) -> None:
        try:
            parts = urlsplit(url)
            is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_one = False
        if not is_one:
            raise SettingError(f"the run URL {url!r} is not one of http:// or https://")
        self._url = url
        self._timeout = timeout_seconds
        self._under_way: set[socket.socket] = set()
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="twin-run")

    def start(self, job: Job, ended: Callable[[int, str], None]) -> None:
        """Call the URL for *job*; *ended* gets, in another thread, the milliseconds it took and what went wrong."""
        url = self._url.replace("{tenant}", quote(job.tenant, safe="")).replace("{code}", quote(job.code, safe=""))

        def run() -> None:
            began = time.monotonic()
            text = self._call(url)
            ended(int((time.monotonic() - began) * 1000), text)

        self._pool.submit(run)

    def close(self) -> None:
        """Drop the calls that have not begun, and end the others."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for connected in tuple(self._under_way):
            _shut_down(connected)
        self._pool.shutdown(wait=True)

    def _call(self, url: str) -> str:
        """Call *url*, and return what went wrong; an empty text when nothing did."""
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self._timeout)
        deadline = time.monotonic() + self._timeout
        try:
            connection.connect()
            with self._limited(connection.sock, deadline):
                path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
                connection.request("POST", path, headers={"Connection": "close"})
                reply = connection.getresponse()
                reply.read()
        except TimeoutError:
            return _TIMED_OUT
        except (OSError, ValueError, http.client.HTTPException) as error:
            return _TIMED_OUT if time.monotonic() >= deadline else f"java.io.IOException: {error}"
        finally:
            connection.close()
        if time.monotonic() >= deadline:
            return _TIMED_OUT
        return "" if reply.status < 400 else f"java.io.IOException: HTTP {reply.status} {reply.reason}"

    @contextlib.contextmanager
    def _limited(self, connected: socket.socket, deadline: float) -> Iterator[None]:
        """Shut *connected* down at the *deadline*: the time-out of a socket restarts with each byte."""
        timer = threading.Timer(max(0.0, deadline - time.monotonic()), _shut_down, (connected,))
        timer.daemon = True
        timer.start()
        self._under_way.add(connected)
        try:
            yield
        finally:
            timer.cancel()
            self._under_way.discard(connected)


def _shut_down(connected: socket.socket) -> None:
    """End every wait for *connected*."""
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
