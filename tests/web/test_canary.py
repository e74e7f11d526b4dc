"""No secret stands in any page: every address is opened with secrets in every place that holds one."""

from __future__ import annotations

import re

import pytest
from django.test import Client as Browser

from kobling.access.models import Client, ClientMember, Invitation, Person
from kobling.access.policy import Actor
from kobling.hub import runs
from kobling.hub.models import Connection, Pair, Run
from kobling.sdk.clock import FakeClock
from tests.web.signing import sign_in
from tests.web.test_routes import ours, places

__all__ = ["places"]
pytestmark = pytest.mark.django_db
CANARY = "c4n4ry-of-a-secret"
NOT_OPENED = {"closed", "ours", "begin", "join", "sign_in_by_link", "unsubscribe"}
"""Closed, or opened by a secret of their own."""


@pytest.fixture
def secrets(people: dict[str, Actor], client_company: Client, clock: FakeClock) -> dict[str, int]:
    """A client whose every secret is the canary, with a pair and a run that failed of it."""
    sealed = {"secrets": CANARY, "grant": CANARY}
    sides = [
        Connection.objects.create(client=client_company, connector=name, name=name, **sealed, healthy=False)
        for name in ("pleo", "business_central")
    ]
    pair = Pair.objects.create(client=client_company, pair_type="t", name="t", left=sides[0], right=sides[1])
    told = {"asked_by": "operator:root", "asked_at": clock.now(), "started_at": clock.now(), "ended_at": clock.now()}
    run = Run.objects.create(pair=pair, state=runs.FAILED, error={"kind": "Unreachable", "summary": "x"}, **told)
    Person.objects.update(password=CANARY)
    Invitation.objects.update(secret_hash=CANARY)
    who = Person.objects.get(pk=people["firm_admin"].person)
    Person.objects.filter(pk=who.pk).update(is_superuser=True)
    ClientMember.objects.create(client=client_company, person=who, role="company_admin")
    return {"run": run.pk}


def test_no_page_holds_a_secret(
    browser: Browser, people: dict[str, Actor], places: dict[str, int], secrets: dict[str, int]
) -> None:
    sign_in(browser, people["firm_admin"])
    opened = 0
    for name, path in sorted(ours().items()):
        if name in NOT_OPENED:
            continue
        for each, number in (places | secrets).items():
            path = path.replace(f"<row:{each}>", str(number))
        path = re.sub(r"<\w+:\w+>", "all", path)
        for address in (path, f"{path}?open={places['client']}", f"{path}?file=csv"):
            answer = browser.get(f"/{address}")
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            assert CANARY.encode() not in content, address
            opened += answer.status_code == 200
    assert opened > 60, "most of them are pages that were drawn"
