"""Vouchers in Business Central's general journals: as drafts, posted alone, with their files, found again."""

from dataclasses import replace
from decimal import Decimal

import pytest

from kobling.connectors.business_central.connector import CONNECTOR
from kobling.records import AlreadyThere, NotOffered, NotThere, Refused, Unsafe
from kobling.sdk.conformance_rig import ControlPort, send
from kobling.sdk.outcomes import Unknown
from kobling.sdk.protocols import Operation, Write
from kobling_simulators import start

PDF = b"%PDF-1.4 receipt"
LINES = [
    {
        "accountNumber": "4010",
        "amount": Decimal("100.01"),
        "description": "Brugsen Ørsted - Åse",
        "balancingAccountNumber": "5840",
        "taxCode": "MOMS25",
        "dimensions": {"AFDELING": "SALG"},
    },
    {"accountNumber": "4030", "amount": Decimal("99.99"), "balancingAccountNumber": "5840"},
]


@pytest.fixture
async def central():
    running = await start("business_central", records=5)
    yield running
    await running.stop()


@pytest.fixture
async def control(central, session):
    ask = ControlPort(session, central.control_url).ask
    await ask("POST", "/limits", {"enabled": False})
    return ask


@pytest.fixture
def vouchers(central, opened, control):
    def vouchers(**more):
        given = central.credentials
        names = ("tenant", "client_id", "client_secret", "authority", "environment", "company", "company_id")
        settings = {name: given[name] for name in names} | {"sign_in": "app", "base_url": central.url}
        settings |= {"journal_template": "STANDARD", "journal_batch": "STANDARD", **more}
        return opened(CONNECTOR, settings).resources["vouchers"]

    return vouchers


async def load(file):
    return PDF


def create(number="PLEO-000001", key="k", **more):
    fields = {"documentNumber": number, "externalDocumentNumber": f"X{number}", "postingDate": "2026-11-02"}
    fields |= {"lines": LINES, "files": [{"name": "kvittering.pdf", "size": len(PDF)}], **more}
    return Write(key, Operation.CREATE, fields, load=load)


def post(number="PLEO-000001"):
    return Write("p", Operation.UPDATE, {"status": "posted"}, number)


async def one(resource, write):
    (outcome,) = await send(resource, write)
    return outcome


async def test_the_batches_there_are(control):
    rows = await control("GET", "/dump/journals")
    assert {"STANDARD", "LØN"} <= {row["templateDisplayName"] for row in rows}


async def test_a_draft_is_read_back_with_lines_files_and_totals(vouchers):
    record = (await one(vouchers(), create())).record
    fields = record.fields
    assert (record.external_id, fields["status"]) == ("PLEO-000001", "draft")
    assert (fields["total"], fields["balanced"]) == (Decimal("200.00"), Decimal("200.00"))
    assert [line["amount"] for line in fields["lines"]] == [Decimal("100.01"), Decimal("99.99")]
    assert fields["lines"][0]["dimensions"] == {"AFDELING": "SALG"}
    assert fields["files"] == [{"name": "kvittering.pdf", "size": len(PDF)}]
    assert [each.external_id for each in (await vouchers().read(None)).records] == ["PLEO-000001"]


async def test_a_wrong_line_leaves_nothing_behind(vouchers, control):
    wrong = [LINES[0], {**LINES[1], "accountNumber": "9999"}]
    outcome = await one(vouchers(), create(lines=wrong))
    assert isinstance(outcome.error, Refused)
    assert await control("GET", "/dump/journalLines") == []


async def test_without_its_files_a_voucher_does_not_stay(vouchers, control):
    async def lost(file):
        raise Refused("The receipt could not be fetched.")

    outcome = await one(vouchers(), replace(create(), load=lost))
    assert isinstance(outcome.error, Refused)
    assert await control("GET", "/dump/journalLines") == []


@pytest.mark.parametrize("operation", ["POST $batch", "POST attachments", "PATCH attachments"])
async def test_a_lost_answer_is_found_and_completed_and_never_booked_twice(vouchers, control, operation):
    await control("POST", "/faults", {"kind": "applied_then_dropped", "match": {"operation": operation}})
    outcome = await one(vouchers(), create())
    if outcome.error is not None:
        assert isinstance(outcome, Unknown)
        found = await vouchers().find_created(create())
        assert found is not None
    rows = await control("GET", "/dump/journalLines")
    assert len(rows) == 2
    assert (await vouchers().get("PLEO-000001")).fields["files"][0]["size"] == len(PDF)


