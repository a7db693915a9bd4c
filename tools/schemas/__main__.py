"""Writes the schemas anew."""

from __future__ import annotations

from tools.schemas.drawing import SCHEMAS, drawn, path_of

for name in SCHEMAS:
    path_of(name).write_text(drawn(name), encoding="utf-8")
