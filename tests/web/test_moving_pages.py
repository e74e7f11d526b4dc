"""A client leaves by a page and comes by another; a list of clients is looked at first, and taken in once."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.http import HttpResponse
from django.test import AsyncClient as AsyncBrowser
from django.test import Client as Browser

from kobling.access.models import Client, Firm, FirmMember, Onboarding, Person
from kobling.access.policy import Actor
from kobling.engine.jobbing import Jobbing
from kobling.hub.models import Coupling, Event
from kobling.hub.services import archiving
from kobling.jobs import files
from kobling.jobs.models import FilePart, Job
from kobling.jobs.moving import LEFT_AFTER
from kobling.mail.models import Mail
from kobling.portal import moving
from kobling.sdk.clock import FakeClock
from kobling.web.arriving import forms
from tests.engine.bench import Bench, benches
from tests.portal.away import forget_everything
from tests.services.cast import cast
from tests.web.signing import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from benches()


@pytest.fixture
def around(bench: Bench) -> dict[str, Actor]:
    bench.companies.put({"title": "Alfa"})
    bench.run()
    return cast(bench.pair.client)


Work = Callable[[HttpResponse], str]


@pytest.fixture
def work(clock: FakeClock) -> Work:
    """The job that an answer leads to is done by a worker; gives the job's address."""

    def one(answer: HttpResponse) -> str:
        assert answer.status_code == 302, answer.content[:300]
        worker = Jobbing(clock, "w", None)  # type: ignore[arg-type]
        worker.work(clock.now())
        worker.wait(20)
        return answer["Location"]

    return one


def export(browser: Browser, client: int, work: Work) -> bytes:
    job = work(browser.post(f"/clients/{client}/export/"))
    assert f'href="{job}file/"' in browser.get(job).content.decode()
    answer = browser.get(f"{job}file/")
    assert answer["Content-Disposition"] == 'attachment; filename="Test ApS.zip"'
    content: bytes = answer.getvalue()
    return content


def chosen(content: bytes, name: str = "x.zip") -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, content)}


def looked(browser: Browser, content: bytes, work: Work) -> tuple[str, str]:
    """The job that looked at a file, and its page."""
    job = work(browser.post("/clients/import/", chosen(content)))
    return job, browser.get(job).content.decode()


def take_in(job: str) -> str:
    return f"/clients/import/{job.strip('/').split('/')[1]}/"


def test_out_by_one_page_and_in_by_another(
    browser: Browser, bench: Bench, around: dict[str, Actor], folder: Path, work: Work
) -> None:
    sign_in(browser, around["firm_admin"])
    content = export(browser, bench.pair.client_id, work)
    _, here = looked(browser, content, work)
    assert "hedder “Test ApS”" in here and "Vælg en anden fil" in here
    forget_everything()
    job, page = looked(browser, content, work)
    assert "Test ApS" in page and "left (left)" in page
    assert not Client.objects.exists(), "looked at, not taken in"
    done = browser.get(work(browser.post(take_in(job), {"name": "Ny ApS"}))).content.decode()
    made = Client.objects.get()
    assert f'href="/clients/{made.pk}/"' in done
    assert (made.name, made.firm.name if made.firm else "", Coupling.objects.count()) == ("Ny ApS", "Bogholderiet", 1)
    assert "Ny ApS" in browser.get("/clients/").content.decode()
    again = browser.get(work(browser.post(take_in(job), {"name": "To"}))).content.decode()
    assert ("note bad" in again, Client.objects.count()) == (True, 1)
    assert list((folder / "moving").iterdir()) == [], "what was worked on lies nowhere"


def test_a_name_that_is_taken_is_said_and_another_one_does(
    browser: Browser, bench: Bench, around: dict[str, Actor], work: Work
) -> None:
    sign_in(browser, around["firm_admin"])
    content = export(browser, bench.pair.client_id, work)
    forget_everything()
    Client.objects.create(name="Test ApS", firm=Firm.objects.get(name="Bogholderiet"))
    job, _ = looked(browser, content, work)
    refused = browser.get(work(browser.post(take_in(job), {"name": "Test ApS"}))).content.decode()
    assert f'href="{job}"' in refused, "back to what is in the file"
    assert Client.objects.count() == 1
    assert browser.post(take_in(job), {"name": " "})["Location"] == job
    work(browser.post(take_in(job), {"name": "To"}))
    assert Client.objects.count() == 2


