"""Who may call Business Central, and where it is found."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import AsyncIterator

import pytest

from tests.simulators.central import AUDIENCE, Central, central


@pytest.fixture
async def bc() -> AsyncIterator[Central]:
    async with central() as client:
        yield client


def basic(user: str, key: str) -> str:
    return "Basic " + b64encode(f"{user}:{key}".encode()).decode()


async def as_user(bc: Central) -> str:
    """The code flow of an ordinary user."""
    known, authority = bc.known, f"{bc.known['authority']}/{bc.known['tenant']}/oauth2/v2.0"
    scope = f"{AUDIENCE}/Financials.ReadWrite.All offline_access"
    wish = {
        "client_id": known["client_id"],
        "response_type": "code",
        "redirect_uri": "http://localhost/back",
        "scope": scope,
        "state": "s",
    }
    async with bc.http.get(f"{authority}/authorize", params=wish) as answer:
        page = await answer.text()
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    form = {**wish, **hidden, "username": known["username"], "password": known["password"]}
    async with bc.http.post(f"{authority}/authorize", data=form, allow_redirects=False) as answer:
        code = re.search(r"[?&]code=([^&]+)", answer.headers["Location"])
    assert code is not None
    return await bc.sign_in(
        grant_type="authorization_code", code=code[1], redirect_uri=wish["redirect_uri"], scope=scope
    )


async def test_an_app_with_a_token_lists_companies(bc: Central) -> None:
    rows = await bc.rows(f"{bc.root}/companies")
    assert [row["id"] for row in rows] == [bc.known["company_id"], bc.known["other_company_id"]]


@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Bearer a.b.c", "Basic eDp5"])
async def test_without_a_good_token_every_api_is_401_with_a_challenge(bc: Central, header: str | None) -> None:
    answer = await bc.raw("GET", "customers", Authorization=header)
    assert (answer.status, answer.code) == (401, "Authentication_InvalidCredentials")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_token_for_another_resource_is_refused(bc: Central) -> None:
    bc.token = await bc.sign_in(scope="https://api.other.example/.default")
    assert (await bc.get("customers")).status == 401


@pytest.mark.parametrize("state", ["disabled", "missing"])
async def test_an_app_not_set_up_in_business_central_is_refused(bc: Central, state: str) -> None:
    await bc.config(app_registration=state)
    assert (await bc.get("customers")).status == 401


async def test_a_token_ends_after_an_hour_and_when_it_is_revoked(bc: Central) -> None:
    bc.clock.advance(3_590)
    assert (await bc.get("customers")).status == 200
    bc.clock.advance(20)
    assert (await bc.get("customers")).status == 401
    bc.token = await bc.sign_in()
    assert (await bc.get("customers")).status == 200
    await bc.control("POST", "/tokens/revoke")
    assert (await bc.get("customers")).status == 401


async def test_missing_permission_sets_are_403_for_that_entity_set_only(bc: Central) -> None:
    await bc.config(permissions_missing=["vendors"])
    refused = await bc.get("vendors")
    assert (refused.status, refused.code.startswith("Authorization_")) == (403, True)
    assert (await bc.get("customers")).status == 200


async def test_the_tenant_may_be_left_out_or_be_a_domain_but_not_another(bc: Central) -> None:
    for tenant, status in (("", 200), (f"/{bc.known['domain']}", 200), ("/elsewhere.example", 401)):
        answer = await bc.get(f"/v2.0{tenant}/Production/api/v2.0/companies")
        assert answer.status == status, tenant


async def test_an_unknown_environment_is_404(bc: Central) -> None:
    assert (await bc.get("/v2.0/Sandbox/api/v2.0/companies")).status == 404


async def test_a_user_sees_the_environments_of_the_tenant_and_an_app_does_not(bc: Central) -> None:
    assert (await bc.get("/environments/v1.2")).status == 401
    bc.token = await as_user(bc)
    for path in ("/environments/v1.0", "/admin/v2.24/environments"):
        assert (await bc.get(path)).status == 404
    for path in ("/environments/v1.2", "/admin/v2.24/applications/environments"):
        assert (await bc.post(path, {})).status == 405
    (row,) = await bc.rows("/environments/v1.2")
    assert (row["name"], row["applicationFamily"], row["aadTenantId"]) == (
        "Production",
        "BusinessCentral",
        bc.known["tenant"],
    )
    assert row["webServiceUrl"] == bc.running.url
    assert (await bc.rows("/admin/v2.24/applications/environments"))[0]["status"] == "Active"
    assert (await bc.get("customers")).status == 200


async def test_a_tenant_without_environments_and_an_embed_app_are_told_apart(bc: Central) -> None:
    bc.token = await as_user(bc)
    await bc.config(environments="empty")
    assert await bc.rows("/environments/v1.2") == []
    await bc.config(environments="listed", hosting="embed")
    (row,) = await bc.rows("/environments/v1.2")
    assert row["applicationFamily"] != "BusinessCentral"


async def test_on_premises_answers_below_its_instance_to_user_and_key_and_knows_no_environments(bc: Central) -> None:
    await bc.config(hosting="on_premises")
    user, key = bc.known["availability_user"], bc.known["availability_key"]
    path = f"/{bc.known['server_instance']}/api/v2.0/companies"
    good = await bc.raw("GET", path, Authorization=basic(user, key))
    assert len(good.rows) == 2
    assert (await bc.raw("GET", path, Authorization=basic(user, "wrong"))).status == 401
    assert (await bc.get(f"{bc.root}/companies")).status == 404
    assert (await bc.get("/environments/v1.2")).status == 404
    assert (await bc.get("/Other/api/v2.0/companies")).status == 404


async def test_an_environment_in_maintenance_is_503_with_retry_after(bc: Central) -> None:
    await bc.config(environment_status="Upgrading")
    answer = await bc.get("customers")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")


async def test_a_company_is_named_in_the_path_the_query_or_a_header(bc: Central) -> None:
    other = bc.known["other_company_id"]
    await bc.make("vendors", displayName="Kun her")
    assert len(await bc.rows("vendors")) == 1
    assert await bc.rows(f"{bc.root}/vendors?company={other}") == []
    assert len(await bc.rows(f"{bc.root}/vendors", Company=bc.known["company"])) == 1
    nameless = await bc.get(f"{bc.root}/vendors")
    assert (nameless.status, nameless.code) == (400, "BadRequest_RequiredParamNotProvided")
    unknown = await bc.get(f"{bc.root}/companies(00000000-0000-0000-0000-00000000000a)/vendors")
    assert (unknown.status, unknown.code) == (404, "Internal_CompanyNotFound")


async def test_credentials_hold_what_signs_in_an_app_a_person_and_the_availability_user(bc: Central) -> None:
    wanted = {
        "url",
        "authority",
        "tenant",
        "environment",
        "company_id",
        "company",
        "client_id",
        "client_secret",
        "username",
        "password",
        "availability_user",
        "availability_key",
    }
    assert wanted <= bc.known.keys() and all(bc.known[name] for name in wanted)


async def test_a_user_without_a_licence_is_refused(bc: Central) -> None:
    bc.token = await as_user(bc)
    await bc.config(user_license=False)
    assert (await bc.get("customers")).status == 401


async def test_an_app_of_the_tenant_that_business_central_does_not_know_is_refused(bc: Central) -> None:
    others = [app for app in bc.running.simulator.gate.directory.apps.values() if app.secret]  # type: ignore[attr-defined]
    bc.token = await bc.sign_in(client_id=others[1].client_id, client_secret=others[1].secret)
    assert (await bc.get("customers")).status == 401
