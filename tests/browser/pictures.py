"""The pictures of the README, taken of the demo as it runs: python -m tests.browser.pictures"""

from __future__ import annotations

import os
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

import django
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatline.settings")
django.setup()

from scripts.machine import ROOT, find_program  # noqa: E402 - what follows needs the apps to be loaded
from tests.browser.conftest import CHROMIUM_ARGUMENTS, LOCALE, sign_in  # noqa: E402
from tests.web import Installation, Web  # noqa: E402

FOLDER = ROOT / "docs" / "pictures"
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 720},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1120, "height": 720}, "device_scale_factor": 1.5}
COLOURS = 128

TALK = [
    ("visitor", "Hei. Jeg har ikke sovet på to netter. Hun bare gråter."),
    ("counsellor", "Hei, så fint at du skriver. Det er hardt for hvem som helst. Er hun trygg der hun ligger nå?"),
    ("visitor", "Ja, hun ligger i sengen sin. Jeg sitter på badet."),
    ("counsellor", "Det er helt lov å ta et minutt for seg selv. Har du noen som kan ta over en time eller to?"),
]


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        installation = Installation(Path(folder))
        installation.manage("demo")
        browser = playwright.chromium.launch(executable_path=find_program("chromium"), args=CHROMIUM_ARGUMENTS)
        with installation.running() as (web,):
            take_pictures(browser, installation, web)
        browser.close()


def take_pictures(browser: Browser, installation: Installation, web: Web) -> None:
    counsellor = browser.new_context(**{**LOCALE, **DESKTOP}).new_page()
    counsellor.goto(f"{web.address}/counsellor/")
    sign_in(counsellor, installation, "mona")
    expect(counsellor.get_by_text("Tar imot nye")).to_be_visible()
    visitor = browser.new_context(**{**LOCALE, **PHONE}).new_page()
    visitor.goto(f"{web.address}/foreldresupport/")
    keep(visitor, "front")
    visitor.goto(f"{web.address}/foreldresupport/chat/")
    visitor.get_by_role("button", name="Start samtalen").click()
    send(visitor, TALK[0][1])
    counsellor.get_by_role("button", name="Ta samtalen").click()
    pages = {"visitor": visitor, "counsellor": counsellor}
    for side, text in TALK[1:]:
        send(pages[side], text)
        for page in pages.values():
            expect(page.get_by_role("log").get_by_text(text)).to_be_visible()
    somebody_waits(browser, web)
    expect(counsellor.get_by_role("button", name="Ta samtalen")).to_be_visible()
    keep(visitor, "chat")
    keep(counsellor, "desk")
    coordinator = browser.new_context(**{**LOCALE, **DESKTOP, "viewport": {"width": 1120, "height": 1240}}).new_page()
    coordinator.goto(f"{web.address}/counsellor/login/?next=/stats/foreldresupport/")
    sign_in(coordinator, installation, "tor")
    coordinator.goto(f"{web.address}/stats/foreldresupport/")
    keep(coordinator, "report")


def somebody_waits(browser: Browser, web: Web) -> None:
    other = browser.new_context(**{**LOCALE, **PHONE}).new_page()
    other.goto(f"{web.address}/foreldresupport/chat/")
    other.get_by_label("Hva vil du snakke om?").fill("Tenåringen min vil ikke snakke med meg")
    other.get_by_role("button", name="Start samtalen").click()
    expect(other.get_by_role("textbox", name="Melding")).to_be_visible()


def send(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Melding").last.fill(text)
    page.get_by_role("button", name="Send").last.click()
    expect(page.get_by_role("log").get_by_text(text)).to_be_visible()


def keep(page: Page, name: str) -> None:
    """With few colours: a page has few, and the file is a third."""
    picture = Image.open(BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
