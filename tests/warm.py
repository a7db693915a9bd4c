"""The program for scripts that start it many times: each run is a process of its own, forked from one that is warm.

`program` writes a script that stands in for `reconcile`. It hands what it was started with (its arguments, folder,
environment, and the three streams themselves) to the warm process, and ends as the run ended.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from reconcile import cli

CHECKOUT = Path(__file__).parents[1]
LIBRARIES = ("sqlalchemy.dialects.sqlite.pysqlite", "jsonschema", "rich.console", "uvicorn", "starlette.applications")

_CLIENT = """\
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect(sys.argv.pop(1))
    told = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(asked, [len(told).to_bytes(4, "big")], [0, 1, 2])
    asked.sendall(told)
    code = asked.recv(1)
sys.exit(code[0] if code else 70)
"""


@contextlib.contextmanager
def program() -> Iterator[Path]:
    """Give the folder of a `reconcile` that starts quickly, until the end of this block."""
    folder = Path(tempfile.mkdtemp(prefix="warm-"))
    command = [sys.executable, "-m", "tests.warm", str(folder / "socket")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen(command, cwd=CHECKOUT, env=os.environ | {"LC_ALL": "C.UTF-8"}, **pipes)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"warm\n"
        (folder / "client").write_text(_CLIENT, encoding="utf-8")
        script = folder / "reconcile"
        # -ISE: a Python that imports next to nothing, and starts in a moment.
        script.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -ISE "{folder}/client" "{folder}/socket" "$@"\n', encoding="utf-8"
        )
        script.chmod(0o755)
        yield folder
    finally:
        process.kill()
        process.communicate()
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def serve(path: str) -> NoReturn:
    """Answer until this process is killed."""
    for name in (*LIBRARIES, *(f"reconcile.commands.{name.replace('-', '_')}" for name in cli.COMMANDS)):
        importlib.import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a keeper
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        print("warm", flush=True)
        while True:
            asking, _ = listener.accept()
            with asking:
                if os.fork() == 0:
                    listener.close()
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    _keep(asking)


def _keep(asking: socket.socket) -> NoReturn:
    """Run the program once, and tell how it ended."""
    length, streams, _, _ = socket.recv_fds(asking, 4, 3)
    with asking.makefile("rb") as said:
        arguments, folder, environ = json.loads(said.read(int.from_bytes(length, "big")))
    process = os.fork()
    if process == 0:
        asking.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        _live(arguments, folder, environ)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    asking.sendall(bytes([code if code >= 0 else 128 - code]))
    os._exit(0)


def _live(arguments: list[str], folder: str, environ: dict[str, str]) -> NoReturn:
    """Be the program."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    # As a program that has just begun has them.
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    code: object = 1
    try:
        cli.main(arguments)
    except SystemExit as ending:
        code = ending.code
    except Exception:
        traceback.print_exc()
    finally:
        # Without taking apart, once more, all that the warm one holds.
        cli.end(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    serve(sys.argv[1])
