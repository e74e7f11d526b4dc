"""Who may call a simulated Dataverse, how often, and what a person, a test or an admin does beside the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from kobling_simulators import Clock, start
from kobling_simulators.entra.tokens import issue
from tests.simulators.dynamics import Dynamics, dynamics


@pytest.fixture
async def crm() -> AsyncIterator[Dynamics]:
    async with dynamics() as client:
        yield client


async def person(crm: Dynamics) -> str:
    return str((await crm.sign_in_as_person()).json["access_token"])


class TestSigningIn:
    """Tokens."""

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic eDp5"])
    async def test_without_a_token_the_challenge_tells_where_to_get_one(self, crm: Dynamics, header: str) -> None:
        crm.token = ""
        headers = {"Authorization": header} if header else {}
        answer = await crm.do("GET", "WhoAmI", **headers)
        assert answer.status == 401
        challenge = answer.headers["WWW-Authenticate"]
        authority = f"{crm.known['authority']}/{crm.known['tenant']}/oauth2/authorize"
        assert challenge == f"Bearer authorization_uri={authority}, resource_id={crm.running.url}/"

    async def test_a_token_for_another_organization_is_refused(self, crm: Dynamics) -> None:
        crm.token = (await crm.sign_in(scope="https://org2.crm4.dynamics.example/.default")).json["access_token"]
        assert (await crm.do("GET", "WhoAmI")).status == 401

    async def test_a_token_of_another_tenant_is_refused(self, crm: Dynamics) -> None:
        given_token = {
            "audience": crm.running.url,
            "tenant": crm.entra.credentials["other_tenant"],
            "app_id": crm.known["client_id"],
            "object_id": "x",
            "name": "",
            "now": crm.clock.now(),
            "token_id": "x",
        }
        crm.token = issue(1, kind="app", life=60, **given_token)
        assert (await crm.do("GET", "WhoAmI")).status == 401

    async def test_a_token_is_over_after_an_hour(self, crm: Dynamics) -> None:
        crm.clock.advance(3599)
        assert (await crm.do("GET", "WhoAmI")).status == 200
        crm.clock.advance(1)
        assert (await crm.do("GET", "WhoAmI")).status == 401

    async def test_revoking_ends_the_tokens_used_here_but_not_new_ones(self, crm: Dynamics) -> None:
        await crm.get("WhoAmI")
        assert await crm.control("POST", "/tokens/revoke") == {"revoked": 1}
        assert (await crm.do("GET", "WhoAmI")).status == 401
        crm.token = (await crm.sign_in()).json["access_token"]
        assert (await crm.do("GET", "WhoAmI")).status == 200

    async def test_a_fault_revokes_the_token_of_a_call(self, crm: Dynamics) -> None:
        await crm.control("POST", "/faults", {"kind": "token_revoked"})
        assert [(await crm.do("GET", "WhoAmI")).status for _ in range(2)] == [401, 401]

    async def test_an_app_needs_an_enabled_application_user(self, crm: Dynamics) -> None:
        for state, code in (("missing", "0x80072560"), ("disabled", "0x80040225")):
            await crm.config(app_user=state)
            assert (await crm.do("GET", "WhoAmI")).refused == (403, code)
        await crm.config(app_user="enabled")
        assert (await crm.do("GET", "WhoAmI")).status == 200

    async def test_a_person_acts_as_themselves_and_only_while_enabled(self, crm: Dynamics) -> None:
        mine = (await crm.get("WhoAmI"))["UserId"]
        crm.token = await person(crm)
        theirs = (await crm.get("WhoAmI"))["UserId"]
        assert theirs != mine
        await crm.control("PATCH", f"/records/systemusers/{theirs}", {"isdisabled": True})
        assert (await crm.do("GET", "WhoAmI")).refused == (403, "0x80040225")

    async def test_a_call_may_run_as_someone_else(self, crm: Dynamics) -> None:
        users = await crm.rows("systemusers?$filter=azureactivedirectoryobjectid ne null")
        other = users[0]
        header = {"CallerObjectId": other["azureactivedirectoryobjectid"]}
        assert (await crm.get("WhoAmI", **header))["UserId"] == other["systemuserid"]
        assert (await crm.do("GET", "WhoAmI", CallerObjectId="nobody")).status == 403
        await crm.config(impersonation=False)
        assert (await crm.do("GET", "WhoAmI", **header)).status == 403

    async def test_started_together_vendors_share_one_sign_in_service(self) -> None:
        clock = Clock()
        entra = await start("entra", clock=clock)
        crm = await start("dataverse", records=0, authority=entra)
        assert crm.companion is None
        assert crm.credentials["authority"] == entra.url
        assert crm.credentials["url"] == crm.url
        await crm.stop()
        await entra.stop()


class TestDiscovery:
    """Which organizations a person can reach."""

    PATH = "/api/discovery/v2.0/Instances"

    async def ask(self, crm: Dynamics, query: str = "") -> Any:
        return await crm.request("GET", f"{crm.running.url}{self.PATH}{query}")

    async def test_it_takes_tokens_of_people_only(self, crm: Dynamics) -> None:
        assert (await self.ask(crm)).status == 403
        crm.token = ""
        assert (await self.ask(crm)).status == 401

    @pytest.mark.parametrize("scope", ["{url}/user_impersonation", "https://globaldisco.crm.dynamics.com/.default"])
    async def test_it_lists_this_organization_first(self, crm: Dynamics, scope: str) -> None:
        await crm.config(organizations=3)
        crm.token = (await crm.sign_in_as_person(scope.format(url=crm.running.url))).json["access_token"]
        rows = (await self.ask(crm)).json["value"]
        assert len(rows) == 3
        assert (rows[0]["Url"], rows[0]["TenantId"]) == (crm.running.url, crm.known["tenant"])
        assert rows[0]["Id"] == crm.known["organization_id"]
        chosen = (
            await self.ask(crm, "?$select=FriendlyName,ApiUrl,Url,UniqueName,TenantId,State&$filter=Type eq 0")
        ).json
        assert set(chosen["value"][0]) == {"FriendlyName", "ApiUrl", "Url", "UniqueName", "TenantId", "State"}
        assert (await self.ask(crm, "?$select=Nothing")).status == 400
        assert (await self.ask(crm, "?$filter=Nothing eq 1")).status == 400

    async def test_it_lists_only_where_the_person_is_enabled(self, crm: Dynamics) -> None:
        user = (await crm.rows("systemusers?$filter=startswith(fullname,'Bodil')"))[0]["systemuserid"]
        await crm.control("PATCH", f"/records/systemusers/{user}", {"isdisabled": True})
        crm.token = await person(crm)
        assert (await self.ask(crm)).json["value"] == []


class TestPrivileges:
    """What roles allow."""

    async def test_a_missing_privilege_is_refused_verb_by_verb(self, crm: Dynamics) -> None:
        key = await crm.make("accounts", name="A")
        calls: dict[str, tuple[str, str, Any]] = {
            "read": ("GET", "accounts", None),
            "create": ("POST", "accounts", {"name": "B"}),
            "write": ("PATCH", f"accounts({key})", {"name": "B"}),
            "delete": ("DELETE", f"accounts({key})", None),
        }
        for verb, (method, path, body) in calls.items():
            await crm.config(missing_privileges={"account": [verb]})
            for other, (other_method, other_path, _) in calls.items():
                if other == verb:
                    assert (await crm.do(method, path, body)).refused == (403, "0x80040220")
                elif other == "read":
                    assert (await crm.do(other_method, other_path)).status == 200

    @pytest.mark.parametrize(
        "path", ["accounts/$count", "accounts({key})", "accounts({key})/name", "contacts({c})/parentcustomerid_account"]
    )
    async def test_reading_is_refused_by_every_way(self, crm: Dynamics, path: str) -> None:
        key = await crm.make("accounts", name="A")
        child = await crm.make("contacts", lastname="B", **{"parentcustomerid_account@odata.bind": f"/accounts({key})"})
        await crm.config(missing_privileges={"account": ["read"]})
        assert (await crm.do("GET", path.format(key=key, c=child))).status == 403

    async def test_users_are_made_and_changed_by_admins_only(self, crm: Dynamics) -> None:
        user = (await crm.rows("systemusers?$top=1"))[0]["systemuserid"]
        assert (await crm.do("POST", "systemusers", {"lastname": "x"})).status == 403
        assert (await crm.change("systemusers", user, mobilephone="1")).status == 403
        assert (await crm.do("DELETE", f"systemusers({user})")).status == 403


class TestProtection:
    """Service protection limits."""

    async def limit(self, crm: Dynamics, **numbers: Any) -> None:
        await crm.control("POST", "/limits", numbers)
        assert crm.control_status == 200

    async def test_requests_are_counted_in_a_sliding_window_per_user(self, crm: Dynamics) -> None:
        await self.limit(crm, requests=3)
        left = []
        for _ in range(3):
            answer = await crm.do("GET", "WhoAmI")
            left.append(answer.headers["x-ms-ratelimit-burst-remaining-xrm-requests"])
            crm.clock.advance(100)
        assert left == ["2", "1", "0"]
        await self.limit(crm, requests=2)
        for _ in range(2):
            assert (await crm.do("GET", "WhoAmI")).status == 200
            crm.clock.advance(10)
        refused = await crm.do("GET", "WhoAmI")
        assert refused.refused == (429, "0x80072322")
        wait = int(refused.headers["Retry-After"])
        other = {"Authorization": f"Bearer {await person(crm)}"}
        assert (await crm.do("GET", "WhoAmI", **other)).status == 200
        crm.clock.advance(wait)
        assert (await crm.do("GET", "WhoAmI")).status == 200
        assert (await crm.do("GET", "WhoAmI")).status == 429
        assert (await crm.control("GET", "/counters"))["refused_by_limit"] == 2

    async def test_execution_time_adds_up(self, crm: Dynamics) -> None:
        await self.limit(crm, seconds=0.3)
        rows = [{"@odata.type": "Microsoft.Dynamics.CRM.account", "name": "A"}] * 30
        answer = await crm.do("POST", "accounts/Microsoft.Dynamics.CRM.CreateMultiple", {"Targets": rows})
        assert (answer.status, answer.headers["x-ms-ratelimit-time-remaining-xrm-requests"]) == (200, "0.00")
        assert (await crm.do("GET", "WhoAmI")).refused == (429, "0x80072321")

    async def test_requests_at_once_are_counted_really(self, crm: Dynamics) -> None:
        await self.limit(crm, concurrent=2)
        await crm.control("POST", "/faults", {"kind": "hold_before", "times": 2})
        held = [asyncio.create_task(crm.do("GET", "WhoAmI")) for _ in range(2)]
        for _ in range(2_000):
            if (await crm.control("GET", "/faults"))["held"] == 2:
                break
        assert (await crm.do("GET", "WhoAmI")).refused == (429, "0x80072326")
        await crm.control("POST", "/faults/release")
        assert [(await one).status for one in held] == [200, 200]

    async def test_it_can_be_switched_off(self, crm: Dynamics) -> None:
        await self.limit(crm, requests=0)
        assert (await crm.do("GET", "WhoAmI")).status == 429
        await self.limit(crm, enabled=False)
        answer = await crm.do("GET", "WhoAmI")
        assert answer.status == 200
        assert "x-ms-ratelimit-burst-remaining-xrm-requests" not in answer.headers

    async def test_a_fault_speaks_the_vendors_words(self, crm: Dynamics) -> None:
        await crm.control("POST", "/faults", {"kind": "rate_limited", "retry_after": 9})
        answer = await crm.do("GET", "WhoAmI")
        assert answer.refused == (429, "0x80072322")
        assert answer.headers["Retry-After"] == "9"


class TestPeopleAndControl:
    """Screens and the control port."""

    async def test_a_person_creates_edits_and_deletes(self, crm: Dynamics) -> None:
        row = await crm.control("POST", "/records/accounts", {"name": "A"})
        key = row["accountid"]
        user = (await crm.get(f"accounts({key})?$expand=modifiedby($select=fullname)"))["modifiedby"]
        assert user["fullname"] == "Bodil Bogholder"
        assert (await crm.control("PATCH", f"/records/accounts/{key}", {"fax": "1"}))["fax"] == "1"
        await crm.control("PATCH", f"/records/accounts/{key}", {"nothing": "1"})
        assert crm.control_status == 409
        await crm.control("POST", "/records/accounts", {"name": 1})
        assert crm.control_status == 409
        await crm.control("DELETE", f"/records/accounts/{key}")
        assert {"accountid": key, "deleted": True} in await crm.control("GET", "/dump/accounts")
        await crm.control("DELETE", f"/records/accounts/{key}")
        assert crm.control_status == 404
        await crm.control("POST", "/records/nothing", {})
        assert crm.control_status == 404

    async def test_operations_are_counted_without_keys(self, crm: Dynamics) -> None:
        key = await crm.make("accounts", name="O'Br(ien")
        await crm.get(f"accounts({key})/name")
        await crm.do("GET", "accounts(accountnumber='a(b)')")
        counted = (await crm.control("GET", "/counters"))["by_operation"]
        assert counted == {"POST accounts": 1, "GET accounts/name": 1, "GET accounts": 1}

    async def test_a_solution_brings_its_columns_and_takes_them_away(self, crm: Dynamics) -> None:
        assert (await crm.do("GET", "accounts?$select=_bcbi_companyid_value")).status == 400
        assert (await crm.do("GET", "bcbi_companies")).status == 404
        await crm.config(business_central_solution=True)
        assert (await crm.do("GET", "accounts?$select=_bcbi_companyid_value")).status == 200
        assert (await crm.do("GET", "bcbi_companies")).status == 200
        assert (await crm.do("POST", "bcbi_companies", {"bcbi_name": "CRONUS"})).status == 204
        company = (await crm.rows("bcbi_companies"))[0]["bcbi_companyid"]
        await crm.make("accounts", name="A", **{"bcbi_CompanyId@odata.bind": f"/bcbi_companies({company})"})
        lower = {"name": "B", "bcbi_companyid@odata.bind": f"/bcbi_companies({company})"}
        assert (await crm.do("POST", "accounts", lower)).status == 400

    async def test_wrong_knobs_are_refused(self, crm: Dynamics) -> None:
        for path, body in (("/config", {"nothing": 1}), ("/config", {"page_maximum": "x"}), ("/limits", {"x": 1})):
            await crm.control("POST", path, body)
            assert crm.control_status == 400

    async def test_outside_the_service_root_there_is_nothing(self, crm: Dynamics) -> None:
        for path in ("/", "/api/data/v8.2/accounts", "/main.aspx"):
            assert (await crm.request("GET", crm.running.url + path)).status == 404
        assert (await crm.request("GET", f"{crm.running.url}/api/data/v9.0/WhoAmI")).status == 200
