"""The proxy for a host, from the variables passed in; the process's own environment is never read."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from reconcile.errors import SettingError


def proxy_for(address: SplitResult, variables: Mapping[str, str]) -> str | None:
    """Return the proxy's address for *address*; None to go there directly. Lower-case names win, as with curl.

    Raises:
        SettingError: the variable that applies does not hold the address of an http proxy. Its value is not shown.
    """
    if _is_exempt(address, _variable(variables, "no_proxy")[1]):
        return None
    for name_sought in (f"{address.scheme}_proxy", "all_proxy"):
        name, value = _variable(variables, name_sought)
        if value:
            return _checked(value if "://" in value else f"http://{value}", name)
    return None


def _variable(variables: Mapping[str, str], name: str) -> tuple[str, str]:
    spelling = name if name in variables else name.upper()
    return spelling, variables.get(spelling, "").strip()


def _checked(value: str, name: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(character <= " " or character > "~" for character in value):
        raise SettingError(f"variable {name} holds no address of an http proxy", hint="write it like http://proxy:3128")
    return value


def _is_exempt(address: SplitResult, no_proxy: str) -> bool:
    """Return whether ``NO_PROXY`` names the host: ``*``, a host or domain (and what is below it), a network, with or
    without a port."""
    host = (address.hostname or "").lower().rstrip(".")
    port = address.port or {"http": 80, "https": 443}[address.scheme]
    return any(_matches(entry.strip().lower(), host, port) for entry in no_proxy.replace(" ", ",").split(","))


def _matches(entry: str, host: str, port: int) -> bool:
    if not entry or entry == "*":
        return bool(entry)
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass
    name, colon, entry_port = entry.rpartition(":")
    if colon and entry_port.isdigit():
        entry = name if int(entry_port) == port else ""
    entry = entry.strip("[]").removeprefix("*").removeprefix(".")
    return bool(entry) and (host == entry or host.endswith(f".{entry}"))
