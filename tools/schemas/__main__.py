"""Generates the schemas."""

from __future__ import annotations

from tools.schemas.drawing import FILES, FOLDER, drawn

for name in FILES:
    (FOLDER / name).write_text(drawn(name), encoding="utf-8")
