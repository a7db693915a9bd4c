"""OpenAPI of the three operations of the service, as the twin answers them."""

from __future__ import annotations

from reconcile.twin.api import JOB_PATH, PAGE_SIZE, QUERY_PATH
from reconcile.twin.app import LARGEST_BODY
from tools.schemas.blocks import Node, record

_TEXT: Node = {"type": "string"}
_NOT_BLANK: Node = {"type": "string", "pattern": "\\S"}
_FROM_ZERO: Node = {"type": "integer", "minimum": 0}
_FROM_ONE: Node = {"type": "integer", "minimum": 1}


def _schema(name: str) -> Node:
    return {"$ref": f"#/components/schemas/{name}"}


def _with_more(properties: dict[str, Node], *required: str) -> Node:
    """Return an object that may have more properties."""
    return {"type": "object", "required": list(required), "properties": properties}


def _json(schema: Node) -> Node:
    return {"application/json": {"schema": schema}}


def _refused(description: str, **more: Node) -> Node:
    return {"description": description, **more, "content": _json(_schema("Error"))}


def _operation(name: str, summary: str, asked: Node, description: str, *answers: str) -> Node:
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "parameters": [{"$ref": "#/components/parameters/tecode"}],
            "requestBody": {"required": True, "content": _json(asked)},
            "responses": {
                "200": {
                    "description": description,
                    "content": _json({"oneOf": [_schema(each) for each in (*answers, "Error")]}),
                },
                "400": {"$ref": "#/components/responses/NoTenant"},
                "405": {"$ref": "#/components/responses/NotPost"},
                "413": {"$ref": "#/components/responses/TooLarge"},
            },
        }
    }


def _page_number(default: int, description: str) -> Node:
    return {"type": ["integer", "string", "null"], "default": default, "description": description}


_EXECUTION: dict[str, Node] = {
    "triggerid": _TEXT,
    "jobinfoid": _TEXT,
    "exestarttime": _schema("Time"),
    "exedes": {"type": "string", "description": "What happened; empty when all went well."},
    "exestatus": {"type": "string", "description": "Whether the run succeeded.", "examples": ["success", "failure"]},
    "triggerstatus": {"type": "string", "description": "Whether the scheduler fired it.", "examples": ["success"]},
    "exetotaltime": {"type": "integer", "description": "How long the run took, in milliseconds."},
    "dynamicid": _TEXT,
    "triggertime": _schema("Time"),
    "updatetime": _schema("Time"),
    "runtype": {"type": "string", "description": "trigger: fired by the schedule.", "examples": ["trigger"]},
}
_ROW = {
    "jobinfoid": _TEXT,
    "cronexpression": _TEXT,
    "bizcode": _TEXT,
    "jobstatus": {"type": "string", "examples": ["enable"]},
}
_PAGE = {
    "pageSize": _FROM_ONE,
    "pageIndex": _FROM_ONE,
    "resultCount": _FROM_ZERO,
    "pageCount": _FROM_ZERO,
    "data": {"type": "array", "items": _schema("Execution")},
}
_ASKED = {
    "Query": _with_more(
        {
            "codes": {
                "type": "string",
                "description": "Behaviour codes, separated by commas.",
                "examples": ["1085425175626911843,1085431505565651039"],
            },
            "jobtype": {"description": "Sent empty, and ignored."},
        },
        "codes",
    ),
    "History": _with_more(
        {
            "opttype": {"const": "quaryjournal"},
            "jobinfoid": {"type": ["string", "integer"], "examples": ["1085431505565651039"]},
            "pageindex": _page_number(1, "From 1; below is 1, past the end is empty."),
            "pagesize": _page_number(PAGE_SIZE, f"From 1; below is {PAGE_SIZE}."),
        },
        "opttype",
        "jobinfoid",
    ),
    "Save": _with_more(
        {
            "opttype": {"const": "save"},
            "jobname": _NOT_BLANK,
            "cronexpression": {
                **_NOT_BLANK,
                "description": "A Quartz cron expression that fires at least once from now on.",
                "examples": ["0 */30 8-19 ? * * *"],
            },
            "bizcode": _NOT_BLANK,
        },
        "opttype",
        "jobname",
        "cronexpression",
        "bizcode",
    ),
}

OPENAPI: Node = {
    "openapi": "3.1.0",
    "info": {
        "title": "Scheduling service",
        "version": "1",
        "description": "The three operations of a Quartz-based scheduling service, as the twin of reconcile answers "
        "them. History and save share one path and differ by opttype; the spelling quaryjournal is the "
        "service's own.",
    },
    "servers": [{"url": "http://127.0.0.1:8001"}],
    "paths": {
        QUERY_PATH: _operation(
            "query",
            "The status of jobs, by behaviour code",
            _schema("Query"),
            "The rows of the codes that have jobs, or an error without resp_data.",
            "Rows",
        ),
        JOB_PATH: _operation(
            "historyOrSave",
            "A page of a job's journal (quaryjournal), or the save of a job (save)",
            _with_more({"xw_quartz": {"oneOf": [_schema("History"), _schema("Save")]}}, "xw_quartz"),
            "A page of the journal, newest row first; the id that acknowledges a save; or an error without resp_data.",
            "Page",
            "Saved",
        ),
    },
    "components": {
        "parameters": {
            "tecode": {
                "name": "tecode",
                "in": "header",
                "required": True,
                "description": "The tenant; not blank.",
                "schema": _NOT_BLANK,
                "example": "acme",
            }
        },
        "responses": {
            "NoTenant": _refused("The header tecode is missing or blank."),
            "NotPost": _refused("Only POST is answered.", headers={"Allow": {"schema": _TEXT}}),
            "TooLarge": _refused(f"The body is larger than {LARGEST_BODY // 1024**2} MiB."),
        },
        "schemas": {
            **_ASKED,
            "Rows": record({"resp_data": {"type": "array", "items": record(_ROW)}}),
            "Page": record({"resp_data": record({"quartz_list": record(_PAGE)})}),
            "Execution": _with_more(_EXECUTION, *_EXECUTION),
            "Time": {
                "type": "string",
                "description": "An instant in UTC.",
                "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}\\+0000$",
                "examples": ["2020-04-26T15:59:59.652+0000"],
            },
            "Saved": record({"resp_data": record({"group_job_id": _TEXT})}),
            "Error": record({"resp_code": _TEXT, "resp_msg": _TEXT}),
        },
    },
}
