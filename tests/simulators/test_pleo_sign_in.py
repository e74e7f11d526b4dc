"""Who may do what in a simulated Pleo: consents, companies, scopes, refreshing, the old API."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest
from yarl import URL

from tests.simulators.dynamics import Answer
from tests.simulators.expenses import Pleo, basic, pleo, refused

VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
async def app() -> AsyncIterator[Pleo]:
    async with pleo() as client:
        yield client


def asked(app: Pleo, **more: str) -> dict[str, str]:
    told = {"client_id": app.known["client_id"], "redirect_uri": app.known["redirect_uri"], "response_type": "code"}
    told |= {"scope": app.known["scopes"], "state": "s", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    return {**told, **more}


async def authorize(app: Pleo, **more: str) -> Answer:
    return await app.do("GET", f"/oauth/authorize?{urlencode({**asked(app), 'auto': '1', **more})}")


async def allowed(app: Pleo, *companies: str, **more: str) -> dict[str, Any]:
    """The tokens that an admin gives for some companies, by the form."""
    form = [*{**asked(app, **more), "username": app.known["username"], "password": app.known["password"]}.items()]
    form += [("decision", "allow"), *(("company", each) for each in companies)]
    kind = {"Content_Type": "application/x-www-form-urlencoded"}
    answer = await app.do("POST", "/oauth/authorize", form=urlencode(form), **kind)
    code = URL(answer.headers["Location"]).query["code"]
    told = {"grant_type": "authorization_code", "code": code, "redirect_uri": app.known["redirect_uri"]}
    return dict((await token(app, **told, code_verifier=VERIFIER)).json)


async def token(app: Pleo, **form: str) -> Answer:
    before, app.authorization = app.authorization, basic(app.known["client_id"], app.known["client_secret"])
    answer = await app.do("POST", "/oauth/token", form=form)
    app.authorization = before
    return answer


async def renewed(app: Pleo, text: str) -> Answer:
    return await token(app, grant_type="refresh_token", refresh_token=text)


class TestTheConsent:
    """What an admin allows."""

    async def test_a_token_sees_the_companies_that_were_ticked_and_no_other(self, app: Pleo) -> None:
        told = await allowed(app, app.known["company_id"], app.known["third_company_id"])
        app.authorization = f"Bearer {told['access_token']}"
        ids = [each["id"] for each in await app.get("/v1/companies")]
        assert ids == [app.known["company_id"], app.known["third_company_id"]]
        for company, status in ((ids[1], 200), (app.known["other_company_id"], 403)):
            assert (await app.do("GET", f"/v2/employees?companyId={company}")).status == status
        assert (await app.get("/v1/introspect"))[
            "subjectURN"
        ] == f"urn:pleo:organization:{app.known['organization_id']}"

    async def test_a_row_of_another_company_is_not_there(self, app: Pleo) -> None:
        row = await app.account("5000")
        app.authorization = basic(app.known["other_api_key"])
        assert refused(await app.do("GET", f"/v1/chart-of-accounts/{row['id']}")) == (404, "NOT_FOUND")
        body = {"companyId": app.company, "externalId": "y", "name": "Y", "archived": False}
        assert refused(await app.do("POST", "/v1/chart-of-accounts", body)) == (403, "FORBIDDEN")

    async def test_with_several_companies_one_must_be_named(self, app: Pleo) -> None:
        told = await allowed(app, app.known["company_id"], app.known["third_company_id"])
        app.authorization = f"Bearer {told['access_token']}"
        body = {"code": "P", "name": "Projekt", "archived": False}
        assert refused(await app.do("POST", "/v0/tag-groups", body)) == (400, "PARAMETER_VALIDATION_FAILED")
        made = await app.make(f"/v0/tag-groups?company_id={app.known['third_company_id']}", **body)
        assert made["companyId"] == app.known["third_company_id"]

    @pytest.mark.parametrize(
        ("wrong", "error"),
        [
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"code_challenge": ""}, "invalid_request"),
            ({"scope": "money:all"}, "invalid_scope"),
            ({"scope": ""}, "invalid_scope"),
            ({"response_type": "token"}, "unsupported_response_type"),
        ],
    )
    async def test_a_wrong_question_goes_back_to_the_app(self, app: Pleo, wrong: dict[str, str], error: str) -> None:
        back = URL((await authorize(app, **wrong)).headers["Location"])
        assert (back.query["error"], back.query["state"]) == (error, "s")

    @pytest.mark.parametrize("wrong", [{"client_id": "x"}, {"redirect_uri": "http://localhost:8765/callback/"}])
    async def test_an_unknown_app_or_address_is_told_to_nobody(self, app: Pleo, wrong: dict[str, str]) -> None:
        answer = await authorize(app, **wrong)
        assert answer.status == 400
        assert "Location" not in answer.headers

    async def test_a_wrong_password_shows_the_form_again_and_a_no_goes_back(self, app: Pleo) -> None:
        form = {**asked(app), "username": "x", "password": "y"}
        again = await app.do("POST", "/oauth/authorize", form=form)
        assert b"Wrong e-mail" in again.body
        denied = await app.do("POST", "/oauth/authorize", form={**form, "decision": "deny"})
        assert URL(denied.headers["Location"]).query["error"] == "access_denied"

    async def test_a_code_is_redeemed_by_post_and_for_the_address_it_was_sent_to(self, app: Pleo) -> None:
        code = URL((await authorize(app)).headers["Location"]).query["code"]
        told = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        assert (await token(app, **told, redirect_uri="http://localhost:1/else")).json == {"error": "invalid_grant"}
        assert (await app.do("GET", "/oauth/token")).status == 405

    async def test_a_code_is_good_once_and_for_ten_minutes(self, app: Pleo) -> None:
        codes = [URL((await authorize(app)).headers["Location"]).query["code"] for _ in range(2)]
        told = {"grant_type": "authorization_code", "redirect_uri": app.known["redirect_uri"]}
        told["code_verifier"] = VERIFIER
        assert (await token(app, **told, code=codes[0])).status == 200
        assert (await token(app, **told, code=codes[0])).json == {"error": "invalid_grant"}
        app.clock.advance(601)
        assert (await token(app, **told, code=codes[1])).json == {"error": "invalid_grant"}


class TestTokens:
    """Their lives."""

    async def test_a_refresh_token_that_is_too_old_ends_everything(self, app: Pleo) -> None:
        told = await allowed(app, app.company)
        app.clock.advance(60 * 86_400)
        assert (await renewed(app, told["refresh_token"])).json == {"error": "invalid_grant"}

    async def test_an_old_refresh_token_leaves_other_companies_alone(self, app: Pleo) -> None:
        first, other = await allowed(app, app.company), await allowed(app, app.known["third_company_id"])
        await renewed(app, first["refresh_token"])
        assert (await renewed(app, first["refresh_token"])).status == 400
        assert (await renewed(app, other["refresh_token"])).status == 200

    async def test_the_client_must_sign_in_for_a_token(self, app: Pleo) -> None:
        answer = await app.do("POST", "/oauth/token", form={"grant_type": "refresh_token", "refresh_token": "x"})
        assert (answer.status, answer.json) == (401, {"error": "invalid_client"})
        assert (await token(app, grant_type="password")).json == {"error": "unsupported_grant_type"}

    async def test_a_token_is_looked_into(self, app: Pleo) -> None:
        told = await allowed(app, app.company)
        app.authorization = basic(app.known["client_id"], app.known["client_secret"])
        seen = (await app.do("POST", "/oauth/token/introspect", form={"token": told["access_token"]})).json
        assert (seen["active"], seen["sub"], seen["token_type"]) == (True, app.company, "at+JWT")
        assert (seen["aud"], seen["iss"]) == ("https://external.pleo.io", "pleo.production")
        assert seen["exp"] - seen["iat"] == told["expires_in"] == 3600
        app.clock.advance(3600)
        assert (await app.do("POST", "/oauth/token/introspect", form={"token": told["access_token"]})).json == {
            "active": False
        }

    @pytest.mark.parametrize("spelling", ["tag-group:read", "tag-groups:read"])
    async def test_both_spellings_of_a_scope_are_good(self, app: Pleo, spelling: str) -> None:
        told = await allowed(app, app.company, scope=spelling)
        app.authorization = f"Bearer {told['access_token']}"
        assert (await app.do("GET", f"/v0/tag-groups?company_id={app.company}")).status == 200
        assert refused(await app.do("GET", "/v1/companies")) == (403, "FORBIDDEN")
        assert told["scope"] == spelling

    @pytest.mark.parametrize(
        ("method", "path", "scope"),
        [
            ("GET", "/v2/employees", "employees:read"),
            ("POST", "/v1/chart-of-accounts", "chart-of-accounts:write"),
            ("POST", "/v0/tax-codes:search", "tax-codes:read"),
            ("POST", "/v0/tags:search", "tag-groups:read"),
            ("DELETE", "/v0/tags", "tag-groups:write"),
            ("POST", "/v1/vendors", "vendors:write"),
            ("POST", "/v1/accounting-entries:search", "accounting-entries:read"),
            ("GET", "/v3/export-jobs", "export-jobs:read"),
            ("POST", "/v3/export-job-events", "export-jobs:write"),
            ("GET", "/v3/export-items", "export-items:read"),
            ("POST", "/v1/subscriptions", "webhook-subscriptions:write"),
            ("GET", "/legacy/v1/companies/balance", "companies:read"),
        ],
    )
    async def test_each_area_needs_its_scope(self, app: Pleo, method: str, path: str, scope: str) -> None:
        await app.config(missing_scopes=[scope])
        answer = await app.do(method, path)
        assert refused(answer) == (403, "FORBIDDEN")
        assert scope in answer.json["message"]


class TestTheInstallation:
    """The app in the customer's company."""

    async def test_a_key_makes_it_itself_and_activates_it(self, app: Pleo) -> None:
        assert (await app.do("GET", "/v1/installations/me")).status == 404
        assert (await app.do("POST", "/v1/installations/me:activate")).status == 404
        made = (await app.do("POST", "/v1/installations/me", {"metadata": {"by": "Kobling"}})).json["data"]
        assert (made["status"], made["resource"]) == ("AUTHORIZED", f"urn:pleo:company:{app.company}")
        assert (await app.do("POST", "/v1/installations/me", {})).status == 409
        active = (await app.do("POST", "/v1/installations/me:activate")).json["data"]
        assert (active["id"], active["status"]) == (made["id"], "ACTIVATED")
        changed = (await app.do("PUT", "/v1/installations/me", {"metadata": {}})).json["data"]
        assert (changed["metadata"], changed["status"]) == ({}, "ACTIVATED")

    async def test_deleting_it_revokes_the_tokens(self, app: Pleo) -> None:
        told = await allowed(app, app.company)
        app.authorization = f"Bearer {told['access_token']}"
        assert (await app.get("/v1/installations/me"))["status"] == "AUTHORIZED"
        assert (await app.do("DELETE", "/v1/installations/me")).status == 204
        assert (await app.do("GET", "/v1/companies")).status == 401
        assert (await renewed(app, told["refresh_token"])).status == 400


class TestTheOldApi:
    """The balance, and receipts by themselves."""

    async def test_the_balance_is_told_to_its_own_token(self, app: Pleo) -> None:
        app.authorization = f"Bearer {app.known['legacy_token']}"
        told = (await app.do("GET", "/legacy/v1/companies/balance")).json
        assert told == {"balance": {"value": 25000, "currency": "DKK"}}
        assert (await app.do("GET", "/v1/companies")).status == 401

    async def test_expenses_come_by_page_and_have_receipts(self, app: Pleo) -> None:
        made = [await app.person("entries", receipts=1, days=day) for day in (3, 2, 1)]
        told = (await app.do("GET", "/legacy/v1/expenses?pageSize=2&pageOffset=1")).json
        assert [each["id"] for each in told["expenses"]] == [made[1]["id"], made[2]["id"]]
        assert told["metadata"]["pageInfo"] == {"pageSize": 2, "totalCount": 3, "nextPageOffset": None}
        (receipt,) = (await app.do("GET", f"/legacy/v1/expenses/{made[0]['id']}/receipts")).json["receipts"]
        assert (await app.do("GET", receipt["url"])).body.startswith(b"%PDF")
        assert (await app.do("GET", "/legacy/v1/expenses?pageSize=x")).status == 400
