"""The program: a click group with lazily loaded commands, around one run.

Here and nowhere else files and stdout are written, the environment is read, and *now* is taken. Whatever ends a run,
a command or an error, becomes a report: stdout holds it and nothing else, in the format that was asked for.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from reconcile.errors import OutputError, ReconcileError, SettingError, UsageError
from reconcile.exits import Exit

if TYPE_CHECKING:
    from reconcile.commands.command_report import CommandReport
    from reconcile.session.command_line import Options
    from reconcile.session.runtime import Level, Runtime

# Name → what `--help` says; each stands in the module of its name, and is loaded when it is asked for.
COMMANDS: Mapping[str, str] = {
    "validate": "Show every mistake in every file, without the service.",
    "plan": "Show what apply would change.",
    "show": "Show a saved plan, in any format.",
    "apply": "Make the service do what the files declare, and prove it.",
    "drift": "Say whether the service still does what the files declare.",
    "status": "Say which commit is live in each environment, and what its ledger holds.",
    "runs": "List what was applied, or show one run.",
    "rollback": "Bring back what was live before a run.",
    "release": "Lift the hold of a rollback.",
    "unlock": "Free the lock of a run that is dead.",
    "ledger": "Begin, rebuild or accept the ledger, or take one that was kept elsewhere.",
    "history": "Show what the jobs of one schedule did.",
    "explain": "Say what a cron expression means, and when it fires.",
    "schema": "Print a JSON Schema of what is read or written.",
    "twin": "Run the embedded scheduler, or steer one that runs.",
    "demo": "Try everything against the embedded scheduler.",
    "completion": "Print a shell's completion script.",
}

SIGNALS: Mapping[int, Exit] = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.TERMINATED}
# A stopped run has its report out within five seconds; the last of them is for writing it.
PATIENCE_SECONDS = 4.0
LAST_SECONDS = 0.7


class _Lazy(click.Group):
    """A group that imports a command when it is called, and not to list it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's shape
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's shape
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"reconcile.commands.{cmd_name}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from reconcile.text import did_you_mean

            hint = did_you_mean(args[0], COMMANDS) or f"commands: {', '.join(COMMANDS)}"
            raise UsageError(f"there is no command {args[0]!r}", hint=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _version(ctx: click.Context, _: click.Parameter, is_asked: bool) -> None:
    if is_asked:
        from reconcile.session.runtime import tool_version

        click.echo(f"reconcile {tool_version()}")
        ctx.exit()


@click.group("reconcile", cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def reconcile() -> None:
    """Keep the schedules of a scheduling service equal to what YAML files in Git declare."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program and end the process."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Chinese names must come out whole under LANG=C too.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    run = CommandRun(given or ["--help"], os.environ)
    code = run.exit_code()
    if run.signal:
        end(code)
    sys.exit(code)


def end(code: int) -> NoReturn:
    """End the process at once: a thread that hangs in a call to the service must not delay it."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code)


class CommandRun:
    """One run: from the command line to the exit code. *signal* is the first signal that came, 0 if none."""

    def __init__(
        self, arguments: list[str], environ: Mapping[str, str], *, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self.signal = 0
        self._arguments = arguments
        self._patience_seconds = patience_seconds
        self._stop = threading.Event()
        self._done = threading.Event()
        self._showing = threading.Lock()
        self._is_asking = False
        self._environ = environ
        self._runtime: Runtime | None = None

    def exit_code(self) -> int:
        """Run the command, show its report, and return the exit code."""
        if self._arguments[0] in ("-h", "--help", "--version"):
            self._clicked(None)
            return Exit.DONE
        with self._signals():
            try:
                code = self._show(report := self._report())
            finally:
                self._done.set()
        # A command without a report (`twin`) knows itself what a signal means to it.
        return code if isinstance(report, int) or not self.signal else SIGNALS[self.signal]

    def _report(self) -> CommandReport | int:
        """Return what the command found, or the report of why it did not; an exit code when click has said it all."""
        from reconcile.commands.failures import failed, misused, unexpected

        try:
            self._runtime = self._new_runtime()
            report: CommandReport | int = self._clicked(self._runtime)
        except ReconcileError as error:
            return failed(error, self._runtime)
        except click.exceptions.Abort:
            return failed(UsageError("interrupted"), self._runtime, kind="interrupted")
        except click.ClickException as error:
            return failed(misused(error), self._runtime)
        except KeyboardInterrupt:
            return failed(_interrupted(), self._runtime, kind="interrupted")
        except Exception as error:  # whatever it is, one line must say so
            hide = self._runtime.facts.hide if self._runtime is not None else str
            if self._runtime is not None:
                self._log("trace", hide(traceback.format_exc()))
            return failed(unexpected(error, hide), self._runtime, kind="bug")
        else:
            return report

    def _clicked(self, runtime: Runtime | None) -> Any:
        result = reconcile.main(
            self._arguments,
            prog_name="reconcile",
            standalone_mode=False,
            obj=runtime,
        )
        return Exit.DONE if result is None else result

    def _new_runtime(self) -> Runtime:
        from reconcile.session.console import Console
        from reconcile.session.runtime import Runtime

        can_ask = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
        console = Console(
            write=_to_stderr,
            is_terminal=sys.stderr is not None and sys.stderr.isatty() and not self._environ.get("CI"),
            ask=self._ask if can_ask else None,
        )
        begun_at = datetime.now(UTC)
        now = _now(self._environ, begun_at)
        return Runtime(dict(self._environ), now, begun_at, console, _to_stdout, open_lines, self._stop)

    def _ask(self, question: str) -> str:
        """Ask the person at the terminal; a signal ends the waiting."""
        _to_stderr(question)
        self._is_asking = True
        try:
            return sys.stdin.readline()
        finally:
            self._is_asking = False

    @property
    def _options(self) -> Options | None:
        return self._runtime.facts.options if self._runtime is not None else None

    def _log(self, level: Level, message: str) -> None:
        if self._runtime is None:
            _to_stderr(f"{level}: {message}\n")
        else:
            self._runtime.with_options(self._options or self._runtime.options).log(level, message)

    def _show(self, report: CommandReport | int) -> int:
        """Write the files and the document, once, and return the exit code."""
        if isinstance(report, int):
            return report
        with self._showing:
            if self._done.is_set():
                return report.exit_code
            code = self._written(report)
            self._done.set()
            return code

    def _written(self, report: CommandReport) -> int:
        from reconcile.commands.failures import format_for_stdout, rendered, report_of, with_error

        options = self._options
        chosen = format_for_stdout(options, self._arguments, self._environ)
        files = dict(report.files)
        files.update((path, rendered(report, name)) for name, path in (options.reports if options else ()))
        for path, text in files.items():
            try:
                write_file(path, text)
            except OutputError as error:
                self._log("error", error.message)
                report = with_error(report, error)
        if report.error is not None:
            self._log("error", report.error)
        try:
            is_terminal = sys.stdout is not None and sys.stdout.isatty()
            colour = is_terminal and options is not None and not options.no_color
            _to_stdout(report_of(report, chosen, colour=colour))
        except OutputError as error:
            self._log("error", error.message)
            report = with_error(report, error)
        return report.exit_code

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Have SIGINT and SIGTERM stop the run.

        The handler itself does next to nothing: setting an event there could wait for a lock that the interrupted
        code holds. The interpreter tells of the signal through a pipe, and a thread does the rest.
        """
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        previous = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        threading.Thread(target=self._watch, args=(reading,), daemon=True).start()
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in previous.items():
                signal.signal(number, handler)
            os.close(writing)

    def _on_signal(self, number: int, _: object) -> None:
        self.signal = self.signal or number
        if self._is_asking:
            raise KeyboardInterrupt

    def _watch(self, pipe: int) -> None:
        """Stop the run at the first signal; end the process when no report has come in time."""
        with open(pipe, "rb", buffering=0) as signals:
            numbers = iter(lambda: signals.read(1), b"")
            number = next((byte[0] for byte in numbers if byte[0] in SIGNALS), 0)
            if not number:
                return
            self.signal = self.signal or number
            self._stop.set()
            if self._done.wait(self._patience_seconds):
                return
        from reconcile.commands.failures import failed

        # The writing itself may block, on a pipe without a reader.
        writer = threading.Thread(
            target=lambda: self._show(failed(_interrupted(), self._runtime, kind="interrupted")), daemon=True
        )
        writer.start()
        writer.join(LAST_SECONDS)
        # Not `end`: stderr is flushed already, and a pipe without a reader would block the flush for ever.
        os._exit(SIGNALS[number])


def _interrupted() -> ReconcileError:
    return ReconcileError("the run was interrupted", hint="run it again: what is done is recognised")


def _now(environ: Mapping[str, str], begun_at: datetime) -> datetime:
    """Return the *now* of this run; SOURCE_DATE_EPOCH makes documents reproducible."""
    epoch = environ.get("SOURCE_DATE_EPOCH", "").strip()
    if not epoch:
        return begun_at
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError) as error:
        message = f"SOURCE_DATE_EPOCH={epoch!r} is not a number of seconds since 1970"
        raise SettingError(message, hint="unset it, or set it to what `date +%s` prints") from error


def _to_stderr(text: str) -> None:
    # stderr may be closed; the run goes on.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(text)
        sys.stderr.flush()


def _to_stdout(text: str) -> None:
    """Write the document. A reader that closes the pipe early (`| head`) is not an error."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go_of_stdout()
    except (OSError, ValueError, AttributeError) as error:
        _let_go_of_stdout()
        reason = error.strerror if isinstance(error, OSError) else "it is closed"
        raise OutputError(f"the document could not be written to stdout: {reason}") from error


def _let_go_of_stdout() -> None:
    """Let what is left in the buffer go nowhere: the interpreter flushes once more at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def open_lines(path: str) -> Callable[[str], None]:
    """Return what appends a text to *path* at once, and lets go of it again; ``-`` is stderr.

    Raises:
        OutputError: it cannot be written.
    """
    if path == "-":
        return _to_stderr

    def append(text: str) -> None:
        try:
            with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError as error:
            if not text:
                raise OutputError(f"{path} could not be opened: {error.strerror}", hint="nothing was saved") from error
            # A run that is under way is not stopped for it: the ledger and the report hold the same.
            _to_stderr(f"warning: {path} could not be written: {error.strerror}\n")

    append("")
    return append


def write_file(path: str, text: str) -> None:
    """Write *text* to *path* as a whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    target = Path(os.path.realpath(path))
    content = text.encode("utf-8", "backslashreplace")
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)
            return
        temporary = target.with_name(f".{target.name[:100]}.{os.getpid()}.tmp")
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"{path} could not be written: {error.strerror}", hint="nothing was changed there") from error