def test_what_somebody_else_had_looked_at_is_nobody_elses(
    browser: Browser, bench: Bench, around: dict[str, Actor], work: Work
) -> None:
    sign_in(browser, around["firm_admin"])
    content = export(browser, bench.pair.client_id, work)
    forget_everything()
    job, _ = looked(browser, content, work)
    sign_in(browser, around["other_firm_admin"])
    assert browser.get(job).status_code == 404
    assert browser.get(f"{job}progress/").status_code == 404
    assert browser.post(take_in(job), {"name": "Min"}).status_code == 404
    assert not Client.objects.exists()


def test_an_export_is_no_file_to_take_in_and_a_file_is_kept_for_an_hour(
    browser: Browser, bench: Bench, around: dict[str, Actor], work: Work, clock: FakeClock
) -> None:
    sign_in(browser, around["firm_admin"])
    exported = work(browser.post(f"/clients/{bench.pair.client_id}/export/"))
    assert browser.post(take_in(exported), {"name": "Ny"}).status_code == 404
    content = browser.get(f"{exported}file/").getvalue()
    job, _ = looked(browser, content, work)
    clock.turn(files.KEPT.total_seconds())
    assert browser.get(f"{exported}file/").status_code == 404
    forget_everything()
    job, _ = looked(browser, content, work)
    clock.turn(files.KEPT.total_seconds())
    late = browser.get(work(browser.post(take_in(job), {"name": "Ny"}))).content.decode()
    assert "en time" in late
    assert not Client.objects.exists()


