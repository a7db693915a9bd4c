"""The exchanges of the service's API, as files: what is sent, byte for byte, what comes back, and what that means.

`says` and `means` are our words, `given` what the client is asked to do; `request` and `reply` are the bodies as they
go over the wire, in UTF-8. The client and the twin are each tested against these files, and never against each other,
so that a mistake of one is not the other's excuse.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Exchange:
    name: str
    says: str
    operation: str
    method: str
    path: str
    tenant: str
    given: dict[str, Any]
    request: str
    status: int
    reply: str
    means: Any


def exchanges() -> list[Exchange]:
    folder = Path(__file__).with_name("exchanges")
    return [Exchange(path.stem, **json.loads(path.read_text("utf-8"))) for path in sorted(folder.glob("*.json"))]


def exchange(name: str) -> Exchange:
    return next(one for one in exchanges() if one.name == name)
