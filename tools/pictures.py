"""Takes each page at 1440 and 360 px into a folder, for eyes: ``python tools/pictures.py [FOLDER]``.

The pages are those of the demo's firm, written as data; nothing is connected and no vendor is simulated.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

WIDTHS = (1440, 360)
PAGES = {
    "clients": "/clients/all/",
    "clients-pressing": "/clients/all/?sort=state",
    "clients-dense": "/clients/all/?dense=1",
    "clients-none": "/clients/all/?q=findes+ikke",
    "details": "/clients/all/?open={client}",
    "details-permissions": "/clients/all/?open={client}&part=permissions",
    "details-history": "/clients/all/?open={client}&part=history",
    "actions": "/clients/{client}/actions/",
    "assign": "/clients/assign/?client={client}",
    "notify": "/clients/{client}/notify/",
    "home": "/clients/{client}/",
    "history": "/clients/{client}/history/",
    "notifications": "/clients/{client}/notifications/",
    "archive": "/clients/{client}/archive/",
    "run": "/runs/{run}/",
    "invite": "/clients/invite/",
    "invites": "/clients/invites/",
    "invites-sent": "/clients/invites/sent/",
    "import": "/clients/import/",
    "export": "/clients/{client}/export/",
    "onboarding": "/clients/onboarding/",
    "archived": "/clients/archived/",
    "people": "/people/",
    "people-roles": "/people/roles/",
    "people-security": "/people/security/",
    "people-invite": "/people/invite/",
    "people-invited": "/people/invited/",
    "people-paste": "/people/paste/",
    "palette": "/go/?q=m",
    "keys": "/keys/",
    "my-access": "/my-access/",
}
OPERATORS = {"operating": "/operating/", "mail": "/mail/"}
OUTSIDE = {"sign-in": "/accounts/login/", "forgotten": "/accounts/password/reset/"}


def main(folder: Path) -> None:
    """Every page, wide and narrow, in both themes."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kobling-pictures-") as home:
        os.environ |= {"KOBLING_DATA": f"{home}/data", "KOBLING_MAIL_FOLDER": f"{home}/mail"}
        secrets, places = _write()
        with _served() as address:
            _take(address, secrets, places, folder)
    sys.stdout.write(f"{len(list(folder.glob('*.png')))} pictures in {folder}\n")


def _write() -> tuple[tuple[str, str], dict[str, int]]:
    from kobling.cli.start import start_django

    start_django("serve")
    from kobling.access.models import Client, Person
    from kobling.cli.demo_firm import open_firm
    from kobling.hub.models import Run
    from kobling.hub.services import joining

    now = datetime.now(UTC)
    made = open_firm(now)
    client = Client.objects.get(name__startswith="Aabenraa")
    run = Run.objects.filter(error__isnull=False).order_by("pk")[0]
    operator = Person.objects.create_superuser(
        "palle", "palle@kobling.example", None, first_name="Palle", language="da"
    )
    secrets = (joining.sign_in_link(made.who, made.admin, now), joining.sign_in_link(made.who, operator, now))
    return secrets, {"client": client.pk, "run": run.pk}


@contextmanager
def _served() -> Iterator[str]:
    command = [sys.executable, "-m", "kobling.cli.main", "serve", "--port", "0"]
    environment = {**os.environ, "KOBLING_LANGUAGE": "en", "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            line = next(each for each in server.stdout if "Pages at" in each)
            yield line.split("Pages at ")[1].split(". ")[0].strip()
        finally:
            server.terminate()


def _take(address: str, secrets: tuple[str, str], places: dict[str, int], folder: Path) -> None:
    from playwright.sync_api import sync_playwright

    from tools.prepare_tests import browser

    with sync_playwright() as play:
        chrome = play.chromium.launch(executable_path=browser(), args=["--no-sandbox"])
        for secret, pages in (("", OUTSIDE), (secrets[0], PAGES), (secrets[1], OPERATORS)):
            page = chrome.new_context(locale="da-DK", reduced_motion="reduce").new_page()
            if secret:
                page.goto(f"{address}/sign-in/{secret}/")
                page.locator("button.go").click()
            for name, path in pages.items():
                _shoot(page, f"{address}{path.format(**places)}", name, folder)
        chrome.close()


def _shoot(page: object, address: str, name: str, folder: Path) -> None:
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[attr-defined]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})  # type: ignore[attr-defined]
            page.goto(address)  # type: ignore[attr-defined]
            ending = ("" if width == WIDTHS[0] else ".phone") + ("" if theme == "light" else ".dark")
            page.screenshot(path=str(folder / f"{name}{ending}.png"), full_page=True)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "pictures"))
