"""Generated expenses end in the ledger to the øre, once, whatever breaks on the way.

What is wanted is worked out here from Pleo's own records, by none of Kobling's code.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from tests.story.expenses import PAIR, Expenses

pytestmark = pytest.mark.story
CENT = Decimal("0.01")
RATES = {"MOMS25": Decimal(25), "MOMS0": Decimal(0), None: Decimal(0)}
FOREIGN = (("EUR", "7.46"), ("SEK", "0.6512"), ("JPY", "0.0473"), ("ISK", "0.0509"))
ACCOUNTS = ("4010", "4030", "4040", "4050", "4080")
KINDS: tuple[tuple[str, str | None, str], ...] = (
    ("CARD_PURCHASE", "IN_STORE", "5840"),
    ("CARD_PURCHASE", "ONLINE", "5840"),
    ("OUT_OF_POCKET", None, "5910"),
    ("MILEAGE", None, "5910"),
    ("WALLET", "FEE", "5840"),
    ("WALLET", "LOAD", "5840"),
    ("REIMBURSEMENT", "REIMBURSEMENT_TO_EMPLOYEE", "5840"),
)
CONTRA = {(family, sub): contra for family, sub, contra in KINDS}
KILLS = ("observed:2", "planned:2", "journaled:1", "answered:1", "answered:2", "recorded:1", "bookmarked:1")
LOST = (
    ("central", "POST $batch"),
    ("central", "POST attachments"),
    ("central", "PATCH attachments"),
    ("central", "POST Microsoft.NAV.post"),
    ("pleo", "POST export-job-items"),
    ("pleo", "POST export-job-event"),
)


def wish(source: random.Random) -> dict[str, Any]:
    """Somebody's expense: split, foreign, refunded, a fee, nothing at all, or just odd."""
    family, sub, _ = source.choice(KINDS)
    amount = source.choice((0, 1, 3, 199, 10_001, 99_995, 123_456, source.randrange(1, 500_000)))
    made: dict[str, Any] = {"family": family, "subFamily": sub, "amount": amount, "days": source.randrange(1, 40)}
    if family == "CARD_PURCHASE":
        made["amount"] = -amount if source.random() < 0.2 else amount
        if source.random() < 0.3:
            made["currency"], made["rate"] = source.choice(FOREIGN)
    if family in ("WALLET", "REIMBURSEMENT") and sub != "FEE":
        return {**made, "category": None}
    parts = source.choice((1, 1, 2, 3, 4)) if abs(made["amount"]) > 10 else 1
    if parts == 1:
        return {**made, **coded(source)}
    cuts = sorted(source.sample(range(1, abs(made["amount"])), parts - 1))
    sizes = [after - before for before, after in zip([0, *cuts], [*cuts, abs(made["amount"])], strict=True)]
    sign = -1 if made["amount"] < 0 else 1
    made["split"] = [{"amount": sign * size, **coded(source)} for size in sizes]
    return {**made, "category": ACCOUNTS[0]}


def coded(source: random.Random) -> dict[str, Any]:
    return {"category": source.choice(ACCOUNTS), "tax": source.choice(("MOMS25", "MOMS0", None))}


def whole(entry: dict[str, Any]) -> Decimal:
    """What the wallet paid, in kroner."""
    return Decimal(entry["transactionWalletValue"]["minors"]) / 100


def contra(entry: dict[str, Any]) -> str:
    return CONTRA[entry["family"], entry["subFamily"]]


class Books:
    """What Business Central holds of each voucher: posted or in the journal."""

    def __init__(self, world: Expenses, *, posted: bool) -> None:
        self.posted = posted
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for each in world.dump(world.central, "generalLedgerEntries" if posted else "journalLines"):
            self.rows[each["documentNumber"]].append(each)

    def sums(self, number: str) -> dict[str, Decimal]:
        """Account → debit less credit, VAT apart where it is posted."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for each in self.rows[number]:
            if self.posted:
                found[each["accountNumber"]] += Decimal(str(each["debitAmount"])) - Decimal(str(each["creditAmount"]))
            else:
                found[each["accountNumber"]] += Decimal(str(each["amount"]))
                found[each["balancingAccountNumber"]] -= Decimal(str(each["amount"]))
        return {account: amount for account, amount in found.items() if amount}


def lines_of(entry: dict[str, Any], world: Expenses) -> list[tuple[str | None, str | None, Decimal, bool]]:
    """Account, VAT code, kroner of each line; the last says whether the kroner are exact (no currency, no share)."""
    accounts = {each["id"]: each["code"] for each in world.dump(world.pleo, "accounts")}
    taxes = {each["id"]: each["code"] for each in world.dump(world.pleo, "tax-codes")}
    parts = entry["splitItems"] or [entry]
    total = sum(each["transactionValue"]["minors"] for each in parts)
    found = []
    for each in parts:
        share = whole(entry) * each["transactionValue"]["minors"] / total if total else whole(entry)
        exact = entry["transactionValue"]["currency"] == "DKK" or len(parts) == 1
        account, tax = accounts.get(each["accountId"]), taxes.get(each["taxCodeId"])
        found.append((account, tax, share if not exact else share.quantize(CENT), exact))
    return found


def vat_of(amount: Decimal, code: str | None) -> Decimal:
    rate = RATES[code]
    return (amount * rate / (100 + rate)).quantize(CENT, ROUND_HALF_UP)


def expected(entry: dict[str, Any], world: Expenses, *, posted: bool) -> tuple[dict[str, Decimal], Decimal]:
    """Account → kroner of a voucher, and by how much an account may differ (shares of another currency)."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    slack = Decimal(0)
    into_wallet = -1 if entry["subFamily"] == "LOAD" else 1
    for code, tax, amount, exact in lines_of(entry, world):
        slack += Decimal(0) if exact else Decimal("0.02")
        vat = vat_of(amount, tax) if posted else Decimal(0)
        found[code or "5910"] += (amount - vat) * into_wallet
        found["5510"] += vat * into_wallet
    found[contra(entry)] -= whole(entry) * into_wallet
    return {account: amount for account, amount in found.items() if amount}, slack


