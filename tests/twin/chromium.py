"""Drives Debian's Chromium, headless, over its debugging pipe: no library and no port is needed.

Messages are JSON, each ended by a NUL byte; Chromium reads them from descriptor 3 and writes to descriptor 4.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

# Looks at the page, with 20 ms between them: some two minutes.
_PATIENCE = 6_000


class Browser:
    """One page of a headless Chromium that keeps its profile in *folder*."""

    def __init__(self, folder: Path) -> None:
        ours_read, theirs_write = os.pipe()
        theirs_read, ours_write = os.pipe()

        def place() -> None:
            # First out of the way of 3 and 4, whatever numbers the pipes have.
            spare_read, spare_write = os.dup(theirs_read), os.dup(theirs_write)
            spare_read, spare_write = _above(spare_read), _above(spare_write)
            os.dup2(spare_read, 3)
            os.dup2(spare_write, 4)

        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        arguments += ["--remote-debugging-pipe", f"--user-data-dir={folder}", "--window-size=1400,900", "about:blank"]
        self._process = subprocess.Popen(
            [str(PROGRAM), *arguments],
            preexec_fn=place,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_read)
        os.close(theirs_write)
        self._in, self._out = os.fdopen(ours_read, "rb", buffering=0), os.fdopen(ours_write, "wb", buffering=0)
        self._rest = b""
        self._number = 0
        self.complaints: list[str] = []
        target = next(one for one in self._call("Target.getTargets")["targetInfos"] if one["type"] == "page")
        attached = self._call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session: str | None = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask the page, and return its answer."""
        return self._call(method, session=self._session, **parameters)

    def run(self, script: str) -> Any:
        """Run *script* in the page, and return what it gives."""
        told = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def wait_for(self, script: str) -> None:
        """Return when *script* gives something true; a page on which it never does must not hang the run."""
        for _ in range(_PATIENCE):
            if self.run(script):
                return
            self.run("new Promise((done) => setTimeout(done, 20))")
        raise AssertionError(f"it has not come to pass: {script}")

    def screenshot(self, path: Path) -> None:
        """Keep what the page shows as a PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        self._call("Browser.close")
        self._process.wait(timeout=60)
        self._in.close()
        self._out.close()

    def _call(self, method: str, *, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        self._out.write(json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self._number:
                assert "error" not in told, told
                return told["result"]
            self._note(told)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._in.fileno(), 1 << 16)
            assert more, "the browser has ended"
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def _note(self, told: dict[str, Any]) -> None:
        """Keep what the console complains of."""
        method, said = told.get("method"), told.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(str(said["exceptionDetails"]))
        elif (method == "Runtime.consoleAPICalled" and said["type"] in {"error", "warning", "assert"}) or (
            method == "Log.entryAdded" and said["entry"]["level"] in {"error", "warning"}
        ):
            self.complaints.append(json.dumps(said))


def _above(descriptor: int) -> int:
    """*descriptor*, or a copy of it with a number above 4."""
    kept = []
    while descriptor <= 4:
        kept.append(descriptor)
        descriptor = os.dup(descriptor)
    return descriptor
