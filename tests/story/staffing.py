"""RecMan and Unimicro on one stage."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.story.stage import Stage, arguments_of

PAIR = "recman-unimicro"
VAT_CODES = "vat_codes=25=3,15=31,12=33,0=6"


class Staffing(Stage):
    """One test's world; use as a context manager."""

    def __init__(self, folder: Path, *, records: int = 0, seed: int = 1) -> None:
        super().__init__(folder, ["recman", "unimicro"], records=records, seed=seed)

    def __enter__(self) -> Staffing:
        super().__enter__()
        self.recman, self.unimicro = self["recman"], self["unimicro"]
        return self

    def reset(self, template: Path) -> None:
        """Begin anew: vendors as seeded, no faults, and the data folder a copy of the template."""
        for system in (self.recman, self.unimicro):
            self.control(system, "DELETE", "faults")
            self.control(system, "POST", "faults/release")
            self.control(system, "POST", "reset", {})
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(template, self.folder)

    def recman_settings(self) -> dict[str, str]:
        """The key for everything."""
        return {"key": self.recman.credentials["key"], "base_url": self.recman.url}

    def unimicro_settings(self) -> dict[str, str]:
        """An application with a certificate."""
        given = self.unimicro.credentials
        certificate = {name: given[name] for name in ("certificate", "certificate_password")}
        urls = {"identity_url": self.unimicro.url, "base_url": self.unimicro.url}
        return {"sign_in": "certificate", "client_id": given["server_client_id"], **certificate, **urls}

    def set_up(self, *options: str) -> None:
        """Connect both systems and make the pair."""
        self.script(
            (["connect", "recman", *arguments_of(self.recman_settings())], 0),
            (["connect", "unimicro", *arguments_of(self.unimicro_settings())], 0),
            (["pair", "create", PAIR, "invoices_from=2020-01-01", VAT_CODES, *options], 0),
        )

    def sync(self, expect: int | None = None) -> dict[str, Any]:
        """One run of the pair."""
        found: dict[str, Any] = self.kobling("sync", PAIR, "--json", expect=expect)
        return found

    def begin_with_numbers(self) -> None:
        """Compare numbers and let all that one side alone has be made, or left alone."""
        self.kobling("numbers", PAIR, expect=None)
        self.settle()
        self.sync()

    def settle(self) -> None:
        """Settle what is simple: what one side alone has."""
        for kind in ("only_left", "only_right"):
            self.kobling("numbers", PAIR, "--all", kind, expect=None)

    def company(self, **wish: Any) -> dict[str, Any]:
        """A customer made in RecMan."""
        told = {"type": "customer", "name": "Havna AS", "companyNumber": "200001", "creditTime": "14", **wish}
        found: dict[str, Any] = self.control(self.recman, "POST", "records/company", told)
        return found

    def invoice(self, company: Mapping[str, Any], kind: str = "invoice", **wish: Any) -> dict[str, Any]:
        """An invoice made in RecMan, of one line unless said otherwise."""
        line = {"number": "1003", "description": "Timer uke 47", "quantity": "7.5", "price": "549.90", "vat": "25"}
        told = {"companyId": company["companyId"], "lines": [line], **wish}
        found: dict[str, Any] = self.control(self.recman, "POST", f"records/{kind}", told)
        return found

    def dump(self, system: Any, entity: str) -> list[dict[str, Any]]:
        """What exists of a kind."""
        found: list[dict[str, Any]] = self.control(system, "GET", f"dump/{entity}")
        return [each for each in found if not each.get("deleted")]

    def transferred(self) -> dict[str, dict[str, Any]]:
        """Invoices in Unimicro that came from RecMan, by RecMan's id; fails when one came twice."""
        found = [each for each in self.dump(self.unimicro, "invoices") if each.get("ExternalReference")]
        by_reference = {each["ExternalReference"]: each for each in found}
        assert len(by_reference) == len(found), "an invoice is in Unimicro twice"
        return by_reference

    def customers(self) -> dict[int, dict[str, Any]]:
        """Customers in Unimicro by number."""
        return {
            each["CustomerNumber"]: each for each in self.dump(self.unimicro, "customers") if "CustomerNumber" in each
        }

    def issues(self, *more: str) -> list[dict[str, Any]]:
        """What waits for a person."""
        found: list[dict[str, Any]] = self.kobling("issues", PAIR, "--json", *more, expect=None)
        return found

    def settle_all(self) -> None:
        """What a person does: other numbers mean the same customer, wrong and missing ones are put right in RecMan."""
        self.settle()
        fresh = 900_000
        for line in self.kobling("numbers", PAIR, "--json", expect=None)["lines"]:
            left, right = (line[side]["id"] if line[side] else "-" for side in ("left", "right"))
            if line["kind"] == "renumbered":
                self.kobling("numbers", PAIR, "same", left, right, expect=None)
            elif line["kind"] in ("collision", "unnumbered", "double"):
                fresh += 1
                known = line["right"] and line["kind"] == "unnumbered" and line["right"]["number"]
                number = {"companyNumber": known or str(fresh)}
                self.control(self.recman, "PATCH", f"records/company/{left}", number)
        self.kobling("numbers", PAIR, expect=None)
        self.settle()
