"""Writing to Simply CRM: what is kept, what is cut, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from kobling_simulators.vendor import PersonRefused
from tests.simulators.crm import Crm, error, result, signed_in


@pytest.fixture
def crm() -> Crm:
    return signed_in()


def test_record_numbers_come_from_one_sequence_and_series_from_their_own(crm: Crm) -> None:
    made = [crm.create("Accounts", accountname="A"), crm.create("Contacts", lastname="B")]
    made.append(crm.create("Accounts", accountname="C"))
    assert [one["id"] for one in made] == ["11x2", "12x3", "11x4"]
    assert [made[0]["account_no"], made[1]["contact_no"], made[2]["account_no"]] == ["ACC1", "CON1", "ACC2"]


def test_emoji_become_question_marks_unless_the_database_can_hold_them(crm: Crm) -> None:
    made = crm.create("Contacts", lastname="Bøgh 😀")
    assert (made["lastname"], made["label"]) == ("Bøgh ????", "B&oslash;gh ????")
    crm.simulator.configure({"utf8mb3": False})
    assert crm.create("Contacts", lastname="Bøgh 😀")["lastname"] == "Bøgh 😀"


@pytest.mark.parametrize(
    ("field", "length"), [("accountname", 100), ("bill_city", 30), ("bill_code", 30), ("phone", 30), ("cf_851", 40)]
)
def test_too_long_texts_are_cut_without_a_word(crm: Crm, field: str, length: int) -> None:
    made = crm.create("Accounts", **{"accountname": "A", field: "x" * 300})
    assert made[field] == "x" * length


def test_a_strict_database_refuses_too_long_texts(crm: Crm) -> None:
    crm.simulator.configure({"strict_lengths": True})
    element = {"lastname": "x" * 81, "assigned_user_id": "19x1"}
    assert error(crm.signed("create", elementType="Contacts", element=element))[0] == "DATABASE_QUERY_ERROR"


def test_a_name_in_use_is_a_duplicate_whatever_its_case_until_its_owner_is_deleted(crm: Crm) -> None:
    first = crm.create("Accounts", accountname="Bøgh & Søn ApS")
    element = {"accountname": "BØGH & SØN APS ", "assigned_user_id": "19x1"}
    code, message = error(crm.signed("create", elementType="Accounts", element=element))
    assert (code, message) == (0, "Duplicate(s) detected!")
    assert isinstance(code, int)
    crm.signed("delete", id=first["id"])
    assert crm.create("Accounts", accountname="Bøgh & Søn ApS")["id"] != first["id"]


def test_a_record_is_no_duplicate_of_itself(crm: Crm) -> None:
    made = crm.create("Accounts", accountname="A")
    assert crm.revise(id=made["id"], accountname="a")["accountname"] == "a"


def test_every_save_moves_modifiedtime_and_keeps_createdtime(crm: Crm) -> None:
    made = crm.create("Contacts", lastname="Bøgh")
    crm.clock.advance(75)
    saved = crm.revise(id=made["id"], title="Chef")
    assert (saved["createdtime"], saved["modifiedtime"]) == ("2026-11-22 21:30:00", "2026-11-22 21:31:15")


def test_times_are_those_of_the_servers_zone() -> None:
    crm = signed_in(time_zone="Europe/Copenhagen")
    assert crm.create("Contacts", lastname="Bøgh")["modifiedtime"] == "2026-11-22 22:30:00"


def test_a_stale_update_wins_silently(crm: Crm) -> None:
    made = crm.create("Contacts", lastname="Bøgh", title="Chef")
    crm.revise(id=made["id"], title="Direktør")
    stale = {name: made[name] for name in ("id", "lastname", "assigned_user_id", "title", "modifiedtime")}
    assert result(crm.signed("update", element=stale))["title"] == "Chef"


def test_a_mandatory_field_cannot_be_cleared(crm: Crm) -> None:
    made = crm.create("Contacts", lastname="Bøgh")
    refusal = error(crm.signed("revise", element={"id": made["id"], "lastname": ""}))
    assert refusal == ("MANDATORY_FIELDS_MISSING", "lastname does not have a value")


@pytest.mark.parametrize("element", ["", "{", "[]", '"x"'])
def test_bad_json_reads_as_nothing(crm: Crm, element: str) -> None:
    reply = crm.post("create", sessionName=crm.session, elementType="Contacts", element=element)
    assert error(reply)[0] == "MANDATORY_FIELDS_MISSING"


def test_an_owner_must_be_a_user_or_group_that_exists(crm: Crm) -> None:
    assert crm.create("Contacts", lastname="A", assigned_user_id="20x2")["assigned_user_id"] == "20x2"
    element = {"lastname": "A", "assigned_user_id": "19x99"}
    assert error(crm.signed("create", elementType="Contacts", element=element))[0] == "ACCESS_DENIED"


def test_a_reference_to_a_deleted_record_reads_null(crm: Crm) -> None:
    account = crm.create("Accounts", accountname="A")["id"]
    contact = crm.create("Contacts", lastname="B", account_id=account)["id"]
    crm.signed("delete", id=account)
    assert result(crm.signed("retrieve", id=contact))["account_id"] is None


@pytest.mark.parametrize("module", ["Users", "Currency", "Tax", "Nope", "Campaigns"])
def test_set_up_modules_and_unknown_ones_take_no_records(crm: Crm, module: str) -> None:
    assert error(crm.signed("create", elementType=module, element={"lastname": "A"}))[0] == "ACCESS_DENIED"


@pytest.mark.parametrize("given", [True, 1, "on", "yes"])
def test_json_values_become_what_php_makes_of_them(crm: Crm, given: Any) -> None:
    made = crm.create("Products", productname="P", discontinued=given, unit_price=12.5, reorderlevel=None)
    assert (made["discontinued"], made["unit_price"], made["reorderlevel"]) == ("1", "12.50000000", "0")


def test_custom_fields_are_only_named_by_describe(crm: Crm) -> None:
    fields = result(crm.signed("describe", elementType="Accounts"))["fields"]
    labels = {one["label"]: one["name"] for one in fields if one["name"].startswith("cf_")}
    assert labels == {"CVR": "cf_851", "EAN": "cf_853"}
    made = crm.create("Accounts", accountname="A", cf_851="12345674")
    assert crm.query("select id from Accounts where cf_851='12345674';") == [{"id": made["id"]}]


def test_an_installation_can_be_without_custom_fields() -> None:
    crm = signed_in(custom_fields=[])
    fields = result(crm.signed("describe", elementType="Accounts"))["fields"]
    assert not [one for one in fields if one["name"].startswith("cf_")]
    assert "cf_851" not in crm.create("Accounts", accountname="A", cf_851="12345674")


def test_the_installation_is_danish(crm: Crm) -> None:
    taxes = crm.query("select taxlabel,percentage from Tax;")
    assert taxes[0] == {"id": "34x1", "taxlabel": "Moms", "percentage": "25.000"}
    base = crm.query("select currency_code,conversion_rate from Currency where defaultid='-11';")
    assert base == [{"id": "21x1", "currency_code": "DKK", "conversion_rate": "1.00000"}]
    assert {row["currency_code"] for row in crm.query("select * from Currency;")} == {"DKK", "EUR", "SEK"}
    assert crm.query("select * from CompanyDetails;")[0]["country"] == "Danmark"
    assert len(crm.query("select * from Groups;")) == 2


def test_related_records_are_found_by_reference_and_by_link(crm: Crm) -> None:
    account = crm.create("Accounts", accountname="A")["id"]
    contact = crm.create("Contacts", lastname="B", account_id=account)["id"]
    product = crm.create("Products", productname="P")["id"]
    assert "Contacts" in result(crm.signed("relatedtypes", elementType="Accounts"))["types"]
    related = {"id": account, "relatedLabel": "Contacts"}
    assert [row["id"] for row in result(crm.signed("retrieve_related", relatedType="Contacts", **related))] == [contact]
    assert result(crm.signed("query_related", query="select id from Contacts", **related)) == [{"id": contact}]
    crm.clock.advance(5)
    link = {"sourceRecordId": account, "relatedRecordId": product, "relationIdLabel": "Products"}
    assert result(crm.signed("add_related", **link)) == {"message": "successfull"}
    found = result(crm.signed("retrieve_related", id=account, relatedType="Products", relatedLabel="Products"))
    assert [row["id"] for row in found] == [product]
    assert result(crm.signed("retrieve", id=account))["modifiedtime"] == "2026-11-22 21:30:05"


def test_a_person_edits_obeying_the_same_rules(crm: Crm) -> None:
    made = crm.simulator.create_as_person("Accounts", {"accountname": "A"})
    assert (made["source"], made["assigned_user_id"]) == ("CRM", "19x5")
    crm.clock.advance(60)
    edited = crm.simulator.edit_as_person("Accounts", made["id"].partition("x")[2], {"phone": "1"})
    assert edited["modifiedtime"] == "2026-11-22 21:31:00"
    with pytest.raises(PersonRefused, match="Duplicate"):
        crm.simulator.create_as_person("Accounts", {"accountname": "a"})
    crm.simulator.delete_as_person("Accounts", made["id"])
    with pytest.raises(KeyError):
        crm.simulator.edit_as_person("Accounts", made["id"], {"phone": "2"})
    assert crm.simulator.dump("Accounts")[0]["deleted"]


class TestSync:
    """The repaired `sync` operation."""

    @pytest.fixture
    def crm(self) -> Crm:
        return signed_in(sync="works")

    def sync(self, crm: Crm, since: float, **more: str) -> dict[str, Any]:
        return result(crm.signed("sync", modifiedTime=str(int(since)), elementType="Contacts", **more))

    def test_the_first_100_come_with_everything_tied_to_the_last(self, crm: Crm) -> None:
        for number in range(130):
            crm.clock.advance(number <= 97)
            crm.create("Contacts", lastname=f"N{number}")
        crm.clock.advance(1)
        last = crm.create("Contacts", lastname="Last")
        first = self.sync(crm, 946684800)
        assert len(first["updated"]) == 130
        assert first["more"] is True
        second = self.sync(crm, first["lastModifiedTime"])
        assert [row["id"] for row in second["updated"]] == [last["id"]]
        assert second["more"] is False

    def test_a_change_in_the_second_of_the_cursor_is_lost(self, crm: Crm) -> None:
        crm.create("Contacts", lastname="Seen")
        cursor = self.sync(crm, 946684800)["lastModifiedTime"]
        crm.create("Contacts", lastname="Lost")
        assert self.sync(crm, cursor)["updated"] == []
        assert len(self.sync(crm, cursor - 1)["updated"]) == 2

    def test_deleted_records_are_named(self, crm: Crm) -> None:
        made = crm.create("Contacts", lastname="A")
        cursor = crm.clock.now()
        crm.clock.advance(2)
        crm.signed("delete", id=made["id"])
        answer = self.sync(crm, cursor)
        assert (answer["deleted"], answer["updated"]) == ([made["id"]], [])

    def test_only_the_users_own_records_come_and_all_only_to_admins(self, crm: Crm) -> None:
        crm.create("Contacts", lastname="A")
        crm.create("Contacts", lastname="B", assigned_user_id="19x5")
        assert len(self.sync(crm, 946684800)["updated"]) == 1
        assert len(self.sync(crm, 946684800, syncType="application")["updated"]) == 2
        crm.login("saelger")
        assert [row["lastname"] for row in self.sync(crm, 946684800)["updated"]] == ["B"]
        given = {"modifiedTime": "946684800", "elementType": "Contacts", "syncType": "application"}
        assert error(crm.signed("sync", **given))[0] == "ACCESS_DENIED"

    def test_an_untyped_sync_crashes(self, crm: Crm) -> None:
        assert crm.signed("sync", modifiedTime="946684800").status == 500
