"""What a twin answers beside the three operations."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconcile.twin.core import Twin


def endpoints(twin: Twin) -> Starlette:
    """Return the application that answers what is not one of the three operations."""

    async def statistics(_request: Request) -> Response:
        return JSONResponse(twin.statistics.as_json())

    return Starlette(routes=[Route("/_twin/statistics", statistics, methods=["GET"])])
