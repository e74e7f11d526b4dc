"""What an integration keeps up to date in a simulated Pleo, who may, and what it is told of."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from kobling_simulators.pleo.delivering import signed
from tests.simulators.expenses import Pleo, basic, pleo, refused


@pytest.fixture
async def app() -> AsyncIterator[Pleo]:
    async with pleo() as client:
        yield client


async def all_rows(app: Pleo, path: str, size: int) -> list[str]:
    """Ids of all pages, by cursor."""
    found: list[str] = []
    after = ""
    while True:
        answer = (await app.do("GET", f"{path}&limit={size}{after}")).json
        found += [each["id"] for each in answer["data"]]
        if not answer["pagination"]["hasNextPage"]:
            return found
        after = f"&after={answer['pagination']['endCursor']}"


class TestAccounts:
    """The chart of accounts."""

    async def test_the_same_account_again_is_matched_and_another_one_clashes(self, app: Pleo) -> None:
        first = await app.account("5000")
        body = {"companyId": app.company, "externalId": "x-5000", "code": "5000", "archived": False}
        again = await app.do("POST", "/v1/chart-of-accounts", {**body, "name": "Konto 5000"})
        assert (again.status, again.json["data"]["id"]) == (200, first["id"])
        other = await app.do("POST", "/v1/chart-of-accounts", {**body, "name": "Andet"})
        assert refused(other) == (409, "CONFLICT")

    async def test_an_external_id_cannot_change(self, app: Pleo) -> None:
        row = await app.account("5000")
        body = {"companyId": app.company, "externalId": "y", "name": "Ny", "archived": False}
        assert (await app.do("PUT", f"/v1/chart-of-accounts/{row['id']}", body)).status == 400

    async def test_what_is_in_use_is_archived_and_never_deleted(self, app: Pleo) -> None:
        row = await app.account("5000")
        await app.person("entries", category="5000")
        assert refused(await app.do("DELETE", f"/v1/chart-of-accounts/{row['id']}")) == (409, "CONFLICT")
        body = {"companyId": app.company, "externalId": "x-5000", "name": "Ny", "archived": True}
        assert (await app.do("PUT", f"/v1/chart-of-accounts/{row['id']}", body)).json["data"]["archived"] is True
        unused = await app.account("5001")
        assert (await app.do("DELETE", f"/v1/chart-of-accounts/{unused['id']}")).status == 204

    @pytest.mark.parametrize(
        "wrong", [{"name": ""}, {"name": "x" * 256}, {"archived": None}, {"colour": "red"}, {"externalId": ""}]
    )
    async def test_a_wrong_body_is_refused_by_field(self, app: Pleo, wrong: dict[str, Any]) -> None:
        body = {"companyId": app.company, "externalId": "x", "name": "Navn", "archived": False, **wrong}
        answer = await app.do("POST", "/v1/chart-of-accounts", body)
        assert refused(answer) == (400, "VALIDATION_FAILED")
        assert next(iter(wrong)) in answer.json["message"]

    async def test_a_batch_tells_what_was_made_and_what_failed(self, app: Pleo) -> None:
        body = {"companyId": app.company, "archived": False}
        good, bad = {**body, "externalId": "a", "name": "A"}, {**body, "externalId": "b", "name": ""}
        told = (await app.do("POST", "/v1/chart-of-accounts/batch", [good, bad, good])).json["data"]
        assert [each["externalId"] for each in told["created"]] == ["a"]
        assert told["failed"][1]["reasons"] == ["EXTERNAL_ID_ALREADY_EXISTS"]

    async def test_pages_by_cursor_hold_every_row_once(self, app: Pleo) -> None:
        for number in range(25):
            await app.account(str(6000 + number))
        found = await all_rows(app, f"/v1/chart-of-accounts?company_id={app.company}", 7)
        assert len(found) == len(set(found)) == 31

    @pytest.mark.parametrize("query", ["limit=0", "limit=101", "offset=x", "after=!!", "after=GA&offset=1"])
    async def test_a_wrong_page_is_refused(self, app: Pleo, query: str) -> None:
        answer = await app.do("GET", f"/v1/chart-of-accounts?company_id={app.company}&{query}")
        assert refused(answer) == (400, "PARAMETER_VALIDATION_FAILED")


class TestTagsAndVendors:
    """Dimensions and suppliers."""

    async def test_a_code_exists_once_in_its_group(self, app: Pleo) -> None:
        group = await app.make("/v0/tag-groups", code="P", name="Projekt", archived=False)
        other = await app.make("/v0/tag-groups", code="A", name="Afdeling", archived=False)
        tag = {"code": "1", "name": "Et", "archived": False}
        await app.make(f"/v0/tag-groups/{group['id']}/tags", **tag)
        assert refused(await app.do("POST", f"/v0/tag-groups/{group['id']}/tags", tag)) == (409, "CONFLICT")
        await app.make(f"/v0/tag-groups/{other['id']}/tags", **tag)

    async def test_a_group_holds_a_maximum_of_active_tags(self, app: Pleo) -> None:
        await app.config(most_tags=1)
        group = await app.make("/v0/tag-groups", code="P", name="Projekt", archived=False)
        path = f"/v0/tag-groups/{group['id']}/tags"
        first = await app.make(path, code="1", name="Et", archived=False)
        assert (await app.do("POST", path, {"code": "2", "archived": False})).status == 400
        assert (await app.do("POST", "/v0/tags/archive", {"ids": [first["id"]]})).status == 204
        await app.make(path, code="2", name="To", archived=False)

    async def test_a_vendor_that_a_person_made_is_a_draft_until_it_is_activated(self, app: Pleo) -> None:
        vendor = await app.person("vendors", name="Grossisten")
        assert vendor["state"] == "DRAFT"
        body = {"externalId": "L-1", "code": "L-1"}
        answer = await app.do("POST", f"/v1/vendors/{vendor['id']}:activate", body)
        assert answer.status == 204
        row = await app.get(f"/v1/vendors/{vendor['id']}")
        assert (row["state"], row["externalId"]) == ("ACTIVE", "L-1")

    async def test_a_search_takes_states(self, app: Pleo) -> None:
        await app.person("vendors", name="Grossisten")
        path = f"/v1/vendors:search?company_id={app.company}"
        assert len((await app.do("POST", path, {"states": ["DRAFT"]})).json["data"]) == 1
        assert (await app.do("POST", path, {"states": ["ACTIVE"]})).json["data"] == []


class TestEntries:
    """Searching accounting entries."""

    async def test_missing_receipts_are_entries_without_receipt_ids(self, app: Pleo) -> None:
        await app.person("entries", receipts=1)
        bare = await app.person("entries", receipts=0)
        path = f"/v1/accounting-entries:search?company_id={app.company}"
        rows = (await app.do("POST", path, {"includeDeleted": False, "families": ["CARD_PURCHASE"]})).json["data"]
        assert [each["id"] for each in rows if not each["receiptIds"]] == [bare["id"]]

    async def test_deleted_ones_are_shown_when_asked_for(self, app: Pleo) -> None:
        entry = await app.person("entries")
        await app.control("DELETE", f"/records/entries/{entry['id']}")
        path = f"/v1/accounting-entries:search?company_id={app.company}"
        assert (await app.do("POST", path, {"includeDeleted": False})).json["data"] == []
        assert len((await app.do("POST", path, {"includeDeleted": True})).json["data"]) == 1
        assert (await app.do("GET", f"/v1/accounting-entries/{entry['id']}")).status == 404

    async def test_only_one_kind_of_date_is_filtered(self, app: Pleo) -> None:
        body = {"includeDeleted": False, "performedAtStart": "2026-01-01", "settledAtEnd": "2026-02-01"}
        answer = await app.do("POST", f"/v1/accounting-entries:search?company_id={app.company}", body)
        assert refused(answer) == (400, "VALIDATION_FAILED")


class TestSigningIn:
    """Keys and tokens."""

    @pytest.mark.parametrize("header", ["", "Basic eDp5", "Bearer nothing", "Nonsense"])
    async def test_without_a_good_credential_nothing_is_told(self, app: Pleo, header: str) -> None:
        app.authorization = header
        assert refused(await app.do("GET", "/v1/companies")) == (401, "UNAUTHORIZED")

    async def test_a_key_sees_its_own_company_alone(self, app: Pleo) -> None:
        other = app.known["other_company_id"]
        assert [each["id"] for each in await app.get("/v1/companies")] == [app.company]
        for path in (f"/v1/companies/{other}", f"/v1/chart-of-accounts?company_id={other}"):
            assert refused(await app.do("GET", path)) == (403, "FORBIDDEN")

    async def test_employees_spell_the_company_in_their_own_way(self, app: Pleo) -> None:
        assert (await app.do("GET", f"/v2/employees?company_id={app.company}")).status == 400
        assert len(await app.get(f"/v2/employees?companyId={app.company}")) == 4

    async def test_a_missing_scope_is_refused(self, app: Pleo) -> None:
        await app.config(missing_scopes=["companies:read"])
        assert refused(await app.do("GET", "/v1/companies")) == (403, "FORBIDDEN")

    async def sign_in(self, app: Pleo, verifier: str = "v" * 50) -> Any:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 50).digest()).rstrip(b"=").decode()
        ask = {"client_id": app.known["client_id"], "redirect_uri": app.known["redirect_uri"], "auto": "1"}
        ask |= {"response_type": "code", "scope": "companies:read", "state": "s"}
        ask |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        place = str(URL(f"{app.running.url}/oauth/authorize").with_query(ask))
        back = URL((await app.do("GET", place)).headers["Location"])
        form = {"grant_type": "authorization_code", "code": back.query["code"], "code_verifier": verifier}
        form |= {"redirect_uri": ask["redirect_uri"]}
        app.authorization = basic(app.known["client_id"], app.known["client_secret"])
        return await app.do("POST", "/oauth/token", form=form)

    async def test_the_code_flow_gives_a_token_with_the_scopes_asked_for(self, app: Pleo) -> None:
        told = (await self.sign_in(app)).json
        app.authorization = f"Bearer {told['access_token']}"
        assert (await app.get("/v1/introspect"))["authMethod"] == "OAUTH2"
        assert len(await app.get("/v1/companies")) == 1
        assert (await app.do("GET", f"/v0/tag-groups?company_id={app.company}")).status == 403

    async def test_a_wrong_verifier_is_refused(self, app: Pleo) -> None:
        answer = await self.sign_in(app, "w" * 50)
        assert (answer.status, answer.json) == (400, {"error": "invalid_grant"})

    async def test_an_old_refresh_token_ends_all_of_them(self, app: Pleo) -> None:
        first = (await self.sign_in(app)).json["refresh_token"]
        form = {"grant_type": "refresh_token", "refresh_token": first}
        second = (await app.do("POST", "/oauth/token", form=form)).json
        assert (await app.do("POST", "/oauth/token", form=form)).status == 400
        again = {"grant_type": "refresh_token", "refresh_token": second["refresh_token"]}
        assert (await app.do("POST", "/oauth/token", form=again)).status == 400
        app.authorization = f"Bearer {second['access_token']}"
        assert (await app.do("GET", "/v1/companies")).status == 401

    async def test_a_token_is_over_after_its_life(self, app: Pleo) -> None:
        told = (await self.sign_in(app)).json
        app.authorization = f"Bearer {told['access_token']}"
        app.clock.advance(told["expires_in"])
        assert (await app.do("GET", "/v1/companies")).status == 401

    async def test_the_sixth_request_in_a_second_waits_where_five_are_let_through(self, app: Pleo) -> None:
        await app.control("POST", "/limits", {"enabled": True, "requests": 5})
        statuses = [(await app.do("GET", "/v1/companies")).status for _ in range(6)]
        assert statuses == [200] * 5 + [429]
        app.clock.advance(1)
        assert (await app.do("GET", "/v1/companies")).status == 200


class TestWebhooks:
    """Being told."""

    async def test_a_new_job_is_told_with_a_signature_that_holds(self, app: Pleo) -> None:
        got: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

        async def take(request: web.BaseRequest) -> web.Response:
            await got.put((dict(request.headers), await request.read()))
            return web.Response()

        runner = web.ServerRunner(web.Server(take))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        made = await app.make("/v1/subscriptions", endpointUrl=url, eventTypes=["v1.export-job.created"])
        secret = (await app.get(f"/v1/subscriptions/{made['id']}/secret"))["secretKey"]
        entry = await app.person("entries")
        job = await app.person("export-jobs", entries=[entry["id"]])
        headers, body = await asyncio.wait_for(got.get(), 10)
        await runner.cleanup()
        told = {name.lower(): text for name, text in headers.items()}
        at = int(told["webhook-timestamp"])
        assert told["webhook-signature"] == signed(secret, told["webhook-id"], at, body)
        assert f'"id":"{job["id"]}"'.encode() in body

    async def test_an_unknown_event_cannot_be_subscribed_to(self, app: Pleo) -> None:
        body = {"endpointUrl": "http://localhost:9/x", "eventTypes": ["v1.money.lost"]}
        assert refused(await app.do("POST", "/v1/subscriptions", body)) == (400, "VALIDATION_FAILED")


async def test_equal_seeds_give_equal_companies() -> None:
    async def entries() -> list[dict[str, Any]]:
        async with pleo(records=60) as app:
            return await app.dump("entries")

    first, second = await entries(), await entries()
    assert first == second
    assert {each["family"] for each in first} >= {"CARD_PURCHASE", "OUT_OF_POCKET", "WALLET", "REIMBURSEMENT"}
    assert any(len(each["splitItems"]) == 3 for each in first)
    assert any(not each["receiptIds"] for each in first if each["family"] == "CARD_PURCHASE")