def test_no_file_no_zip_and_one_that_is_too_large(
    browser: Browser, around: dict[str, Actor], work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(browser, around["firm_admin"])
    strange = io.BytesIO()
    with zipfile.ZipFile(strange, "w") as archive:
        archive.writestr("hello.txt", "x")
    for given in (b"name;number", strange.getvalue()):
        _, page = looked(browser, given, work)
        assert 'class="note bad"' in page
    assert browser.post("/clients/import/", {}).status_code == 422
    monkeypatch.setattr(forms, "LARGEST", 5)
    assert browser.post("/clients/import/", chosen(b"123456")).status_code == 422
    assert Job.objects.count() == 2


@pytest.mark.parametrize(
    ("who", "stage", "allowed"),
    [
        ("firm_admin", "active", True),
        ("company_admin", "active", True),
        ("assigned", "active", False),
        ("company_user", "active", False),
        ("other_firm_admin", "active", False),
        ("firm_admin", "archived", True),
        ("company_admin", "archived", False),
        ("firm_admin", "verification", False),
        ("company_admin", "verification", True),
    ],
)
def test_who_may_take_a_client_away(
    browser: Browser, bench: Bench, around: dict[str, Actor], who: str, stage: str, allowed: bool, work: Work
) -> None:
    Client.objects.filter(pk=bench.pair.client_id).update(stage=stage)
    sign_in(browser, around[who])
    answer = browser.post(f"/clients/{bench.pair.client_id}/export/")
    assert answer.status_code == (302 if allowed else 404)
    if allowed:
        work(answer)
    assert Event.objects.filter(what="client_exported").exists() is allowed


def test_archiving_offers_it_first_and_the_archive_has_it(
    browser: Browser, bench: Bench, around: dict[str, Actor], clock: FakeClock, work: Work
) -> None:
    sign_in(browser, around["firm_admin"])
    client = bench.pair.client_id
    link = f'href="/clients/{client}/export/"'
    assert link in browser.get(f"/clients/{client}/archive/").content.decode()
    archiving.archive(around["firm_admin"], client, clock.now())
    assert link in browser.get("/clients/archived/").content.decode()
    assert browser.get(f"/clients/{client}/export/").status_code == 200
    export(browser, client, work)


@pytest.fixture
def firm() -> Firm:
    return Firm.objects.create(name="Nordkystens Bogholderi")


@pytest.fixture
def admin(browser: Browser, firm: Firm) -> Browser:
    who = Person.objects.create_user("birgitte", "birgitte@n.example", language="da")
    FirmMember.objects.create(firm=firm, person=who, role="firm_admin")
    sign_in(browser, who)
    return browser


LIST = """Navn;Nummer;CVR;Kontakt;Mail
Tåsinge Frugt & Bær ApS;1063;10150817;Hanne Tåsinge;HANNE@frugt.example
"Bogø; Både";1064;;;
Kun Navn

;1065;;;x@x.example
Skæv Mail;1066;;Bo;bo-at-x
Kendt ApS;1042
Kun navn
For Mange;1;2;3;d@x.example;6
"""
LIKE = {"country": "dk", "access": "limited", "asks_power": "on", "language": "da"}


def test_a_list_is_looked_at_line_by_line_and_good_lines_go_once(admin: Browser, firm: Firm) -> None:
    Client.objects.create(name="Kendt ApS", number="1042", firm=firm)
    looked = admin.post("/clients/invite/list/", {**LIKE, "text": LIST})
    page = looked.content.decode()
    assert (looked.status_code, Client.objects.count(), Mail.objects.count()) == (200, 1, 0)
    assert (page.count('class="st ok"'), page.count('class="st late"')) == (3, 5)
    done = admin.post("/clients/invite/list/", {**LIKE, "text": LIST, "go": "1"})
    stages = dict(Client.objects.values_list("name", "stage"))
    assert stages == {
        "Kendt ApS": "active",
        "Tåsinge Frugt & Bær ApS": "invited",
        "Bogø; Både": "active",
        "Kun Navn": "active",
    }
    box = done.content.decode().split("<textarea")[1].split("</textarea>")[0]
    assert [each in box for each in ("Skæv Mail", "Kendt ApS", "For Mange", "Tåsinge", "Bogø")] == [
        *(True, True, True),
        *(False, False),
    ]
    invited = Onboarding.objects.get(client__stage="invited")
    assert (invited.registered_number, invited.contact_email) == ("10150817", "hanne@frugt.example")
    admin.post("/clients/invite/list/", {**LIKE, "text": LIST, "go": "1"})
    assert (Client.objects.count(), Mail.objects.count()) == (4, 1), "nothing is made twice"


def test_a_list_from_a_file_is_put_into_the_box_first(admin: Browser) -> None:
    rows = "Åse ApS;1;10150817\r\nØrsted Fisk;2;10150817\r\n"
    for encoding in ("utf-8-sig", "cp1252"):
        file = SimpleUploadedFile("x.csv", rows.encode(encoding))
        page = admin.post("/clients/invite/list/", {**LIKE, "text": "", "file": file, "go": "1"}).content.decode()
        assert "Åse ApS;1;10150817" in page
        assert not Client.objects.exists(), "a file is looked at before anything of it is done"
        assert (page.count('class="st ok"'), page.count('class="st late"')) == (1, 1), "one number, one company"
    answer = admin.post("/clients/invite/list/", {**LIKE, "text": "Åse ApS;1;10150817", "go": "1"})
    assert answer["Location"] == "/clients/invites/"
    assert Onboarding.objects.get().registered_number == "10150817"
    assert Client.objects.get().stage == "active"


def test_an_empty_list_and_one_of_another_firm(admin: Browser, firm: Firm) -> None:
    assert admin.post("/clients/invite/list/", LIKE).status_code == 422
    Client.objects.create(name="Fremmed", firm=Firm.objects.create(name="B"))
    page = admin.post("/clients/invite/list/", {**LIKE, "text": "Fremmed\tx"}).content.decode()
    assert page.count('class="st ok"') == 1, "another firm's clients are nobody's business here"


def test_what_a_dead_worker_left_is_removed(
    browser: Browser, bench: Bench, around: dict[str, Actor], folder: Path, work: Work, clock: FakeClock
) -> None:
    left, new = moving.room() / "left", moving.room() / "new"
    for each, age in ((left, LEFT_AFTER.total_seconds() + 1), (new, 0)):
        each.mkdir()
        os.utime(each, (0, clock.now().timestamp() - age))
    sign_in(browser, around["firm_admin"])
    export(browser, bench.pair.client_id, work)
    assert list(moving.room().iterdir()) == [new]


def test_the_room_is_nobody_elses(folder: Path) -> None:
    assert moving.room().stat().st_mode & 0o077 == 0


@pytest.mark.django_db(transaction=True)
async def test_a_file_is_sent_whole_by_a_server_that_is_asynchronous(
    browser: Browser, bench: Bench, around: dict[str, Actor], work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "AT_ONCE", 100)
    await sync_to_async(sign_in)(browser, around["firm_admin"])
    asked_for = await sync_to_async(browser.post)(f"/clients/{bench.pair.client_id}/export/")
    job = await sync_to_async(work)(asked_for)
    asked = AsyncBrowser(HTTP_HOST="127.0.0.1")
    await sync_to_async(sign_in)(asked, around["firm_admin"])
    answer = await asked.get(f"{job}file/")
    content = b"".join([part async for part in aiter(answer)])
    assert zipfile.is_zipfile(io.BytesIO(content))
    assert await FilePart.objects.acount() > 2
    await sync_to_async(connections.close_all)()
