"""Who may call a simulated Dataverse, how often, and what a person, a test or an admin does beside the API."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kobling.simulators
from kobling.simulators import Clock, build, start
from kobling.simulators.dataverse.facts import schema
from kobling.simulators.entra.tokens import issue
from kobling.simulators.wire import Call, from_json, to_json
from tests.simulators.dynamics import Dynamics, dynamics

MARK = re.compile(r"Fidelity: (known|inferred|assumed) (dataverse|business_central) §\d+(\.\d+)? – \S.*")


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


class TestMetadata:
    """What clients can ask about tables."""

    async def test_the_service_lists_its_sets(self, crm: Dynamics) -> None:
        sets = [row["name"] for row in (await crm.get(""))["value"]]
        assert {"accounts", "contacts", "salesorderdetails", "transactioncurrencies"} <= set(sets)

    async def test_a_table_tells_its_names_and_columns(self, crm: Dynamics) -> None:
        chosen = "$select=EntitySetName,ChangeTrackingEnabled,IsOptimisticConcurrencyEnabled"
        table = await crm.get(f"EntityDefinitions(LogicalName='account')?{chosen}&$expand=Keys,Attributes")
        assert (table["EntitySetName"], table["ChangeTrackingEnabled"]) == ("accounts", True)
        columns = {row["LogicalName"]: row for row in table["Attributes"]}
        assert (columns["name"]["MaxLength"], columns["name"]["RequiredLevel"]["Value"]) == (160, "ApplicationRequired")
        assert columns["parentaccountid"]["Targets"] == ["account"]
        assert columns["createdon"]["IsValidForCreate"] is False
        assert table["Keys"] == []

    async def test_columns_and_relationships_can_be_asked_for_by_kind(self, crm: Dynamics) -> None:
        base = "EntityDefinitions(LogicalName='contact')"
        rows = (await crm.get(f"{base}/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata"))["value"]
        assert {row["AttributeType"] for row in rows} == {"Picklist"}
        one = await crm.get(f"{base}/Attributes(LogicalName='birthdate')")
        assert one["Format"] == "DateOnly"
        path = f"{base}/ManyToOneRelationships?$select=ReferencingEntityNavigationPropertyName,ReferencedEntity"
        found = (await crm.get(f"{path}&$filter=ReferencingAttribute eq 'parentcustomerid'"))["value"]
        names = {row["ReferencingEntityNavigationPropertyName"] for row in found}
        assert names == {"parentcustomerid_account", "parentcustomerid_contact"}

    async def test_tables_can_be_searched_by_logical_name(self, crm: Dynamics) -> None:
        path = "EntityDefinitions?$select=EntitySetName&$filter=LogicalName eq 'transactioncurrency'"
        assert [row["EntitySetName"] for row in (await crm.get(path))["value"]] == ["transactioncurrencies"]
        for wrong in (
            "(LogicalName='nothing')",
            "(LogicalName='account')/Nothing",
            "(LogicalName='account')/Attributes(LogicalName='x')",
        ):
            assert (await crm.do("GET", f"EntityDefinitions{wrong}")).status == 404
        assert (await crm.do("GET", "EntityDefinitions?$select=Nothing")).status == 400
        assert (await crm.do("GET", "EntityDefinitions?$filter=Nothing eq 1")).status == 400

    async def test_the_metadata_document_names_what_reads_and_writes_name(self, crm: Dynamics) -> None:
        text = (await crm.do("GET", "$metadata")).body.decode()
        for name in ("_primarycontactid_value", "parentcustomerid_account", "contact_customer_accounts"):
            assert f'Name="{name}"' in text
        assert "ChangeTracking" not in text
        assert "ChangeTracking" in (await crm.do("GET", "$metadata?annotations=true")).body.decode()


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.decimals(allow_nan=False, allow_infinity=False, places=3),
    st.text(max_size=20),
    st.sampled_from(["2026-11-22", "9999-12-31T23:59:59Z", "0f0e9d8c-1111-4222-8333-444455556666"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=1),
)


class Direct:
    """A Dataverse without a socket, for many calls."""

    def __init__(self) -> None:
        self.simulator: Any = build("dataverse", clock=Clock(), seed=1, records=20)
        self.simulator.set_limits({"enabled": False})
        self.simulator.configure({"business_central_solution": True, "read_only_columns": "ignore"})
        who = self.simulator.gate.directory
        self.token = issue(
            1,
            audience="http://localhost",
            tenant=who.tenant,
            kind="app",
            app_id=who.app.client_id,
            object_id="x",
            name="",
            now=self.simulator.clock.now(),
            life=10_000,
            token_id="x",
        )

    def do(self, method: str, path: str, body: Any = None, query: dict[str, str] | None = None) -> int:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = b"" if body is None else to_json(body)
        reply = self.simulator.answer(Call(method, f"/api/data/v9.2/{path}", query or {}, headers, data))
        from_json(reply.body or b"null")
        return int(reply.status)


DIRECT = Direct()


@pytest.mark.parametrize("entity_set", list(schema(True).sets))
def test_any_body_is_taken_or_refused(entity_set: str) -> None:
    table = schema(True).sets[entity_set]
    bound = [f"{name}@odata.bind" for name in table.singles]
    names = st.sampled_from([*table.by_read_name, *table.singles, *table.collections, *bound, "@odata.type", "x@y"])

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.dictionaries(names, values, max_size=6))
    def sent(body: dict[str, Any]) -> None:
        assert DIRECT.do("POST", entity_set, body) in (204, 400, 403, 404, 412)
        row = next(iter(DIRECT.simulator._store.shelves[table.logical].rows), "")
        assert DIRECT.do("PATCH", f"{entity_set}({row})", body) in (204, 400, 403, 404, 412)

    sent()


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["$filter", "$select", "$orderby", "$expand", "$top", "$count", "$skiptoken", "$deltatoken"]),
        st.text(max_size=30) | st.sampled_from(["name", "name desc", "primarycontactid", "contains(name,'a')", "true"]),
    )
)
def test_any_question_is_answered_or_refused(query: dict[str, str]) -> None:
    assert DIRECT.do("GET", "accounts", None, query) in (200, 400)
    assert DIRECT.do("GET", "EntityDefinitions", None, query) in (200, 400)


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=40) | st.lists(st.sampled_from(["accounts", "(", ")", "/", "'", "name", "$ref", "="])).map("".join)
)
def test_any_address_is_answered_or_refused(path: str) -> None:
    for method in ("GET", "DELETE"):
        assert DIRECT.do(method, path) in (200, 204, 400, 404, 405)


def test_every_fidelity_mark_can_be_collected() -> None:
    folder = Path(kobling.simulators.__file__).parent
    marks = [
        line.strip().strip('"').rstrip()
        for vendor in ("dataverse", "entra")
        for path in (folder / vendor).glob("*.py")
        for line in path.read_text().splitlines()
        if "Fidelity:" in line
    ]
    assert len(marks) > 60
    assert [mark for mark in marks if not MARK.fullmatch(mark)] == []
