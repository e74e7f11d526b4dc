"""Simply CRM and Dinero on one stage."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.story.stage import KOBLING, Stage, arguments_of

PAIR = "simply-crm-dinero"
__all__ = ["KOBLING", "PAIR", "World"]


class World(Stage):
    """One test's world; use as a context manager."""

    def __init__(self, folder: Path, *, records: int = 12, seed: int = 1, database_url: str = "") -> None:
        super().__init__(folder, ["simply_crm", "dinero"], records=records, seed=seed, database_url=database_url)

    def __enter__(self) -> World:
        super().__enter__()
        self.crm, self.dinero = self["simply_crm"], self["dinero"]
        self.control(self.dinero, "POST", "limits", {"enabled": False})
        return self

    def reset(self, template: Path | None = None) -> None:
        """Begin anew: vendors as seeded, no faults, and the data folder a copy of the template."""
        for system in (self.crm, self.dinero):
            self.control(system, "DELETE", "faults")
            self.control(system, "POST", "faults/release")
            self.control(system, "POST", "reset", {})
        self.control(self.dinero, "POST", "limits", {"enabled": False})
        shutil.rmtree(self.folder, ignore_errors=True)
        if template is not None:
            shutil.copytree(template, self.folder)

    def set_up(self, *options: str, dinero: Mapping[str, str] | None = None) -> None:
        """Connect both systems and make the pair."""
        given = self.crm.credentials
        crm = {"base_url": self.crm.url, "username": given["username"], "access_key": given["access_key"]}
        self.script(
            (["connect", "simply_crm", *arguments_of(crm)], 0),
            (["connect", "dinero", *arguments_of({**self.dinero_settings(), **(dinero or {})})], 0),
            (["pair", "create", PAIR, "invoices_from=all", "sales_account_without_vat=1100", *options], 0),
        )

    def dinero_settings(self) -> dict[str, str]:
        """Personal sign-in with the simulator's key, without our own budget."""
        wanted = ("organization_id", "client_id", "client_secret", "api_key")
        return {name: self.dinero.credentials[name] for name in wanted} | {
            "base_url": self.dinero.url,
            "token_url": f"{self.dinero.url}/dineroapi/oauth/token",
            "requests_per_window": "0",
        }

    def finish(self) -> None:
        """Synchronise, say that look-alikes are the same, synchronise again, and prove it."""
        self.script(
            (["sync", PAIR], None),
            (["issues", PAIR, "--kind", "maybe_same", "--all", "--choose", "couple"], 0),
            (["sync", PAIR], 0),
            (["verify", PAIR], 0),
        )

    def _existing(self, entity: str) -> list[Any]:
        found = self.control(self.dinero, "GET", f"dump/{entity}")
        return [each for each in found if not each.get("DeletedAt")]

    def names(self) -> dict[str, Counter[str]]:
        """What exists on both sides, by name: duplicates and losses show as other counts."""
        crm = {name: self.control(self.crm, "GET", f"dump/{name}") for name in ("Accounts", "Contacts", "Products")}
        dinero = {name: self._existing(name) for name in ("contacts", "products", "invoices")}
        return {
            "accounts": Counter(each["accountname"] for each in crm["Accounts"]),
            "persons": Counter(f"{each['firstname']} {each['lastname']}".strip() for each in crm["Contacts"]),
            "crm products": Counter(each["productname"] for each in crm["Products"]),
            "crm invoices": Counter(each["subject"] for each in self.control(self.crm, "GET", "dump/Invoice")),
            "dinero contacts": Counter(each["Name"].strip() for each in dinero["contacts"]),
            "dinero products": Counter(each["Name"] for each in dinero["products"]),
            "dinero invoices": Counter(str(each["TotalInclVat"]) for each in dinero["invoices"]),
        }
