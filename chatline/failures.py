"""What is answered when something went wrong that nobody expected."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views import defaults

from intake.delivery.broken_connections import discard_broken_connections
from intake.errors import UNAVAILABLE_RETRY_SECONDS, Unavailable
from intake.visitor.problems import problem_document


def server_error(request: HttpRequest) -> HttpResponse:
    """500; or 503 with the time to try again, when it was the database that did not answer. Waits for no database."""
    if not isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return defaults.server_error(request)
    discard_broken_connections()
    refusal = Unavailable(retry_after_seconds=UNAVAILABLE_RETRY_SECONDS)
    response: HttpResponse = problem_document(refusal)
    if not (request.content_type == "application/json" or "Authorization" in request.headers):
        page = defaults.server_error(request)
        page.status_code, page.headers["Retry-After"] = refusal.status, response.headers["Retry-After"]
        return page
    return response
