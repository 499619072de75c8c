from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from intake.models import Helpline
from intake.visitor.colours import DARK_PAPER, LIGHT_PAPER, Shades, contrast, dark_shades, light_shades, mix

pytestmark = pytest.mark.once

AA = 4.5
colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def assert_readable(shades: Shades, paper: str) -> None:
    for background in (paper, shades.accent_soft, shades.accent_ink):
        assert contrast(shades.accent, background) >= AA
    assert contrast(shades.accent_strong, shades.accent_ink) >= AA
    assert contrast(shades.accent_strong, shades.accent_soft) >= AA


@given(colours)
def test_any_colour_becomes_readable_on_light_paper(colour: str) -> None:
    assert_readable(light_shades(colour), LIGHT_PAPER)


@given(colours)
def test_any_colour_becomes_readable_on_dark_paper(colour: str) -> None:
    assert_readable(dark_shades(colour), DARK_PAPER)


def test_a_colour_that_is_readable_already_is_kept() -> None:
    assert light_shades("#2b6b60").accent == "#2b6b60"


def test_contrast_is_the_one_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#ffffff", "#777777") == contrast("#777777", "#ffffff")


def test_mixing_goes_from_one_to_the_other() -> None:
    assert [mix("#000000", "#ff8000", share) for share in (0, 0.5, 1)] == ["#000000", "#804000", "#ff8000"]


@pytest.mark.django_db
def test_the_stylesheet_carries_the_helpline_s_shades(client: Client, helpline: Helpline) -> None:
    helpline.accent_colour = "#9a4a35"
    helpline.save()

    response = client.get("/ffp/accent.css")

    assert response.headers["Content-Type"].startswith("text/css")
    assert "--accent: #9a4a35;" in response.content.decode()
    assert "prefers-color-scheme: dark" in response.content.decode()


def tokens(scheme: str) -> dict[str, str]:
    text = (settings.BASE_DIR / "static/css/tokens.css").read_text()
    light, dark = text.split("@media (prefers-color-scheme: dark)")[:2]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light if scheme == "light" else dark.split("@media")[0]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("text", ["ink", "ink-soft", "accent", "accent-strong", "danger", "warning", "success", "info"])
def test_every_text_colour_is_readable_on_every_surface(scheme: str, text: str) -> None:
    found = tokens(scheme)
    surfaces = (
        ["paper", "surface", "sunk", "accent-soft"] if text.startswith(("ink", "accent")) else ["paper", "surface"]
    )
    own_tint = [f"{text}-soft"] if text != "ink" and f"{text}-soft" in found else []

    unreadable = {
        s: contrast(found[text], found[s]) for s in surfaces + own_tint if contrast(found[text], found[s]) < AA
    }

    assert unreadable == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("edge", "surface"), [("line-strong", "surface"), ("line-strong", "paper"), ("focus", "surface")]
)
def test_edges_that_mean_something_can_be_seen(scheme: str, edge: str, surface: str) -> None:
    found = tokens(scheme)

    assert contrast(found[edge], found[surface]) >= 3