async def test_a_number_that_is_taken_is_not_used_again(vouchers):
    await one(vouchers(), create())
    again = await one(vouchers(), create(key="other", externalDocumentNumber="somebody else"))
    assert isinstance(again.error, AlreadyThere)
    with pytest.raises(Unsafe):
        await vouchers().find_created(create(externalDocumentNumber="somebody else"))


async def test_a_voucher_is_posted_alone_and_found_in_the_ledger(vouchers, control):
    await one(vouchers(), create("DRAFT-1", key="d"))
    await one(vouchers(), create(own_journal=True))
    record = (await one(vouchers(), post())).record
    assert record.fields["status"] == "posted"
    assert record.fields["total"] == record.fields["balanced"] == Decimal("200.00")
    assert record.fields["files"][0]["name"] == "kvittering.pdf"
    left = await control("GET", "/dump/journalLines")
    assert {row["documentNumber"] for row in left} == {"DRAFT-1"}, "what lies beside it is not posted"
    journals = await control("GET", "/dump/journals")
    assert not [row for row in journals if row["code"].startswith("KB")], "its own batch is gone"
    assert (await one(vouchers(), post())).record.fields["status"] == "posted", "asked again it is found posted"


async def test_what_is_posted_by_hand_is_found_by_its_number(vouchers, control, central):
    await one(vouchers(), create())
    batch = next(
        row
        for row in await control("GET", "/dump/journals")
        if (row["templateDisplayName"], row["code"]) == ("STANDARD", "STANDARD")
    )
    await vouchers().journals.post(batch)
    assert (await vouchers().get("PLEO-000001")).fields["status"] == "posted"


async def test_a_draft_among_others_is_not_posted(vouchers):
    await one(vouchers(), create())
    outcome = await one(vouchers(), post())
    assert outcome.error is not None
    assert outcome.error.code == "draft_among_others"


async def test_a_voucher_is_never_changed(vouchers):
    await one(vouchers(), create())
    outcome = await one(vouchers(), Write("u", Operation.UPDATE, {"postingDate": "2026-11-03"}, "PLEO-000001"))
    assert outcome.error.code == "voucher_fixed"


async def test_a_closed_period_refuses_the_posting_and_keeps_the_draft(vouchers, control):
    await one(vouchers(), create(own_journal=True))
    await control("POST", "/config", {"allow_posting_from": "2026-12-01"})
    outcome = await one(vouchers(), post())
    assert isinstance(outcome.error, Refused)
    assert (await vouchers().get("PLEO-000001")).fields["status"] == "draft"


async def test_the_digital_voucher_rule_is_kept(vouchers, control):
    await control("POST", "/config", {"digital_voucher": True})
    await one(vouchers(), create(own_journal=True))
    assert (await one(vouchers(), post())).record.fields["status"] == "posted"


async def test_the_template_is_chosen_by_name_though_another_comes_first(vouchers, control):
    await control("POST", "/config", {"templates": ["AFSTEMNING"]})
    record = (await one(vouchers(), create(own_journal=True))).record
    assert record is not None
    used = {row["templateDisplayName"] for row in await control("GET", "/dump/journals") if row["code"][:2] == "KB"}
    assert used == {"STANDARD"}


async def test_a_template_without_batches_says_what_to_rename(vouchers, control):
    await control("POST", "/config", {"templates": ["PLEO"]})
    with pytest.raises(NotOffered) as caught:
        await vouchers(journal_template="PLEO", journal_batch="PLEO").journals.chosen()
    assert caught.value.code == "template_trap"
    assert "APLEO" in str(caught.value)


async def test_a_batch_that_does_not_exist_is_told_with_those_that_do(vouchers):
    with pytest.raises(NotOffered) as caught:
        await vouchers(journal_batch="NIX").journals.chosen()
    assert caught.value.code == "no_batch"
    assert "STANDARD" in str(caught.value)


async def test_a_voucher_that_is_not_there_is_named(vouchers):
    with pytest.raises(NotThere):
        await vouchers().get("NIX-1")
