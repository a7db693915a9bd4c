"""What a fire does: nothing, for a set time and with a set rate of failures, or a call of a URL.

A run that does nothing ends as its fire was drawn: the same seed, job and instant always end alike, in whatever order
the fires are worked through.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlsplit
from zlib import crc32

from reconcile.errors import SettingError
from reconcile.twin.jobs import Job
from reconcile.twin.settings import TwinSettings

_WORKERS = 32


class Pretended:
    """Runs that do nothing but take their time and fail now and then."""

    def __init__(self, settings: TwinSettings) -> None:
        self._took = int(settings.run_seconds * 1000)
        self._rate = settings.failure_rate
        self._text = settings.failure_text

    def outcomes(self, job: Job, fires: list[int], seed: int) -> tuple[list[int], list[str]]:
        """Return run time in milliseconds and text (empty: successful) of each of *fires*, drawn from *seed*."""
        took = [self._took] * len(fires)
        if self._rate <= 0:
            return took, [""] * len(fires)
        limit = self._rate * 2**32
        name = f"{seed}/{job.tenant}/{job.code}/"
        return took, [self._text if crc32(f"{name}{ms}".encode()) < limit else "" for ms in fires]


class Called:
    """Runs that POST to a URL, in which ``{tenant}`` and ``{code}`` stand for those of the job.

    Raises:
        SettingError: it is not an http or https URL.
    """

    def __init__(self, url: str, timeout_seconds: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SettingError(f"the run URL {url!r} is not one of http:// or https://")
        self._url = url
        self._timeout = timeout_seconds
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="twin-run")

    def start(self, job: Job, ended: Callable[[int, str], None]) -> None:
        """Call the URL for *job*; *ended* is told, in another thread, the milliseconds it took and what went wrong."""
        url = self._url.replace("{tenant}", quote(job.tenant, safe="")).replace("{code}", quote(job.code, safe=""))

        def run() -> None:
            began = time.monotonic()
            text = self._call(url)
            ended(int((time.monotonic() - began) * 1000), text)

        self._pool.submit(run)

    def close(self) -> None:
        """Drop the calls that have not begun; those under way end by themselves, within their time-out."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _call(self, url: str) -> str:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self._timeout)
        try:
            connection.request(
                "POST", parts._replace(scheme="", netloc="").geturl() or "/", headers={"Connection": "close"}
            )
            reply = connection.getresponse()
            reply.read()
        except TimeoutError:
            return "java.net.SocketTimeoutException: timeout"
        except (OSError, http.client.HTTPException) as error:
            return f"java.io.IOException: {error}"
        finally:
            connection.close()
        return "" if reply.status < 400 else f"java.io.IOException: HTTP {reply.status} {reply.reason}"
