"""What clients can ask a simulated Dataverse about its tables."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.simulators.dynamics import Dynamics, dynamics


@pytest.fixture
async def crm() -> AsyncIterator[Dynamics]:
    async with dynamics() as client:
        yield client


async def test_the_service_lists_its_sets(crm: Dynamics) -> None:
    sets = [row["name"] for row in (await crm.get(""))["value"]]
    assert {"accounts", "contacts", "salesorderdetails", "transactioncurrencies"} <= set(sets)


async def test_a_table_tells_its_names_and_columns(crm: Dynamics) -> None:
    chosen = "$select=EntitySetName,ChangeTrackingEnabled,IsOptimisticConcurrencyEnabled"
    table = await crm.get(f"EntityDefinitions(LogicalName='account')?{chosen}&$expand=Keys,Attributes")
    assert (table["EntitySetName"], table["ChangeTrackingEnabled"]) == ("accounts", True)
    columns = {row["LogicalName"]: row for row in table["Attributes"]}
    assert (columns["name"]["MaxLength"], columns["name"]["RequiredLevel"]["Value"]) == (160, "ApplicationRequired")
    assert columns["parentaccountid"]["Targets"] == ["account"]
    assert columns["createdon"]["IsValidForCreate"] is False
    assert table["Keys"] == []


async def test_columns_and_relationships_can_be_asked_for_by_kind(crm: Dynamics) -> None:
    base = "EntityDefinitions(LogicalName='contact')"
    rows = (await crm.get(f"{base}/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata"))["value"]
    assert {row["AttributeType"] for row in rows} == {"Picklist"}
    one = await crm.get(f"{base}/Attributes(LogicalName='birthdate')")
    assert one["Format"] == "DateOnly"
    path = f"{base}/ManyToOneRelationships?$select=ReferencingEntityNavigationPropertyName,ReferencedEntity"
    found = (await crm.get(f"{path}&$filter=ReferencingAttribute eq 'parentcustomerid'"))["value"]
    names = {row["ReferencingEntityNavigationPropertyName"] for row in found}
    assert names == {"parentcustomerid_account", "parentcustomerid_contact"}


async def test_tables_can_be_searched_by_logical_name(crm: Dynamics) -> None:
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


async def test_the_metadata_document_names_what_reads_and_writes_name(crm: Dynamics) -> None:
    text = (await crm.do("GET", "$metadata")).body.decode()
    for name in ("_primarycontactid_value", "parentcustomerid_account", "contact_customer_accounts"):
        assert f'Name="{name}"' in text
    assert "ChangeTracking" not in text
    assert "ChangeTracking" in (await crm.do("GET", "$metadata?annotations=true")).body.decode()


async def test_a_table_says_whether_changes_can_be_tracked_and_which_column_is_its_image(crm: Dynamics) -> None:
    names = "CanChangeTrackingBeEnabled,ChangeTrackingEnabled,PrimaryImageAttribute,PrimaryIdAttribute"
    chosen = f"$select={names},PrimaryNameAttribute,LogicalCollectionName,DisplayName"
    table = await crm.get(f"EntityDefinitions(LogicalName='contact')?{chosen}")
    assert table["CanChangeTrackingBeEnabled"]["Value"] is True
    assert (table["PrimaryImageAttribute"], table["PrimaryIdAttribute"]) == ("entityimage", "contactid")
    assert (table["PrimaryNameAttribute"], table["LogicalCollectionName"]) == ("fullname", "contacts")
    assert table["DisplayName"]["UserLocalizedLabel"]["Label"] == "Contact"


async def test_a_list_of_tables_expands_what_hangs_on_each(crm: Dynamics) -> None:
    inner = "Attributes($select=LogicalName;$filter=IsPrimaryId eq true),ManyToManyRelationships($select=SchemaName)"
    path = f"EntityDefinitions?$select=LogicalName&$filter=LogicalName eq 'systemuser'&$expand={inner}"
    (table,) = (await crm.get(path))["value"]
    assert [row["LogicalName"] for row in table["Attributes"]] == ["systemuserid"]
    assert [row["SchemaName"] for row in table["ManyToManyRelationships"]] == ["systemuserroles_association"]


async def test_both_ends_of_a_relationship_tell_of_it(crm: Dynamics) -> None:
    many = "EntityDefinitions(LogicalName='account')/OneToManyRelationships?$filter=ReferencingEntity eq 'contact'"
    found = {row["SchemaName"]: row for row in (await crm.get(many))["value"]}
    one = found["contact_customer_accounts"]
    assert one["ReferencedEntityNavigationPropertyName"] == "contact_customer_accounts"
    same = await crm.get("RelationshipDefinitions(SchemaName='contact_customer_accounts')")
    assert same["MetadataId"] == one["MetadataId"]
    cast = "RelationshipDefinitions/Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata?$select=SchemaName"
    assert [row["SchemaName"] for row in (await crm.get(cast))["value"]] == ["systemuserroles_association"]


async def test_the_choices_of_a_column_come_when_it_is_cast_and_they_are_expanded(crm: Dynamics) -> None:
    column = "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='accountcategorycode')"
    cast = f"{column}/Microsoft.Dynamics.CRM.PicklistAttributeMetadata"
    assert "OptionSet" not in await crm.get(f"{cast}?$select=LogicalName")
    told = await crm.get(f"{cast}?$select=LogicalName&$expand=OptionSet($select=Options),GlobalOptionSet")
    assert told["OptionSet"]["Options"][0]["Label"]["UserLocalizedLabel"]["Label"]
    assert told["GlobalOptionSet"] is None
    wrong = await crm.do("GET", f"{column}/Microsoft.Dynamics.CRM.MoneyAttributeMetadata")
    assert wrong.status == 404


async def test_message_filters_expand_their_message(crm: Dynamics) -> None:
    path = "sdkmessagefilters?$select=sdkmessagefilterid&$expand=sdkmessageid($select=name)"
    rows = (await crm.get(f"{path}&$filter=primaryobjecttypecode eq 'account'"))["value"]
    assert {row["sdkmessageid"]["name"] for row in rows} >= {"CreateMultiple", "UpdateMultiple"}


async def test_publishers_solutions_and_shared_choices_can_be_asked_for(crm: Dynamics) -> None:
    assert [row["customizationprefix"] for row in (await crm.get("publishers"))["value"]] == ["new"]
    assert [row["uniquename"] for row in (await crm.get("solutions"))["value"]] == ["Default"]
    assert (await crm.get("GlobalOptionSetDefinitions?$select=Name"))["value"] == []
