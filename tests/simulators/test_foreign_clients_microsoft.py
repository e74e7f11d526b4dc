"""Whole journeys in the order in which clients that others wrote ask the simulated Microsoft services."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from yarl import URL

from kobling_simulators.wire import from_json, to_json
from tests.simulators.central import AUDIENCE, Central, central
from tests.simulators.dynamics import Dynamics, bodies, dynamics, statuses
from tests.simulators.signing_in import RESOURCE, Entra, signing_in

CRLF = "\r\n"


@pytest.fixture
async def crm() -> AsyncIterator[Dynamics]:
    async with dynamics() as client:
        yield client


@pytest.fixture
async def bc() -> AsyncIterator[Central]:
    async with central() as client:
        yield client


@pytest.fixture
async def entra() -> AsyncIterator[Entra]:
    async with signing_in() as client:
        yield client


class TestDataverse:
    """Clients of the Web API."""

    async def test_an_sdk_looks_tables_up_writes_in_bulk_and_in_a_change_set(self, crm: Dynamics) -> None:
        token = (await crm.sign_in(scope=f"{crm.running.url}/.default")).json["access_token"]
        crm.token = token
        chosen = "$select=LogicalName,EntitySetName,PrimaryIdAttribute"
        (table,) = (await crm.get(f"EntityDefinitions?{chosen}&$filter=LogicalName eq 'account'"))["value"]
        entity_set, key = table["EntitySetName"], table["PrimaryIdAttribute"]
        told = {"@odata.type": "Microsoft.Dynamics.CRM.account"}
        many = {"Targets": [{"name": f"Kunde {at}", **told} for at in range(5)]}
        made = await crm.do("POST", f"{entity_set}/Microsoft.Dynamics.CRM.CreateMultiple", many)
        assert len(made.json["Ids"]) == 5
        found: list[dict[str, Any]] = []
        place = f"{entity_set}?$select=name"
        while place:
            page = await crm.get(place, Prefer="odata.maxpagesize=2")
            found += page["value"]
            place = page.get("@odata.nextLink", "")
        assert {row[key] for row in found} == set(made.json["Ids"])
        query = {"EntityName": "account", "Criteria": {"Conditions": [_in(key, made.json["Ids"][:2])]}}
        job = await crm.do("POST", "BulkDelete", {"JobName": "x", "QuerySet": [query]})
        assert job.json["JobId"]
        assert len(await crm.rows(f"{entity_set}?$select=name")) == 3

    async def test_a_change_set_of_an_sdk_refers_to_what_it_makes(self, crm: Dynamics) -> None:
        parts = (
            _part(1, f"POST {crm.root}accounts", {"name": "Ny"}),
            _part(2, f"POST {crm.root}contacts", {"lastname": "Bo", "parentcustomerid_account@odata.bind": "$1"}),
            _part(3, "PATCH $1", {"telephone1": "5"}, "If-Match: *"),
        )
        body = _batch(parts, f"GET {crm.root}EntityDefinitions?$select=LogicalName&$filter=LogicalName eq 'account'")
        answer = await crm.do("POST", "$batch", body, Content_Type="multipart/mixed; boundary=batch_a")
        assert (answer.status, statuses(answer)) == (200, [204, 204, 204, 200])
        assert bodies(answer)[-1]["value"][0]["LogicalName"] == "account"
        failed = _batch((_part(1, "POST accounts", {"nothing": 1}),), "GET accounts")
        answer = await crm.do("POST", "$batch", failed, Content_Type="multipart/mixed; boundary=batch_a")
        assert (answer.status, statuses(answer)) == (400, [400])
        prefer = "odata.continue-on-error"
        answer = await crm.do("POST", "$batch", failed, Content_Type="multipart/mixed; boundary=batch_a", Prefer=prefer)
        assert (answer.status, statuses(answer)) == (200, [400, 200])

    async def test_a_wrapper_asks_for_keys_messages_and_relationships_first(self, crm: Dynamics) -> None:
        base = "EntityDefinitions(LogicalName='account')"
        names = "EntitySetName,PrimaryIdAttribute,PrimaryImageAttribute"
        table = await crm.get(f"{base}?$select={names}")
        assert (table["EntitySetName"], table["PrimaryImageAttribute"]) == ("accounts", "entityimage")
        assert (await crm.get(f"{base}/Keys?$select=SchemaName,KeyAttributes"))["value"] == []
        kinds = "(sdkmessageid/name eq 'CreateMultiple' or sdkmessageid/name eq 'UpdateMultiple')"
        where = f"{kinds} and primaryobjecttypecode eq 'account'"
        path = f"sdkmessagefilters?$select=sdkmessagefilterid&$expand=sdkmessageid($select=name)&$filter={where}"
        found = {row["sdkmessageid"]["name"] for row in (await crm.get(path))["value"]}
        assert found == {"CreateMultiple", "UpdateMultiple"}
        for kind in ("OneToManyRelationships", "ManyToOneRelationships"):
            rows = (await crm.get(f"{base}/{kind}"))["value"]
            assert all(row["ReferencingEntityNavigationPropertyName"] for row in rows)
        body = "\n".join(
            [
                *("--batch_1", "Content-Type: application/http", "Content-Transfer-Encoding: binary", ""),
                *(f"POST {crm.root}accounts HTTP/1.1", "Content-Type: application/json; type=entry", ""),
                *('{"name": "Linje"}', "", "--batch_1--", ""),
            ]
        ).encode()
        answer = await crm.do("POST", "$batch", body, Content_Type='multipart/mixed; boundary="batch_1"')
        assert (answer.status, statuses(answer)) == (200, [204])

    async def test_a_script_library_fetches_associates_and_reads_choices(self, crm: Dynamics) -> None:
        account, person = await crm.make("accounts", name="A"), await crm.make("contacts", lastname="Bo")
        link = {"@odata.id": f"{crm.root}contacts({person})"}
        assert (await crm.do("POST", f"accounts({account})/contact_customer_accounts/$ref", link)).status == 204
        text = (
            "<fetch mapping='logical' count='10'><entity name='contact'><attribute name='lastname'/><link-entity "
            "name='account' from='accountid' to='parentcustomerid' alias='a'><attribute name='name'/></link-entity>"
            "</entity></fetch>"
        )
        (row,) = (await crm.get(f"contacts?fetchXml={quote(text)}"))["value"]
        assert (row["lastname"], row["a.name"]) == ("Bo", "A")
        kind = "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata"
        assert (await crm.get(f"RelationshipDefinitions/{kind}?$select=SchemaName"))["value"]
        column = "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='industrycode')"
        told = await crm.get(f"{column}/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$expand=OptionSet")
        assert told["OptionSet"]["OptionSetType"] == "Picklist"

    async def test_an_older_wrapper_signs_in_by_name_and_speaks_version_nine_zero(self, crm: Dynamics) -> None:
        known = crm.known
        form = {
            "grant_type": "password",
            "client_id": known["public_client_id"],
            "resource": f"{crm.running.url}/",
            "username": known["username"],
            "password": known["password"],
        }
        async with crm.http.post(f"{known['authority']}/{known['tenant']}/oauth2/token", data=form) as answer:
            crm.token = from_json(await answer.read())["access_token"]
        root = crm.root.replace("v9.2", "v9.0")
        formatted = "odata.include-annotations=OData.Community.Display.V1.FormattedValue"
        assert (await crm.get(f"{root}WhoAmI", Prefer=formatted))["UserId"]
        made = await crm.do("POST", f"{root}contacts", {"lastname": "Bo"}, Prefer=formatted)
        assert made.headers["OData-EntityId"].startswith(f"{root}contacts(")


def _in(key: str, ids: list[str]) -> dict[str, Any]:
    values = [{"Value": one, "Type": "System.Guid"} for one in ids]
    return {"AttributeName": key, "Operator": "In", "Values": values}


def _part(content_id: int, request: str, body: dict[str, Any], *headers: str) -> str:
    head = ["Content-Type: application/http", "Content-Transfer-Encoding: binary", f"Content-ID: {content_id}", ""]
    inner = [f"{request} HTTP/1.1", "Content-Type: application/json; type=entry", *headers, "", to_json(body).decode()]
    return CRLF.join(["--changeset_a", *head, *inner])


def _batch(parts: tuple[str, ...], read: str) -> bytes:
    """A change set and a read after it, as libraries write them."""
    nested = ["--batch_a", "Content-Type: multipart/mixed; boundary=changeset_a", "", *parts, "--changeset_a--", ""]
    head = ["--batch_a", "Content-Type: application/http", "Content-Transfer-Encoding: binary", ""]
    return CRLF.join(
        [*nested, *head, f"{read} HTTP/1.1", "Accept: application/json", "", "", "--batch_a--", ""]
    ).encode()


class TestBusinessCentral:
    """Clients of API v2.0 and of published pages."""

    async def signed_in(self, bc: Central) -> None:
        """As a hosted service does: by code, and from then on by refresh tokens."""
        known = bc.known
        base = f"{known['authority']}/organizations/oauth2/v2.0"
        ask = {"client_id": known["client_id"], "redirect_uri": "http://localhost:9/b", "response_type": "code"}
        ask |= {"scope": f"{AUDIENCE}/.default offline_access", "auto": "1"}
        async with bc.http.get(f"{base}/authorize", params=ask, allow_redirects=False) as answer:
            code = URL(answer.headers["Location"]).query["code"]
        app = {"client_id": known["client_id"], "client_secret": known["client_secret"]}
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": ask["redirect_uri"], **app}
        async with bc.http.post(f"{base}/token", data=form) as answer:
            refresh = from_json(await answer.read())["refresh_token"]
        form = {"grant_type": "refresh_token", "refresh_token": refresh, **app}
        async with bc.http.post(f"{base}/token?resource={AUDIENCE}", data=form) as answer:
            bc.token = from_json(await answer.read())["access_token"]

    async def test_an_expense_service_finds_its_company_and_hands_invoices_over(self, bc: Central) -> None:
        await self.signed_in(bc)
        (place,) = await bc.rows("/environments/v1.1")
        root = f"/v2.0/{place['name']}/api/v2.0"
        company = (await bc.rows(f"{root}/companies"))[0]["id"]
        base = f"{root}/companies({company})"
        assert int((await bc.get(f"{base}/accounts/$count")).content) > 10
        dimension = (await bc.rows(f"{base}/dimensions"))[0]
        assert await bc.rows(f"{base}/dimensions({dimension['id']})/dimensionValues")
        vendor = await bc.make(f"{base}/vendors", displayName="Kro")
        invoice = await bc.make(f"{base}/purchaseInvoices", vendorId=vendor["id"], vendorInvoiceNumber="7")
        cost = (await bc.rows(f"{base}/accounts?$filter=number eq '4010'"))[0]["id"]
        parts = [
            {
                "method": "POST",
                "url": f"purchaseInvoices({invoice['id']})/purchaseInvoiceLines",
                "headers": {"Content-Type": "application/json"},
                "body": {"lineType": "Account", "accountId": cost, "quantity": 1, "unitCost": amount},
            }
            for amount in (100, 200)
        ]
        path = f"{root}/$batch?company={company}"
        answer = await bc.raw("POST", path, {"requests": parts}, Isolation="snapshot")
        assert [one["status"] for one in answer.json["responses"]] == [201, 201]
        values = {"parentId": invoice["id"], "parentType": "Purchase Invoice", "fileName": "bilag.pdf"}
        file = await bc.make(f"{base}/attachments", **values)
        content = f"{base}/attachments({file['id']})/attachmentContent"
        answer = await bc.raw("PATCH", content, b"%PDF", Content_Type="application/pdf", If_Match="*")
        assert answer.status == 204

    async def test_a_command_line_tool_reads_pages_and_writes_with_etags(self, bc: Central) -> None:
        (place,) = await bc.rows("/admin/v2.1/applications/businesscentral/environments")
        root = f"/v2.0/{place['name']}/api/v2.0"
        name = quote(bc.known["company"])
        company = (await bc.rows(f"{root}/companies?$filter=name eq '{name}'"))[0]["id"]
        base = f"{root}/companies({company})"
        assert (await bc.get(f"{root}/$metadata")).headers["Content-Type"].startswith("application/xml")
        for at in range(3):
            await bc.make(f"{base}/customers", displayName=f"Kunde {at}")
        found = await bc.all(f"{base}/customers?$select=number,displayName&$filter=blocked eq ' '", 2)
        assert [row["displayName"] for row in found] == ["Kunde 0", "Kunde 1", "Kunde 2"]
        row = (await bc.get(f"{base}/customers?$top=1")).rows[0]
        path = f"{base}/customers({row['id']})"
        changed = await bc.patch(path, {"displayName": "Ny"}, match=row["@odata.etag"])
        assert (changed.status, changed.json["displayName"]) == (200, "Ny")
        stale = await bc.patch(path, {"displayName": "Gammel"}, match=row["@odata.etag"])
        assert (stale.status, stale.code) == (409, "Request_EntityChanged")
        assert (await bc.delete(path)).status == 204

    async def test_a_report_reads_published_pages_on_premises_with_a_key(self, bc: Central) -> None:
        await bc.config(hosting="on_premises", extensions="odata")
        known = bc.known
        pair = base64.b64encode(f"{known['availability_user']}:{known['availability_key']}".encode()).decode()
        root = f"/{known['server_instance']}/ODataV4"
        path = f"{root}/Company('{quote(known['company'])}')//Resources?$format=json"
        answer = await bc.get(path, Authorization=f"Basic {pair}", Accept="application/json;odata.metadata=none")
        assert answer.status == 200
        assert isinstance(answer.rows, list)


class TestEntra:
    """Libraries that fetch tokens."""

    async def test_a_library_discovers_the_service_and_keeps_an_account(self, entra: Entra) -> None:
        username = entra.known["username"]
        base = f"{entra.running.url}/{entra.tenant}"
        query = {"api-version": "1.1", "authorization_endpoint": f"{base}/oauth2/v2.0/authorize"}
        async with entra.http.get(f"{entra.running.url}/common/discovery/instance", params=query) as answer:
            discovery = from_json(await answer.read())["tenant_discovery_endpoint"]
        async with entra.http.get(discovery) as answer:
            endpoint = from_json(await answer.read())["token_endpoint"]
        realm = f"{entra.running.url}/common/userrealm/{username}?api-version=1.0"
        async with entra.http.get(realm) as answer:
            assert from_json(await answer.read())["account_type"] == "Managed"
        form = {"client_id": entra.known["public_client_id"], "client_info": "1", "grant_type": "password"}
        form |= {"username": username, "password": entra.known["password"]}
        form["scope"] = f"{RESOURCE}/.default offline_access openid profile"
        async with entra.http.post(endpoint, data=form) as answer:
            told = from_json(await answer.read())
        assert told["client_info"]
        again = {"client_id": form["client_id"], "grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
        async with entra.http.post(endpoint, data={**again, "scope": form["scope"], "client_info": "1"}) as answer:
            assert from_json(await answer.read())["access_token"]

    async def test_an_older_library_gets_a_token_for_a_resource(self, entra: Entra) -> None:
        async with entra.http.get(entra.at(".well-known/openid-configuration")) as answer:
            endpoint = from_json(await answer.read())["token_endpoint"]
        form = {"grant_type": "client_credentials", "resource": RESOURCE, "client_id": entra.known["client_id"]}
        async with entra.http.post(
            f"{endpoint}?api-version=1.0", data={**form, "client_secret": entra.known["client_secret"]}
        ) as answer:
            told = from_json(await answer.read())
        assert int(told["expires_on"]) - int(told["not_before"]) == int(told["expires_in"])
