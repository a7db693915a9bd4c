"""Runs a twin on a port until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import partial

import uvicorn

from reconcile.errors import SettingError
from reconcile.twin.app import TwinApp
from reconcile.twin.control_api import endpoints
from reconcile.twin.settings import TwinSettings
from reconcile.twin.twin import Twin

# Flushed: a reader of a pipe waits for the line that says where the twin listens.
_say = partial(print, flush=True)

# How long open requests may take at the end.
_SHUTDOWN_SECONDS = 3


# uvicorn's own.
_TICKS = 10


def _shifted(date: bytes, skew: timedelta) -> bytes:
    try:
        return format_datetime(parsedate_to_datetime(date.decode()) + skew, usegmt=True).encode()
    except OverflowError:  # beyond the calendar
        return date


class TwinServer(uvicorn.Server):
    """A server for one twin; signals are left to its caller."""

    def __init__(self, settings: TwinSettings) -> None:
        self.twin = Twin(settings)
        self.app = TwinApp(self.twin, endpoints(self.twin))
        self._stop_requested = asyncio.Event()
        super().__init__(
            uvicorn.Config(
                self.app,
                lifespan="off",
                ws="none",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
                backlog=2048,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone: uvicorn would end the program by the signal, and not with 0."""
        yield

    def stop(self) -> None:
        """Stop serving; to be called in the loop of `run_on`."""
        self.should_exit = True
        self._stop_requested.set()

    async def on_tick(self, counter: int) -> bool:
        """Do what uvicorn does; each second it renews the date of the replies, which the habit then shifts."""
        is_over = await super().on_tick(counter)
        skew = timedelta(seconds=self.twin.habits.clock_skew)
        if skew and counter % _TICKS == 0:
            self.server_state.default_headers = [
                (name, _shifted(value, skew) if name == b"date" else value)
                for name, value in self.server_state.default_headers
            ]
        return is_over

    async def main_loop(self) -> None:
        """Update the date of the replies until `stop`, which takes effect at once and not at the next tick."""
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop_requested.wait(), 0.1)
        self.app.hasten()

    async def run_on(self, listener: socket.socket, ready: Callable[[], None]) -> None:
        """Serve on *listener* until `stop`; *ready* is called when requests are answered."""
        await self.twin.start()
        try:
            serving = asyncio.create_task(self.serve([listener]))
            while not (self.started or serving.done()):
                await asyncio.sleep(0.005)
            if not serving.done():
                ready()
            await serving
            await self.app.close()
        finally:
            await self.twin.stop()


def listener(settings: TwinSettings) -> socket.socket:
    """Return a socket that listens where *settings* say; port 0 is a free one.

    Raises:
        SettingError: the address is taken, or not this machine's.
    """
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        opened = socket.socket(family, kind, protocol)
    except OSError as error:
        raise SettingError(f"the twin cannot listen on {settings.host}: {error}") from error
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(2048)
    except OSError as error:
        opened.close()
        raise SettingError(
            f"the twin cannot listen on {settings.host}:{settings.port}: {error.strerror}",
            hint="choose another with --port; 0 takes a free one",
        ) from error
    return opened


def address_of(settings: TwinSettings, opened: socket.socket) -> str:
    """Return the URL of a twin that listens on *opened*."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{opened.getsockname()[1]}"


def serve(settings: TwinSettings, *, say: Callable[[str], None] = _say, warn: Callable[[str], None] = _say) -> None:
    """Run a twin until SIGTERM or SIGINT, then return.

    *say* gets one line with the URL once it answers; *warn* one when other machines can reach it.

    Raises:
        SettingError: the address, the file, the seed or the time zone cannot be used.
    """
    with listener(settings) as opened:
        server = TwinServer(settings)
        server.twin.open()
        url = address_of(settings, opened)
        if not settings.is_loopback:
            warn(f"warning: the twin has no password, and {settings.host} can be reached by other machines")

        def ready() -> None:
            jobs = len(server.twin.jobs)
            say(f"The twin listens on {url} ({jobs} jobs, fires in {settings.timezone}); stop it with Ctrl-C")

        asyncio.run(_until_stopped(server, opened, ready))


async def _until_stopped(server: TwinServer, opened: socket.socket, ready: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    await server.run_on(opened, ready)