def prove(world: Expenses, *, posted: bool) -> int:
    """Every successful expense is one balanced voucher of its amounts, and nothing else is in the books."""
    books = Books(world, posted=posted)
    told = world.items()
    entries = {each["id"]: each for each in world.dump(world.pleo, "entries")}
    for key, item in told.items():
        entry = entries[key]
        number = entry["reconciliationId"]
        if item["status"] != "successful":
            assert item["failureReason"], "whoever is refused is told why"
            assert not books.rows.get(number), f"{number} was refused and is in the books"
            continue
        sums = books.sums(number)
        wanted, slack = expected(entry, world, posted=posted)
        assert sum(sums.values()) == 0, f"{number} does not balance: {sums}"
        assert sums.get(contra(entry), Decimal(0)) == wanted.get(contra(entry), Decimal(0)), number
        for account in wanted.keys() | sums.keys():
            assert abs(sums.get(account, Decimal(0)) - wanted.get(account, Decimal(0))) <= slack, (number, sums, wanted)
    known = {entries[key]["reconciliationId"] for key in told}
    assert set(books.rows) <= known, "nothing is booked that nobody exported"
    return sum(each["status"] == "successful" for each in told.values())


def month(world: Expenses, seed: int, number: int) -> dict[str, Any]:
    """A month of expenses, exported together."""
    source = random.Random(seed)
    entries = [world.spend(receipts=source.choice((1, 1, 2)), **wish(source)) for _ in range(number)]
    return world.export(*entries)


def until_told(world: Expenses, job: dict[str, Any]) -> None:
    """Run as often as a schedule would."""
    for _ in range(4):
        world.sync()
        if world.job(job)["status"].startswith("completed"):
            return
    raise AssertionError(f"the job stays {world.job(job)['status']}")


@pytest.mark.parametrize("moment", KILLS)
def test_drafts_are_right_to_the_oere_after_a_kill(taught: Expenses, moment: str) -> None:
    job = month(taught, KILLS.index(moment), 24)
    taught.kobling("sync", PAIR, expect=None, KOBLING_CRASH_AT=moment)
    until_told(taught, job)
    assert prove(taught, posted=False) >= 18
    receipts = Counter(each["parentId"] for each in taught.dump(taught.central, "attachments") if each["byteSize"])
    lines = taught.lines()
    assert {each["id"] for each in lines} == set(receipts), "every line has its receipts"


@pytest.mark.parametrize(("system", "operation"), LOST)
def test_the_ledger_is_right_to_the_oere_after_a_lost_answer(taught: Expenses, system: str, operation: str) -> None:
    taught.kobling("pair", "set", PAIR, "posting=posted")
    job = month(taught, 100 + LOST.index((system, operation)), 16)
    vendor = getattr(taught, system)
    taught.fault(vendor, kind="applied_then_dropped", match={"operation": operation})
    until_told(taught, job)
    assert prove(taught, posted=True) >= 12
    told = taught.kobling("verify", PAIR, "--json", expect=None)
    entries = {each["id"]: each for each in taught.dump(taught.pleo, "entries")}
    held = {key for key, each in taught.items().items() if each["status"] == "failed"}
    assert {whole(entries[each]) for each in held} <= {Decimal(0)}, "only an expense of nothing cannot be posted"
    differ = {(each["kind"], each["title"]) for each in told["differences"] if each["kind"] != "question"}
    assert differ == {("missing", entries[each]["reconciliationId"]) for each in held}
    assert taught.lines() == [], "nothing of what is held stays behind"
