"""Whom a simulated Unimicro lets in: codes, refresh tokens, certificates, companies."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from yarl import URL

from tests.simulators.softrig import SCOPE, Softrig, good, message, softrig


@pytest.fixture
async def app() -> AsyncIterator[Softrig]:
    async with softrig() as client:
        yield client


async def code(app: Softrig, **more: str) -> str:
    return URL((await app.authorize(**more)).headers["Location"]).query["code"]


async def read(app: Softrig, token: str) -> jwt.Token:
    """A token, checked with the keys that are published."""
    keys = await app.get("/.well-known/openid-configuration/jwks")
    return jwt.decode(token, KeySet.import_key_set(keys), algorithms=["RS256"])


class TestThePages:
    """What an app finds, and what a person decides."""

    async def test_the_discovery_document_names_what_there_is(self, app: Softrig) -> None:
        told = await app.get("/.well-known/openid-configuration")
        assert told["issuer"] == app.running.url == app.known["identity_url"] == app.known["api_url"]
        for name, path in (("token", "token"), ("authorization", "authorize"), ("userinfo", "userinfo")):
            assert told[f"{name}_endpoint"] == f"{app.running.url}/connect/{path}"
        assert set(SCOPE.split()) <= set(told["scopes_supported"])

    async def test_a_person_signs_in_picks_a_company_and_is_sent_back(self, app: Softrig) -> None:
        page = await app.do("GET", f"/connect/authorize?{urlencode(app.asked())}")
        assert b"Fjordbemanning Eiendom AS" in page.body
        form = {**app.asked(), "username": app.known["username"], "password": app.known["password"]}
        form |= {"company": app.known["other_company_key"], "decision": "allow"}
        back = URL((await app.do("POST", "/connect/authorize", form=form)).headers["Location"])
        assert (str(back.with_query(None)), back.query["state"]) == (app.known["redirect_uri"], "s")
        app.token = good(await app.redeem(back.query["code"]))["access_token"]
        assert [each["Key"] for each in await app.get("/api/init/companies")] == [app.known["other_company_key"]]

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [({"password": "x"}, b"Invalid username"), ({"username": ""}, b"Invalid"), ({"company": "x"}, b"Choose a")],
    )
    async def test_a_wrong_password_or_company_shows_the_page_again(
        self, app: Softrig, wrong: dict[str, str], words: bytes
    ) -> None:
        form = {**app.asked(), "username": app.known["username"], "password": app.known["password"], **wrong}
        again = await app.do("POST", "/connect/authorize", form=form)
        assert (again.status, words in again.body) == (200, True)

    async def test_a_no_is_told_to_the_app(self, app: Softrig) -> None:
        answer = await app.do("POST", "/connect/authorize", form={**app.asked(), "decision": "deny"})
        assert URL(answer.headers["Location"]).query["error"] == "access_denied"

    @pytest.mark.parametrize(
        "wrong",
        [{"client_id": "x"}, {"client_id": "server"}, {"redirect_uri": "http://localhost:8642/signed-in/"}],
    )
    async def test_an_unknown_app_or_address_is_told_to_nobody(self, app: Softrig, wrong: dict[str, str]) -> None:
        if wrong.get("client_id") == "server":
            wrong = {"client_id": app.known["server_client_id"]}
        answer = await app.authorize(**wrong)
        assert (answer.status, "Location" in answer.headers) == (400, False)

    @pytest.mark.parametrize(
        ("wrong", "error"),
        [
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"scope": "openid Everything"}, "invalid_scope"),
            ({"scope": "AppFramework"}, "invalid_scope"),
            ({"scope": ""}, "invalid_scope"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
        ],
    )
    async def test_a_wrong_question_goes_back_to_the_app(self, app: Softrig, wrong: dict[str, str], error: str) -> None:
        back = URL((await app.authorize(**wrong)).headers["Location"])
        assert (back.query["error"], back.query["state"]) == (error, "s")

    async def test_an_app_without_a_secret_needs_a_challenge(self, app: Softrig) -> None:
        spa = {"client_id": app.known["spa_client_id"]}
        back = URL((await app.authorize(**spa, code_challenge="", code_challenge_method="")).headers["Location"])
        assert back.query["error"] == "invalid_request"
        assert good(await app.redeem(await code(app, **spa), **spa, client_secret=""))["token_type"] == "Bearer"


class TestCodes:
    """A code and what it is good for."""

    async def test_a_code_works_once(self, app: Softrig) -> None:
        text = await code(app)
        assert (await app.redeem(text)).status == 200
        assert (await app.redeem(text)).json["error"] == "invalid_grant"

    async def test_a_code_works_for_five_minutes(self, app: Softrig) -> None:
        first, second = await code(app), await code(app)
        app.clock.advance(300)
        assert (await app.redeem(first)).status == 200
        app.clock.advance(1)
        assert (await app.redeem(second)).json["error"] == "invalid_grant"

    @pytest.mark.parametrize(
        ("wrong", "error"),
        [
            ({"code_verifier": "w" * 60}, "invalid_grant"),
            ({"code_verifier": ""}, "invalid_grant"),
            ({"redirect_uri": "http://localhost:1/x"}, "invalid_grant"),
            ({"client_secret": "x"}, "invalid_client"),
            ({"client_secret": ""}, "invalid_client"),
            ({"grant_type": "password"}, "unsupported_grant_type"),
        ],
    )
    async def test_a_code_is_for_who_asked_for_it(self, app: Softrig, wrong: dict[str, str], error: str) -> None:
        form = {"grant_type": "authorization_code", "redirect_uri": app.known["redirect_uri"], **app.app()}
        answer = await app.grant(**{**form, "code": await code(app), "code_verifier": "v" * 60, **wrong})
        assert (answer.status, answer.json["error"]) == (400, error)

    async def test_with_a_secret_a_challenge_is_not_needed(self, app: Softrig) -> None:
        text = await code(app, code_challenge="", code_challenge_method="")
        assert (await app.redeem(text, code_verifier="")).status == 200

    async def test_the_secret_may_come_as_basic(self, app: Softrig) -> None:
        pair = b64encode(":".join(app.app().values()).encode()).decode()
        form = {"grant_type": "authorization_code", "code": await code(app), "code_verifier": "v" * 60}
        form["redirect_uri"] = app.known["redirect_uri"]
        assert (await app.do("POST", "/connect/token", form=form, Authorization=f"Basic {pair}")).status == 200

    async def test_tokens_say_whose_they_are_for_what_and_where(self, app: Softrig) -> None:
        told = await app.tokens()
        access = (await read(app, told["access_token"])).claims
        assert access["aud"] == ["AppFramework", f"{app.running.url}/resources"]
        assert access["AppFramework"] == app.running.url
        assert access["exp"] - access["iat"] == told["expires_in"] == 3600
        person = (await read(app, told["id_token"])).claims
        assert (person["aud"], person["nonce"], person["sub"]) == (app.known["client_id"], "n", access["sub"])
        app.token = told["access_token"]
        assert (await app.get("/connect/userinfo"))["sub"] == access["sub"]


class TestRefreshing:
    """Refresh tokens come only with offline_access."""

    async def test_without_offline_access_there_is_none(self, app: Softrig) -> None:
        assert "refresh_token" not in await app.tokens(scope="openid AppFramework")

    async def test_a_refresh_token_works_once(self, app: Softrig) -> None:
        first = (await app.tokens())["refresh_token"]
        second = good(await app.renewed(first))["refresh_token"]
        assert (await app.renewed(first)).json["error"] == "invalid_grant"
        assert good(await app.renewed(second))["refresh_token"] not in (first, second)

    async def test_without_rotation_the_same_one_goes_on_working(self, app: Softrig) -> None:
        await app.config(rotation=False)
        text = (await app.tokens())["refresh_token"]
        for _ in range(2):
            assert "refresh_token" not in good(await app.renewed(text))

    async def test_a_renewed_token_reaches_the_same_company(self, app: Softrig) -> None:
        text = (await app.tokens(company=app.known["other_company_key"]))["refresh_token"]
        app.token = good(await app.renewed(text))["access_token"]
        assert [each["Key"] for each in await app.get("/api/init/companies")] == [app.known["other_company_key"]]

    async def test_a_refresh_token_is_of_no_use_to_another_app(self, app: Softrig) -> None:
        text = (await app.tokens())["refresh_token"]
        answer = await app.renewed(text, client_id=app.known["spa_client_id"], client_secret="")
        assert answer.json["error"] == "invalid_grant"

    async def test_an_app_that_has_lost_the_scope_is_refused_or_gets_none(self, app: Softrig) -> None:
        text = (await app.tokens())["refresh_token"]
        await app.config(offline_access="ignored")
        told = await app.tokens()
        assert ("refresh_token" in told, "offline_access" in told["scope"]) == (False, False)
        assert (await app.renewed(text)).json["error"] == "invalid_grant"
        await app.config(offline_access="refused")
        back = URL((await app.authorize()).headers["Location"])
        assert back.query["error"] == "invalid_scope"


class TestServerApplications:
    """No person: a certificate."""

    async def test_a_certificate_opens_the_first_company_without_its_key(self, app: Softrig) -> None:
        told = good(await app.server_token())
        assert ("refresh_token" in told, "id_token" in told) == (False, False)
        app.token, app.company = told["access_token"], ""
        assert (await app.get("companysettings"))[0]["CompanyName"] == "Fjordbemanning AS"
        app.company = app.known["other_company_key"]
        assert (await app.ask("customers")).status == 403
        assert (await app.ask("/connect/userinfo")).status == 401

    async def test_an_assertion_works_once(self, app: Softrig) -> None:
        text = jwt.encode({"alg": "RS256"}, app.claims(), app.key())
        assert (await app.server_token(text)).status == 200
        assert (await app.server_token(text)).json["error"] == "invalid_client"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"iss": "x"},
            {"sub": "x"},
            {"aud": "http://localhost/connect/token"},
            {"jti": None},
            {"exp": None},
            {"iat": None},
            {"nbf": None},
            {"exp": 0},
            {"exp": 301},
            {"iat": 61},
            {"nbf": 61},
        ],
    )
    async def test_an_assertion_with_a_wrong_claim_is_refused(self, app: Softrig, wrong: dict[str, Any]) -> None:
        now = int(app.clock.now())
        told = {name: now + value if isinstance(value, int) else value for name, value in wrong.items()}
        answer = await app.server_token(jwt.encode({"alg": "RS256"}, app.claims(**told), app.key()))
        assert (answer.status, answer.json["error"]) == (400, "invalid_client")

    async def test_five_minutes_and_a_minute_of_a_wrong_clock_are_fine(self, app: Softrig) -> None:
        now = int(app.clock.now())
        claims = app.claims(iat=now + 60, nbf=now + 60, exp=now + 360)
        assert (await app.server_token(jwt.encode({"alg": "RS256"}, claims, app.key()))).status == 200

    async def test_only_the_key_of_the_certificate_and_rs256_will_do(self, app: Softrig) -> None:
        others = [
            jwt.encode({"alg": "RS256"}, app.claims(), RSAKey.generate_key(2048)),
            jwt.encode({"alg": "HS256"}, app.claims(), OctKey.import_key("k" * 32)),
            jwt.encode({"alg": "PS256"}, app.claims(), app.key(), algorithms=["PS256"]),
            "a.b.c",
            "x",
        ]
        for text in others:
            assert (await app.server_token(text)).json["error"] == "invalid_client"

    @pytest.mark.parametrize(
        ("wrong", "error"),
        [
            ({"scope": "AppFramework offline_access"}, "invalid_scope"),
            ({"scope": ""}, "invalid_scope"),
            ({"client_assertion_type": "jwt"}, "invalid_client"),
            ({"client_id": "x"}, "invalid_client"),
        ],
    )
    async def test_the_rest_of_the_form_counts_too(self, app: Softrig, wrong: dict[str, str], error: str) -> None:
        assert (await app.server_token(**wrong)).json["error"] == error


class TestCalls:
    """Tokens, scopes and companies at the API."""

    async def test_a_token_is_over_after_an_hour(self, app: Softrig) -> None:
        app.clock.advance(3599)
        assert (await app.ask("customers")).status == 200
        app.clock.advance(1)
        answer = await app.ask("customers")
        assert answer.status == 401
        assert answer.json["Message"].startswith("Authorization has been denied for this request")

    @pytest.mark.parametrize("header", ["", "Bearer x", "Basic eDp5"])
    async def test_without_a_good_token_everything_is_401(self, app: Softrig, header: str) -> None:
        for path in ("/api/biz/customers", "/api/init/companies", "/api/statistics", "/jobs"):
            assert (await app.do("GET", path, Authorization=header)).status == 401

    async def test_tokens_can_be_taken_back(self, app: Softrig) -> None:
        assert (await app.control("POST", "/tokens/revoke"))["revoked"] == 1
        assert (await app.ask("customers")).status == 401

    @pytest.mark.parametrize("key", ["", "x", "other"])
    async def test_without_the_key_of_its_company_a_person_gets_nowhere(self, app: Softrig, key: str) -> None:
        app.company = app.known["other_company_key"] if key == "other" else key
        answer = await app.ask("customers")
        assert (answer.status, message(answer)) == (403, "No access to this company")

    async def test_companies_are_told_before_one_is_chosen(self, app: Softrig) -> None:
        app.company = ""
        (told,) = await app.get("/api/init/companies")
        assert (told["Key"], told["Name"]) == (app.known["company_key"], "Fjordbemanning AS")
        await app.config(company_names="CompanyKey")
        (told,) = await app.get("/api/init/companies")
        assert (told["CompanyKey"], len(told["OrganizationNumber"])) == (app.known["company_key"], 9)

    async def test_two_companies_never_see_each_others_rows(self, app: Softrig) -> None:
        await app.config(person_companies="all")
        await app.sign_in()
        mine = await app.customer("Bare her AS", OrgNumber="999888777")
        assert len(await app.get("/api/init/companies")) == 2
        app.company = app.known["other_company_key"]
        assert await app.rows("customers", "OrgNumber eq '999888777'") == []
        assert (await app.ask(f"customers/{mine['ID']}")).status == 404
        again = await app.post("customers", {"_createguid": "0" * 32, "Info": {"ID": mine["BusinessRelationID"]}})
        assert again.status == 400

    async def test_a_reader_reads_and_no_more(self, app: Softrig) -> None:
        await app.sign_in(scope="openid READ_ONLY")
        assert (await app.ask("customers")).status == 200
        assert (await app.post("customers", {})).status == 403
        await app.sign_in(scope="openid profile")
        assert (await app.ask("customers")).status == 403

    async def test_a_missing_role_is_403_for_that_entity(self, app: Softrig) -> None:
        await app.config(missing_role=["CustomerInvoice"])
        answer = await app.ask("invoices")
        assert (answer.status, "CustomerInvoice" in message(answer)) == (403, True)
        assert (await app.ask("customers")).status == 200

    async def test_one_more_than_four_at_once_is_refused(self, app: Softrig) -> None:
        await app.control("POST", "/limits", {"enabled": True, "at_once": 0})
        answer = await app.ask("customers")
        assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
        assert message(answer) == "Too many requests"
