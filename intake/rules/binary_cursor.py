"""PostgreSQL without Django between: parameters travel in binary, and statements in one round trip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection


@contextmanager
def binary_cursor() -> Iterator[psycopg.Cursor[Any]]:
    """psycopg's own cursor on Django's connection: parameters travel in binary, apart from the statement.

    Its errors become Django's, so that whoever catches `DatabaseError` catches these too.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        yield cursor
