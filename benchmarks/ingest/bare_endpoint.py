"""The peer of `ingest`: an endpoint that decodes a body and copies its rows into one plain table,
durably, and nothing else.

`python -m benchmarks.ingest.bare_endpoint DATA PORT` serves it on the Postgres of a running Attune,
in a database of its own.
"""

import sys
from pathlib import Path

import msgspec
import psycopg
import uvicorn
from psycopg_pool import ConnectionPool
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core.database.connections import engines
from core.embedded.postgres import Postgres


class Body(msgspec.Struct):
    """The rows of a body."""

    items: list[dict[str, str | int | dict[str, str]]]


def main(data: str, port: str) -> None:
    """Create the table and serve."""
    address = Postgres(Path(data)).addresses().core
    with psycopg.connect(engines.driver_address(address), autocommit=True) as connection:
        connection.execute("drop database if exists bare with (force)")
        connection.execute("create database bare")
    with ConnectionPool(
        engines.driver_address(address.set(database="bare")), min_size=8, max_size=8
    ) as pool:
        with pool.connection() as connection:
            connection.execute("create table plain (id text, at timestamptz, body jsonb)")

        async def take(request: Request) -> JSONResponse:
            return JSONResponse(
                {"accepted": await run_in_threadpool(_store, pool, await request.body())}, 202
            )

        app = Starlette(routes=[Route("/", take, methods=["POST"])])
        uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning")


def _store(pool: ConnectionPool, body: bytes) -> int:
    rows = msgspec.json.decode(body, type=Body).items
    with (
        pool.connection() as connection,
        connection.cursor() as cursor,
        cursor.copy("copy plain from stdin") as copy,
    ):
        for row in rows:
            copy.write_row((row["id"], row["created_at"], msgspec.json.encode(row).decode()))
    return len(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
