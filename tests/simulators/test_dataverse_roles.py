"""Security roles and choices of a simulated Dataverse, as an administrator sets them up."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.simulators.dynamics import Dynamics, dynamics


@pytest.fixture
async def crm() -> AsyncIterator[Dynamics]:
    async with dynamics() as client:
        yield client


class TestRoles:
    """Security roles: an application user that needs one, and giving it."""

    async def without_role(self, crm: Dynamics) -> tuple[str, str]:
        """The application user's id and the administrator's token."""
        user = str((await crm.get("WhoAmI"))["UserId"])
        await crm.config(app_user_roles="needed")
        secret = {"client_id": crm.known["admin_client_id"], "client_secret": crm.known["admin_client_secret"]}
        admin = (await crm.sign_in(**secret)).json["access_token"]
        return user, str(admin)

    async def role(self, crm: Dynamics, *kinds: str) -> str:
        """A new role that allows some things with accounts."""
        unit = (await crm.get("WhoAmI"))["BusinessUnitId"]
        bound = {"businessunitid@odata.bind": f"/businessunits({unit})"}
        role = await crm.make("roles", name="Kobling", **bound)
        table = await crm.get("EntityDefinitions(LogicalName='account')?$select=Privileges")
        wanted = [
            {"PrivilegeId": each["PrivilegeId"], "Depth": "Global"}
            for each in table["Privileges"]
            if each["PrivilegeType"] in kinds
        ]
        answer = await crm.do("POST", f"roles({role})/Microsoft.Dynamics.CRM.AddPrivilegesRole", {"Privileges": wanted})
        assert answer.status == 204, answer.body
        return role

    async def give(self, crm: Dynamics, user: str, role: str) -> int:
        body = {"@odata.id": f"{crm.root}roles({role})"}
        return (await crm.do("POST", f"systemusers({user})/systemuserroles_association/$ref", body)).status

    async def test_without_a_role_nothing_is_read(self, crm: Dynamics) -> None:
        await self.without_role(crm)
        assert (await crm.do("GET", "accounts")).refused == (403, "0x80042f09")

    async def test_a_role_allows_what_its_privileges_say_and_no_more(self, crm: Dynamics) -> None:
        user, crm.token = await self.without_role(crm)
        assert await self.give(crm, user, await self.role(crm, "Read")) == 204
        crm.token = (await crm.sign_in()).json["access_token"]
        assert (await crm.do("GET", "accounts")).status == 200
        assert (await crm.do("POST", "accounts", {"name": "Ny"})).refused == (403, "0x80040220")
        assert (await crm.do("GET", "contacts")).refused == (403, "0x80040220")

    async def test_a_role_is_listed_and_taken_away_again(self, crm: Dynamics) -> None:
        user, crm.token = await self.without_role(crm)
        role = await self.role(crm, "Read")
        await self.give(crm, user, role)
        path = f"systemusers({user})/systemuserroles_association"
        assert [each["name"] for each in (await crm.get(path))["value"]] == ["Kobling"]
        assert (await crm.do("DELETE", f"{path}({role})/$ref")).status == 204
        assert (await crm.get(path))["value"] == []

    async def test_only_an_administrator_gives_roles(self, crm: Dynamics) -> None:
        user, _ = await self.without_role(crm)
        roles = await crm.control("GET", "/dump/roles")
        assert await self.give(crm, user, roles[0]["roleid"]) == 403

    async def test_a_privilege_that_does_not_exist_is_refused(self, crm: Dynamics) -> None:
        _, crm.token = await self.without_role(crm)
        role = await self.role(crm, "Read")
        wanted = [{"PrivilegeId": role, "Depth": "Global"}]
        answer = await crm.do("POST", f"roles({role})/Microsoft.Dynamics.CRM.AddPrivilegesRole", {"Privileges": wanted})
        assert answer.status == 400


class TestAddingChoices:
    """Options that an administrator adds."""

    BODY = {
        "EntityLogicalName": "account",
        "AttributeLogicalName": "paymenttermscode",
        "Label": {"LocalizedLabels": [{"Label": "30 dage", "LanguageCode": 1030}]},
    }
    ASKED = (
        "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='paymenttermscode')"
        "/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet($select=Options)"
    )

    async def labels(self, crm: Dynamics) -> list[str]:
        options = (await crm.get(self.ASKED))["OptionSet"]["Options"]
        return [each["Label"]["UserLocalizedLabel"]["Label"] for each in options]

    async def as_admin(self, crm: Dynamics) -> None:
        secret = {"client_id": crm.known["admin_client_id"], "client_secret": crm.known["admin_client_secret"]}
        crm.token = (await crm.sign_in(**secret)).json["access_token"]

    async def test_an_option_is_shown_after_it_was_published(self, crm: Dynamics) -> None:
        await self.as_admin(crm)
        answer = await crm.do("POST", "InsertOptionValue", self.BODY)
        assert answer.status == 200, answer.body
        assert "30 dage" not in await self.labels(crm)
        xml = "<importexportxml><entities><entity>account</entity></entities></importexportxml>"
        assert (await crm.do("POST", "PublishXml", {"ParameterXml": xml})).status == 204
        assert "30 dage" in await self.labels(crm)
        await crm.make("accounts", name="Kunde", paymenttermscode=answer.json["NewOptionValue"])

    async def test_whoever_may_not_customize_is_refused(self, crm: Dynamics) -> None:
        assert (await crm.do("POST", "InsertOptionValue", self.BODY)).status == 403

    async def test_a_value_is_given_once(self, crm: Dynamics) -> None:
        await self.as_admin(crm)
        body = {**self.BODY, "Value": 727600001}
        assert (await crm.do("POST", "InsertOptionValue", body)).json["NewOptionValue"] == 727600001
        assert (await crm.do("POST", "InsertOptionValue", body)).status == 400

    async def test_a_column_that_is_no_choice_takes_no_option(self, crm: Dynamics) -> None:
        await self.as_admin(crm)
        assert (await crm.do("POST", "InsertOptionValue", {**self.BODY, "AttributeLogicalName": "name"})).status == 400
