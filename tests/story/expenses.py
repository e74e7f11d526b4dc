"""Pleo and Business Central on one stage."""

from __future__ import annotations

import shutil
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.story.dynamics import entra_settings
from tests.story.stage import Stage, arguments_of

PAIR = "pleo-business-central"
OPTIONS = ("contra_card=5840", "contra_pocket=5910", "contra_reimbursement=5840", "transfers_account=5910")


class Expenses(Stage):
    """One test's world; use as a context manager."""

    def __init__(self, folder: Path, *, records: int = 0) -> None:
        super().__init__(folder, ["pleo", "business_central"], records=records)

    def __enter__(self) -> Expenses:
        super().__enter__()
        self.pleo, self.central = self["pleo"], self["business_central"]
        self.without_limits()
        return self

    def without_limits(self) -> None:
        """Let no vendor count requests."""
        for system in (self.pleo, self.central):
            self.control(system, "POST", "limits", {"enabled": False})

    def pleo_settings(self) -> dict[str, str]:
        """The company's own key."""
        return {"api_key": self.pleo.credentials["api_key"], "base_url": self.pleo.url, "requests_per_window": "0"}

    def central_settings(self, **more: str) -> dict[str, str]:
        """The application's sign-in, and the journal."""
        given = self.central.credentials
        place = {name: given[name] for name in ("environment", "company")} | {"base_url": self.central.url}
        journal = {"journal_template": "STANDARD", "journal_batch": "DAGLIG"}
        return {**entra_settings(self.central), **place, **journal, **more}

    def set_up(self, *options: str, **central: str) -> None:
        """Connect both systems and make the pair."""
        self.script(
            (["connect", "pleo", *arguments_of(self.pleo_settings())], 0),
            (["connect", "business_central", *arguments_of(self.central_settings(**central))], 0),
            (["pair", "create", PAIR, *OPTIONS, *options], 0),
        )

    def reset(self, template: Path) -> None:
        """Begin anew."""
        for system in (self.pleo, self.central):
            self.control(system, "DELETE", "faults")
            self.control(system, "POST", "faults/release")
            self.control(system, "POST", "reset", {})
        self.without_limits()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(template, self.folder)

    def dump(self, system: Any, entity: str) -> list[dict[str, Any]]:
        """What exists of a kind."""
        found: list[dict[str, Any]] = self.control(system, "GET", f"dump/{entity}")
        return [each for each in found if not each.get("deleted")]

    def sync(self) -> dict[str, Any]:
        """One run of the pair."""
        found: dict[str, Any] = self.kobling("sync", PAIR, "--json", expect=None)
        return found

    def spend(self, **wish: Any) -> dict[str, Any]:
        """Somebody pays with the card (or as wished), with a receipt and a category."""
        told = {"category": "4010", "receipts": 1, "supplier": "DSB", "amount": 12_345, **wish}
        found: dict[str, Any] = self.control(self.pleo, "POST", "records/entries", told)
        return found

    def export(self, *entries: dict[str, Any]) -> dict[str, Any]:
        """A person in Pleo exports some entries, or all that wait."""
        wanted = {"entries": [each["id"] for each in entries]} if entries else {}
        found: dict[str, Any] = self.control(self.pleo, "POST", "records/export-jobs", wanted)
        return found

    def job(self, job: dict[str, Any]) -> dict[str, Any]:
        """How the job stands now."""
        return next(each for each in self.dump(self.pleo, "export-jobs") if each["id"] == job["id"])

    def items(self) -> dict[str, dict[str, Any]]:
        """Results by entry; the newest job's last."""
        return {each["accountingEntryId"]: each for each in self.dump(self.pleo, "export-job-items")}

    def lines(self, number: str = "") -> list[dict[str, Any]]:
        """Journal lines, all or of one voucher."""
        found = self.dump(self.central, "journalLines")
        return [each for each in found if not number or each["documentNumber"] == number]


def amounts(lines: list[dict[str, Any]]) -> list[Decimal]:
    return [Decimal(str(each["amount"])) for each in lines]


def ledger(world: Expenses, number: str) -> dict[str, Decimal]:
    """Account → debit less credit of a posted voucher."""
    found: Counter[str] = Counter()
    for each in world.dump(world.central, "generalLedgerEntries"):
        if each["documentNumber"] == number:
            found[each["accountNumber"]] += Decimal(str(each["debitAmount"])) - Decimal(str(each["creditAmount"]))  # type: ignore[assignment]
    return dict(found)  # type: ignore[arg-type]
