"""What a look at pages that others wrote has found."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from django.db import connections
from django.test import Client as Browser

from kobling.access.models import Client, Firm, FirmMember
from kobling.access.policy import Actor
from kobling.hub.models import Connection, Pair, Run
from kobling.hub.planning.worth import worth_of
from kobling.hub.services import starting
from kobling.mapping import Side
from kobling.portal.models import ClientFigures
from kobling.sdk.clock import FakeClock
from kobling.sync.actions import Create
from tests.services.cast import cast
from tests.web.signing import sign_in


@pytest.mark.django_db
@pytest.mark.parametrize("sort", ["state", "-issues", "run"])
def test_a_list_goes_on_behind_a_client_of_which_nothing_was_reckoned_yet(
    browser: Browser, people: dict[str, Actor], client_company: Client, sort: str
) -> None:
    Client.objects.bulk_create(Client(name=f"Ny {number}", firm=client_company.firm) for number in range(60))
    ClientFigures.objects.all().delete()
    sign_in(browser, people["firm_admin"])
    page = browser.get(f"/clients/all/?sort={sort}").context["page"]
    further = browser.get(f"/clients/all/{page.more}").context["page"]
    assert len({row.pk for row in (*page.rows, *further.rows)}) == 61


@pytest.mark.django_db(transaction=True)
def test_two_who_press_at_once_have_a_pair_run_once(clock: FakeClock) -> None:
    client = Client.objects.create(name="Møllebæk", firm=Firm.objects.create(name="F"))
    sides = [Connection.objects.create(client=client, connector="dinero", name=each) for each in ("l", "r")]
    Pair.objects.create(client=client, name="p", pair_type="x", left=sides[0], right=sides[1])
    admin, together = cast(client)["operator"], threading.Barrier(4)

    def press() -> None:
        together.wait(20)
        try:
            starting.start(admin, client, clock.now())
        finally:
            connections.close_all()

    for _ in range(3):
        Run.objects.all().delete()
        pressing = [threading.Thread(target=press) for _ in range(4)]
        for each in pressing:
            each.start()
        for each in pressing:
            each.join(30)
        assert Run.objects.count() == 1


def test_a_line_that_is_none_is_left_out_of_what_was_moved() -> None:
    lines = ["x", None, {"amount": Decimal(3), "currency": "DKK"}]
    assert worth_of([Create(side=Side.LEFT, source_id="1", values={"lines": lines})]) == {"DKK": Decimal(3)}


@pytest.mark.django_db
def test_nothing_taken_away_is_not_offered_back(browser: Browser, people: dict[str, Actor]) -> None:
    sign_in(browser, people["firm_admin"])
    member = FirmMember.objects.get(person=people["unassigned"].person)
    client = Client.objects.get(firm=member.firm)
    browser.post("/clients/unassign/", {"client": client.pk, "member": member.pk})
    assert browser.session["toast"]["undo"] is None
