"""A client goes out by one page and comes in by another, with scripts and without, while a worker does the work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from kobling.access.models import Client
from kobling.engine.jobbing import Jobbing
from kobling.sdk.clock import SystemClock
from tests.browser.conftest import Opens
from tests.browser.test_clients_page import serious
from tests.portal.away import forget_everything


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def work() -> None:
    clock = SystemClock()
    worker = Jobbing(clock, "w", None)  # type: ignore[arg-type]
    assert worker.work(clock.now())
    worker.wait(20)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_client_goes_out_and_comes_in(opens: Opens, scripts: bool, tmp_path: Path) -> None:
    name = "Ølgod Landbrugsmaskiner A/S"
    client = Client.objects.get(name=name)
    page = opens(f"/clients/{client.pk}/export/", "birgitte", scripts=scripts)
    page.get_by_role("button", name="Eksportér til en fil").click()
    expect(page.get_by_role("status")).to_contain_text("Venter på en arbejder")
    work()
    page.reload()
    assert not scripts or serious(page) == []
    with page.expect_download() as coming:
        page.get_by_role("link", name="Hent").click()
    assert coming.value.suggested_filename == f"{name.replace('/', '-')}.zip"
    file = tmp_path / "out.zip"
    coming.value.save_as(file)
    forget_everything()
    page.goto("/clients/import/")
    page.get_by_label("Kundens fil").set_input_files(file)
    page.get_by_role("button", name="Vis, hvad der er i den").click()
    work()
    page.reload()
    expect(page.get_by_label("Navn her")).to_have_value(name)
    assert not scripts or serious(page) == []
    page.get_by_label("Navn her").fill("Ølgod Maskiner")
    page.get_by_role("button", name=f"Importér {name}").click()
    work()
    page.reload()
    page.get_by_role("link", name="Åbn Ølgod Maskiner").click()
    expect(page.get_by_role("heading", name="Ølgod Maskiner")).to_be_visible()


def test_the_page_is_told_by_itself_that_the_file_is_there(opens: Opens) -> None:
    client = Client.objects.get(name="Ølgod Landbrugsmaskiner A/S")
    page = opens(f"/clients/{client.pk}/export/", "birgitte")
    page.get_by_role("button", name="Eksportér til en fil").click()
    expect(page.get_by_role("status")).to_contain_text("Venter på en arbejder")
    work()
    expect(page.get_by_role("link", name="Hent")).to_be_visible(timeout=15_000)
