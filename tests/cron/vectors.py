"""The rows that the real Quartz 2.3.2 produced (tests/golden/README.md)."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent.parent / "golden" / "quartz_cron.jsonl.gz"


@cache
def rows() -> tuple[dict[str, Any], ...]:
    with gzip.open(_FILE, "rt", encoding="ascii") as lines:
        return tuple(json.loads(line) for line in lines)
