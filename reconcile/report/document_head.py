"""What every document begins with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconcile.times import instant_text

FORMAT_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class Head:
    """The version that wrote a document, when, and at which revision; *generated_at* is aware."""

    tool_version: str
    generated_at: datetime
    git_revision: str | None = None

    @property
    def stamp(self) -> str:
        """Return the time as documents hold it: UTC, whole seconds."""
        return instant_text(self.generated_at)
