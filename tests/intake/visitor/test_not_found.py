from __future__ import annotations

import pytest
from django.test import Client

from intake.models import Helpline

DEFAULT_EXIT = Helpline._meta.get_field("exit_url").default


@pytest.mark.parametrize("path", ["/nope/", "/ffp/nope/", "/nope/chat/"])
def test_a_page_that_is_not_there_can_be_left_at_once(client: Client, helpline: Helpline, path: str) -> None:
    response = client.get(path)

    page = response.content.decode()
    assert response.status_code == 404
    assert f'data-quick-exit href="{DEFAULT_EXIT}"' in page
    assert "js/visitor.js" in page
    assert response.cookies == {}
