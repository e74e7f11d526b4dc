"""Whatever a client sends, a simulated Pleo answers as the contract says and never breaks."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kobling_simulators.clock import Clock
from kobling_simulators.pleo.simulator import Pleo, build
from kobling_simulators.wire import Call, Reply, from_json, to_json
from tests.simulators.crm import START
from tests.simulators.expenses import basic

ZERO = "00000000-0000-0000-0000-000000000000"
BODIES = {
    "/v1/chart-of-accounts": ["companyId", "externalId", "code", "name", "archived", "taxCodeExternalId", "metadata"],
    "/v1/chart-of-accounts:search": ["companyId", "ids", "name", "code", "externalId", "archived"],
    "/v0/tax-codes": ["companyId", "name", "rate", "type", "archived", "code"],
    "/v0/tag-groups": ["companyId", "code", "name", "archived", "metadata"],
    "/v0/tags/archive": ["ids"],
    "/v1/vendors": ["companyId", "name", "defaultCurrency", "country", "code", "externalId"],
    "/v1/accounting-entries:search": ["includeDeleted", "families", "settledAtStart", "settledAtEnd", "hasNote"],
    "/v3/export-jobs": ["companyId", "accountingEntryIds", "employeeId", "isInteractive", "options"],
    "/v3/export-job-events": ["jobId", "event", "failureReason", "failureReasonType"],
    "/v1/subscriptions": ["endpointUrl", "eventTypes", "status", "customHeaders", "endpointAuth"],
    "/v1/installations/me": ["metadata"],
}
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from([ZERO, "company", "2026-11-22", "0001-01-01T00:00:00+14:00", "inclusive", "started", "DKK"]),
    st.lists(st.sampled_from([ZERO, "CARD_PURCHASE", 1, None]), max_size=3),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)


@cache
def simulator() -> Pleo:
    found = build(clock=Clock(lambda: START), seed=1, records=20)
    found.set_limits({"enabled": False})
    return found


def ask(method: str, path: str, body: bytes = b"", kind: str = "application/json", **query: str) -> Reply:
    known = simulator()
    headers = {"Authorization": basic(known.credentials()["api_key"]), "Content-Type": kind}
    return known.answer(Call(method, path, {"company_id": known.main.id, **query}, headers, body))


@pytest.mark.parametrize("path", BODIES)
def test_any_body_is_taken_or_refused_with_a_type(path: str) -> None:
    @settings(max_examples=80, deadline=None)
    @given(st.dictionaries(st.sampled_from([*BODIES[path], "unknown"]), values, max_size=8))
    def sent(body: dict[str, Any]) -> None:
        told = {name: simulator().main.id if value == "company" else value for name, value in body.items()}
        reply = ask("POST", path, to_json(told))
        assert reply.status in (200, 201, 202, 204, 400, 403, 404, 409, 422)
        if reply.status >= 400:
            assert from_json(reply.body)["type"].isupper()

    sent()


@pytest.mark.parametrize("path", [path for path in BODIES if not path.endswith("/me")])
@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"a":1e999}'])
def test_what_is_no_object_is_refused(path: str, body: bytes) -> None:
    assert ask("POST", path, body).status == 400


@pytest.mark.parametrize("kind", ["text/plain", "", "application/jsonx", "multipart/form-data; boundary=x"])
def test_another_content_type_is_refused(kind: str) -> None:
    reply = ask("POST", "/v0/tag-groups", b"{}", kind)
    assert (reply.status, from_json(reply.body)["type"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["after", "before", "offset", "limit", "sorting_keys", "sorting_order", "statuses"]),
        st.one_of(
            st.text(max_size=12), st.sampled_from(["GA~~~~~~", "LMYF2~~~", "LNXHK3DMFQRGCIS5", "1", "id", "ASC"])
        ),
        max_size=4,
    ),
    st.sampled_from(["/v1/chart-of-accounts", "/v3/export-jobs", "/v0/tags", "/v1/accounting-entries:search"]),
)
def test_any_page_is_shown_or_refused(query: dict[str, str], path: str) -> None:
    search = path.endswith(":search")
    reply = ask("POST" if search else "GET", path, b'{"includeDeleted":true}' if search else b"", **query)
    assert reply.status in (200, 400)


@pytest.mark.parametrize("path", ["/files/x/y/z", "/files/", "/oauth/token", "/legacy/v1/nothing", "/v9/x", "/", "//"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_any_address_is_answered(method: str, path: str) -> None:
    assert 400 <= ask(method, path, b"{}").status < 500


@pytest.mark.parametrize("query", [{}, {"sorting_keys": "settledAt", "sorting_order": "DESC"}])
def test_a_page_looks_at_no_more_entries_than_it_shows(query: dict[str, str]) -> None:
    found = build(clock=Clock(lambda: START), seed=1, records=200)
    looked: list[str] = []

    class Watched(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            if name == "deletedAt":
                looked.append(self["id"])
            return super().get(name, default)

    for key, row in list(found.main.entries.items()):
        dict.__setitem__(found.main.entries, key, Watched(row))
    headers = {"Authorization": basic(found.credentials()["api_key"]), "Content-Type": "application/json"}
    path, asked = "/v1/accounting-entries:search", {"company_id": found.main.id, "limit": "5", **query}
    for _ in range(3):
        reply = found.answer(Call("POST", path, asked, headers, b'{"includeDeleted":false}'))
        asked["after"] = from_json(reply.body)["pagination"]["endCursor"]
    assert len(looked) == 3 * 6
