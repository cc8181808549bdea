"""The routes of the API, from its OpenAPI description."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx2
from fastapi import FastAPI

from api import main

ANY_ID, ANY_WEEK = "0190a6e0-0000-7000-8000-000000000000", "2026-01-05"
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Described:
    """One route, with something in place of what its path names."""

    method: str
    path: str
    takes_body: bool
    fields: tuple[str, ...]  # of its JSON body

    def __str__(self) -> str:
        """Return the route as a test's name has it."""
        return f"{self.method} {self.path}"


@cache
def the_api() -> FastAPI:
    """Return the API, which takes two seconds to create and no settings."""
    return main.create()


@cache
def description() -> dict[str, Any]:
    """Return the OpenAPI description."""
    return the_api().openapi()


def described() -> list[Described]:
    """Return every route below /api/v1."""
    return [
        Described(
            method.upper(),
            re.sub(r"{[^}]*}", ANY_ID, path.replace("{week}", ANY_WEEK)),
            "requestBody" in route,
            _fields(route.get("requestBody", {})),
        )
        for path, item in description()["paths"].items()
        for method, route in item.items()
        if method in METHODS and "servers" not in route
    ]


def _fields(body: dict[str, Any]) -> tuple[str, ...]:
    schema = body.get("content", {}).get("application/json", {}).get("schema", {})
    reference = schema.get("$ref") or schema.get("anyOf", [{}])[0].get("$ref", "")
    named = description()["components"]["schemas"].get(reference.rpartition("/")[2], {})
    return tuple(named.get("properties", {}))


def taking_bodies() -> list[Described]:
    """Return every route that takes a body."""
    return [route for route in described() if route.takes_body]


def expect_documented(response: httpx2.Response) -> None:
    """Expect that the description names the status which an operation has answered."""
    path = response.request.url.path.removeprefix(main.PREFIX)
    statuses = next(
        (
            known
            for (method, pattern), known in _statuses()
            if method == response.request.method and pattern.fullmatch(path)
        ),
        None,
    )
    assert statuses is None or response.status_code in statuses | {500}, (
        f"{response.request.method} {path} answered {response.status_code}, and its "
        "description does not say so"
    )


@cache
def _statuses() -> list[tuple[tuple[str, re.Pattern[str]], frozenset[int]]]:
    """Return which statuses each operation documents; fixed paths come before those with a
    parameter.
    """
    paths = sorted(description()["paths"].items(), key=lambda each: each[0].count("{"))
    return [
        (
            (method.upper(), re.compile(re.sub(r"{[^}]*}", "[^/]+", path))),
            frozenset(int(status) for status in operation["responses"]),
        )
        for path, item in paths
        for method, operation in item.items()
    ]
