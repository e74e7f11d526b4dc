"""How Business Central answers clients that others wrote: batches, addresses, content, an API's description."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from tests.simulators.central import Central, central
from tests.simulators.test_business_central_sign_in import as_user

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


@pytest.fixture
async def bc() -> AsyncIterator[Central]:
    async with central() as client:
        yield client


async def test_parts_of_a_batch_inherit_its_company(bc: Central) -> None:
    parts = [{"id": "1", "method": "POST", "url": "vendors", "body": {"displayName": "Leverandør"}}]
    path = f"{bc.root}/$batch?company={bc.known['company_id']}"
    answer = await bc.raw("POST", path, {"requests": parts}, Isolation="snapshot")
    assert [one["status"] for one in answer.json["responses"]] == [201]
    assert [row["displayName"] for row in await bc.rows("vendors")] == ["Leverandør"]


async def test_a_part_that_names_a_company_keeps_it(bc: Central) -> None:
    other = bc.known["other_company_id"]
    parts = [
        {"id": "1", "method": "POST", "url": f"vendors?company={other}", "body": {"displayName": "A"}},
        {"id": "2", "method": "POST", "url": f"companies({other})/vendors", "body": {"displayName": "B"}},
    ]
    path = f"{bc.root}/$batch?company={bc.known['company_id']}"
    answer = await bc.raw("POST", path, {"requests": parts})
    assert [one["status"] for one in answer.json["responses"]] == [201, 201]
    assert await bc.rows("vendors") == []


async def test_without_any_company_a_part_is_refused_and_the_batch_is_not(bc: Central) -> None:
    (one,) = await bc.batch({"id": "1", "method": "GET", "url": "vendors"})
    assert (one["status"], one["body"]["error"]["code"]) == (400, "BadRequest_RequiredParamNotProvided")


async def test_the_older_list_of_environments_still_answers(bc: Central) -> None:
    bc.token = await as_user(bc)
    assert await bc.rows("/environments/v1.1") == await bc.rows("/environments/v1.2")


async def test_an_app_may_ask_the_admin_centre(bc: Central) -> None:
    (row,) = await bc.rows("/admin/v2.1/applications/businesscentral/environments")
    assert (row["name"], row["status"]) == ("Production", "Active")


@pytest.mark.parametrize("kind", ["application/pdf", "image/jpeg", "application/octet-stream", None])
async def test_content_is_taken_with_any_content_type(bc: Central, kind: str | None) -> None:
    customer = await bc.make("customers", displayName="A")
    made = await bc.make("documentAttachments", parentType="Customer", parentId=customer["id"], fileName="a.pdf")
    path = f"documentAttachments({made['id']})/attachmentContent"
    assert (await bc.raw("PATCH", path, b"%PDF", Content_Type=kind, If_Match="*")).status == 204
    assert (await bc.get(path)).content == b"%PDF"


async def test_two_slashes_are_as_good_as_one(bc: Central) -> None:
    await bc.config(extensions="odata")
    root = bc.root.replace("/api/v2.0", "/ODataV4")
    company = quote(bc.known["company"])
    once = await bc.get(f"{root}/Company('{company}')/Resources?$top=1")
    twice = await bc.get(f"{root}/Company('{company}')//Resources?$top=1")
    assert (once.status, twice.status) == (200, 200)
    assert twice.rows == once.rows


async def test_a_custom_api_lists_companies_in_what_it_says_of_itself(bc: Central) -> None:
    await bc.config(extensions="api")
    root = bc.root.replace("/api/v2.0", "/api/kobling/masterdata/v1.0")
    told = ElementTree.fromstring((await bc.get(f"{root}/$metadata")).content)
    sets = {one.get("Name"): one.get("EntityType") for one in told.iter(f"{EDM}EntitySet")}
    assert sets["companies"] == "Microsoft.NAV.company"
    kind = next(one for one in told.iter(f"{EDM}EntityType") if one.get("Name") == "company")
    assert "resource" in str([one.get("Type") for one in kind.iter(f"{EDM}NavigationProperty")])
    assert "companies" in [row["name"] for row in await bc.rows(root)]
    assert (await bc.get(f"{root}/companies")).status == 200


async def test_a_delete_without_if_match_is_refused(bc: Central) -> None:
    customer = await bc.make("customers", displayName="A")
    refused = await bc.delete(f"customers({customer['id']})", match=None)
    assert (refused.status, refused.code) == (400, "BadRequest_InvalidToken")


async def test_links_lead_to_the_public_address_when_there_is_one(bc: Central) -> None:
    for name in ("A", "B"):
        await bc.make("customers", displayName=name)
    public = "https://api.businesscentral.dynamics.com"
    headers = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "api.businesscentral.dynamics.com"}
    page = await bc.get("customers", Prefer="odata.maxpagesize=1", **headers)
    assert page.json["@odata.nextLink"].startswith(f"{public}/v2.0/")
    await bc.config(public_url=public)
    page = await bc.get("customers", Prefer="odata.maxpagesize=1")
    assert page.json["@odata.nextLink"].startswith(f"{public}/v2.0/")
