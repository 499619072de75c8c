from __future__ import annotations

from asgiref.sync import sync_to_async
from django.db import Error, connections
from django.http import HttpRequest, JsonResponse

from intake.delivery.draining import is_draining


def databases_answer() -> bool:
    try:
        for alias in ("default", "keys"):
            with connections[alias].cursor() as cursor:
                cursor.execute("SELECT 1")
    except Error:
        return False
    return True


async def readyz(request: HttpRequest) -> JsonResponse:
    """200 when this process takes new work: both databases answer and no drain is under way. Else 503."""
    ready = not is_draining() and await sync_to_async(databases_answer)()
    return JsonResponse({"ready": ready}, status=200 if ready else 503)
