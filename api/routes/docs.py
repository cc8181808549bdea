"""Swagger UI and ReDoc, self-hosted."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse

from core.errors import StartRefused

router = APIRouter(include_in_schema=False)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Attune API</title>
<link rel="icon" href="/app/static/mark.png">{head}</head>
<body>{body}</body></html>"""
# Its script is a file: the content policy runs no inline scripts
SWAGGER_UI = PAGE.format(
    head='<link rel="stylesheet" href="/api/v1/docs/static/swagger-ui.css">',
    body='<div id="reference"></div><script '
    'src="/api/v1/docs/static/swagger-ui-bundle.js"></script>'
    '<script src="/door/reference.js"></script>',
)
REDOC = PAGE.format(
    head="",
    body=(
        '<redoc spec-url="/api/v1/openapi.json"></redoc><script '
        'src="/api/v1/docs/static/redoc.standalone.js"></script>'
    ),
)


def assets() -> Path:
    """Return the folder of the files of Swagger UI and ReDoc, from the package fastapi-offline."""
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise StartRefused("The package fastapi-offline is not installed. Run `make install`.")
    return Path(spec.origin).parent / "static"


@router.get("/openapi.json")
def openapi(request: Request) -> JSONResponse:
    """Return the OpenAPI description."""
    return JSONResponse(request.app.openapi())


@router.get("/docs")
def docs() -> HTMLResponse:
    """Show the reference in Swagger UI."""
    return HTMLResponse(SWAGGER_UI)


@router.get("/redoc")
def redoc() -> HTMLResponse:
    """Show the reference in ReDoc."""
    return HTMLResponse(REDOC)
