"""Which tenants and codes may be sent: a comma in a code would be two codes, a line break in a tenant two headers."""

from __future__ import annotations

import re

_SENDABLE = re.compile(r"[0-9A-Za-z_.-]{1,64}")


def unsendable_reason(*texts: str) -> str | None:
    """Return why one of *texts* (a tenant, a code) must not be sent, or None."""
    for text in texts:
        if not _SENDABLE.fullmatch(text):
            return f"{text[:80]!r} is not made of 1 to 64 letters, digits and . _ -; nothing was sent"
    return None
