"""Environment → `Endpoint`: where to send, with which headers, trusting whom. Variables are resolved here, once.

From here on, a value that came from a variable is a secret: it goes into requests and nowhere else. `secrets` holds
all that the redactor must hide.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from reconcile.errors import SettingError
from reconcile.model.variables import expanded, variables_in
from reconcile.model.workspace import Environment, UnknownCode, UnknownCodeMode
from reconcile.secrets import HIDDEN, refuse_untrusted, without_login
from reconcile.service.messages import Operation
from reconcile.service.proxies import proxy_for
from reconcile.service.wire import TENANT_HEADER
from reconcile.text import one_line

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_OPERATION_PATH = re.compile(r"/[!$-;=@-Z_a-z~]*")
# A header of this name would change the request, or its tenant.
_OUR_HEADERS = frozenset(
    {TENANT_HEADER, "host", "content-length", "transfer-encoding", "connection", "expect", "te", "upgrade"}
)
# What a gateway answers when the service behind it is down or locked: such a status must never mean "no job".
OUTAGES = frozenset({401, 403, 407, 408, 429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how to reach a service. *shown_base* is the base address as it may be printed."""

    environment: str
    paths: Mapping[Operation, str]
    base: str = field(repr=False)
    shown_base: str
    headers: Mapping[str, str] = field(repr=False)
    timeout_seconds: float
    ca_bundle: str | None
    client_cert: str | None
    proxy: str | None = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    def url(self, operation: Operation) -> str:
        """Return the address of *operation*."""
        return self.base + self.paths[operation]

    def shown_url(self, operation: Operation) -> str:
        """Return the address of *operation* as it may be printed."""
        return self.shown_base + self.paths[operation]


def endpoint(environment: Environment, variables: Mapping[str, str]) -> Endpoint:
    """Return how to reach the service of *environment*.

    Raises:
        SettingError: a setting or a variable named by one is missing or wrong. No message holds a variable's value.
    """
    setting = f"environments.{environment.name}"
    _check_numbers(environment, setting)
    _check_unknown_code(environment.service.unknown_code)
    url = expanded(environment.url, f"{setting}.url", variables)
    parts = _address(url, environment.url, f"{setting}.url")
    headers = {
        name: _header(name, value, f"{setting}.headers.{name}", variables)
        for name, value in environment.headers.items()
    }
    settings = {f"{setting}.url": environment.url}
    settings |= {f"{setting}.headers.{name}": value for name, value in environment.headers.items()}
    with_variables = [name for name, text in settings.items() if variables_in(text)]
    if with_variables:
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
        refuse_untrusted(with_variables[0], parts.hostname or "", port, variables, shown=_origin(parts))
    proxy = proxy_for(parts, variables)
    base_path = parts.path.rstrip("/")
    shown_path = f"/{HIDDEN}" if base_path and variables_in(environment.url) else base_path
    paths = environment.service.query_path, environment.service.job_path
    query, job = (_path(path, name) for path, name in zip(paths, ("query_path", "job_path"), strict=True))
    return Endpoint(
        environment=environment.name,
        paths={Operation.QUERY: query, Operation.HISTORY: job, Operation.SAVE: job},
        base=f"{parts.scheme}://{parts.netloc}{base_path}",
        shown_base=f"{_origin(parts)}{shown_path}",
        headers={**DEFAULT_HEADERS, **headers},
        timeout_seconds=environment.timeout.total_seconds(),
        ca_bundle=_ca_bundle(environment, setting, variables),
        client_cert=_file(environment.client_cert, f"{setting}.client_cert"),
        proxy=proxy,
        secrets=tuple(_secrets(environment, parts, headers, proxy, variables)),
    )


def service_mark(environment: Environment, variables: Mapping[str, str]) -> str:
    """Return what tells the service of *environment* from every other, and tells nothing else of its address.

    Raises:
        SettingError: the address is wrong, or names a variable that is missing.
    """
    setting = f"environments.{environment.name}.url"
    parts = _address(expanded(environment.url, setting, variables), environment.url, setting)
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    address = f"{parts.scheme}://{parts.hostname}:{port}{parts.path.rstrip('/')}"
    return hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _address(url: str, written: str, setting: str) -> SplitResult:
    shown = f"{setting} ({without_login(one_line(written))[:80]})"
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise SettingError(f"{shown} is not an address", hint="write it like http://scheduler.example:8001") from None
    if url != one_line(url).replace(" ", "") or "\\" in url or port == 0:
        raise SettingError(f"{shown} holds a space, a control character, a backslash or a port 0")
    if parts.scheme not in ("http", "https") or not host:
        raise SettingError(
            f"{shown} is not an http or https address", hint="write it like http://scheduler.example:8001"
        )
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise SettingError(f"{shown} has a query or a fragment", hint="leave out what begins with ? or #")
    return parts


