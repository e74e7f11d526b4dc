"""The pages about mail in a browser: narrow, dark, and the mail that is shown while it is written."""

from __future__ import annotations

import os

import pytest
from axe_playwright_python.sync_playwright import Axe

from kobling.access.models import Client
from kobling.mail.models import Mail
from tests.browser.conftest import Opens

LOOK = os.environ.get("KOBLING_LOOK", "")
"""A folder for pictures of the pages, to hold them against the design's."""


def path(part: str) -> str:
    return f"/clients/{Client.objects.earliest('pk').pk}/{part}/"


@pytest.mark.parametrize("part", ["notify", "notifications"])
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (320, True)])
def test_pages_about_mail_fit_and_can_be_read(opens: Opens, part: str, width: int, dark: bool) -> None:
    page = opens(path(part), "birgitte", width=width, dark=dark)
    if LOOK:
        page.screenshot(path=f"{LOOK}/{part}.{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()


def test_the_mail_is_shown_as_it_is_written_and_goes_with_or_without_a_script(opens: Opens) -> None:
    for scripts in (True, False):
        page = opens(path("notify"), "birgitte", scripts=scripts)
        page.fill("#comment", "Kan I nå det inden torsdag?")
        page.uncheck("input[value=receipts]")
        page.click("button[value=look]")
        page.wait_for_selector("#preview >> text=“Kan I nå det inden torsdag?”")
        assert "kvitteringer" not in page.inner_text("#preview")
        page.click("button[value=send]")
        page.wait_for_selector("text=1 bogholder får besked.")
    assert Mail.objects.count() == 2