def _origin(parts: SplitResult) -> str:
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def _header(name: str, written: str, setting: str, variables: Mapping[str, str]) -> str:
    if not _HEADER_NAME.fullmatch(name):
        raise SettingError(f"{setting}: {one_line(name)[:40]!r} cannot be the name of a header")
    if name.lower() in _OUR_HEADERS:
        raise SettingError(f"{setting}: the header {name} is set by reconcile itself", hint="leave it out")
    value = expanded(written, setting, variables)
    named = variables_in(written)
    whose = f" (made from {', '.join(named)})" if named else ""
    if "\r" in value or "\n" in value:
        end = " at its end" if value.rstrip("\r\n") == value.replace("\r", "").replace("\n", "") else ""
        raise SettingError(
            f"{setting}{whose} holds a line break{end}", hint="a file's last line break often gets into a variable"
        )
    if any((ord(character) < 0x20 and character != "\t") or ord(character) == 0x7F for character in value):
        raise SettingError(f"{setting}{whose} holds a control character")
    if any(ord(character) > 0xFF for character in value):
        raise SettingError(f"{setting}{whose} holds a character that a header cannot carry", hint="Latin-1 only")
    if value != value.strip():
        raise SettingError(f"{setting}{whose} begins or ends with white space")
    return value


def _check_numbers(environment: Environment, setting: str) -> None:
    if environment.timeout.total_seconds() <= 0:
        raise SettingError(f"{setting}.timeout must be longer than nothing", hint="write it like 10s")
    if environment.batch_size < 1:
        raise SettingError(f"{setting}.batch_size must be at least 1")
    if environment.rate is not None and not environment.rate > 0:
        raise SettingError(f"{setting}.rate must be more than nothing", hint="write it like 50/s, or leave it out")


def _check_unknown_code(unknown: UnknownCode) -> None:
    if unknown.mode is not UnknownCodeMode.STATUS:
        return
    status = int(unknown.value) if re.fullmatch("[0-9]{3}", unknown.value) else 0
    if status < 400 or status > 599:
        raise SettingError(f"service.unknown_code: status {one_line(unknown.value)[:20]!r} is not from 400 to 599")
    if status in OUTAGES:
        raise SettingError(
            f"service.unknown_code: status {status} is also what a service that is down or locked answers: every job "
            "would seem absent then",
            hint="let the service answer otherwise, or leave the setting out and declare only codes that have a job",
        )


def _path(path: str, name: str) -> str:
    if not _OPERATION_PATH.fullmatch(path):
        raise SettingError(f"service.{name} must begin with / and hold no space, ? or #", hint="it is appended to url")
    return path


def _ca_bundle(environment: Environment, setting: str, variables: Mapping[str, str]) -> str | None:
    if environment.ca_bundle is not None:
        return _file(environment.ca_bundle, f"{setting}.ca_bundle")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if variables.get(name):
            return _file(variables[name], f"variable {name}")
    return None


def _file(path: str | None, setting: str) -> str | None:
    if path is None:
        return None
    try:
        found = bool(path) and Path(path).exists()
    except (OSError, ValueError):
        found = False
    if not found:
        raise SettingError(f"{setting} names {one_line(path)[:200]!r}, which is not there")
    return path


def _secrets(
    environment: Environment,
    parts: SplitResult,
    headers: Mapping[str, str],
    proxy: str | None,
    variables: Mapping[str, str],
) -> Iterator[str]:
    """Yield every value made from a variable, except the parts of the address that are printed; and every password."""
    origin = _origin(parts)
    for name in variables_in(environment.url):
        if variables[name] not in origin:
            yield variables[name]
    for name, written in environment.headers.items():
        yield from (variables[variable] for variable in variables_in(written))
        if variables_in(written) or _SENSITIVE.search(name):
            yield headers[name]
            yield from headers[name].split()[1:]
    for address in (parts, urlsplit(proxy or "")):
        if address.password:
            yield from (address.password, unquote(address.password))
            yield f"{unquote(address.username or '')}:{unquote(address.password)}"


_SENSITIVE = re.compile(r"auth|cookie|token|key|secret|password|session", re.IGNORECASE)
DEFAULT_HEADERS: Mapping[str, str] = {
    "User-Agent": "reconcile",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Content-Type": "application/json",
}
