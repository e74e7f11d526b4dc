"""Dynamics 365 Sales and Business Central on one stage."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from kobling_simulators import Running
from tests.story.stage import Stage, arguments_of

PAIR = "dynamics-sales-business-central"


class Dynamics(Stage):
    """One test's world; use as a context manager."""

    def __init__(self, folder: Path, *, records: int = 12, seed: int = 1, database_url: str = "") -> None:
        vendors = ["dataverse", "business_central"]
        super().__init__(folder, vendors, records=records, seed=seed, database_url=database_url)

    def __enter__(self) -> Dynamics:
        super().__enter__()
        self.sales, self.central = self["dataverse"], self["business_central"]
        self.without_limits()
        return self

    def without_limits(self) -> None:
        """Let no vendor count requests."""
        for system in (self.sales, self.central):
            self.control(system, "POST", "limits", {"enabled": False})

    def set_up(self, *options: str, central: dict[str, str] | None = None) -> None:
        """Connect both systems and make the pair."""
        self.script(
            (["connect", "dataverse", *arguments_of(self.sales_settings())], 0),
            (["connect", "business_central", *arguments_of({**self.central_settings(), **(central or {})})], 0),
            (["pair", "create", PAIR, "invoices_from=all", *options], 0),
        )

    def sales_settings(self) -> dict[str, str]:
        """The application user's sign-in, without our own budget."""
        return {**entra_settings(self.sales), "base_url": self.sales.url}

    def central_settings(self) -> dict[str, str]:
        """The application's sign-in, without our own budget."""
        given = self.central.credentials
        found = {**entra_settings(self.central), "base_url": self.central.url, "environment": given["environment"]}
        return {**found, "company": given["company"]}

    def reset(self, template: Path | None = None) -> None:
        """Begin anew: vendors as seeded, no faults, and the data folder a copy of the template."""
        for system in (self.sales, self.central):
            self.control(system, "DELETE", "faults")
            self.control(system, "POST", "faults/release")
            self.control(system, "POST", "reset", {})
        self.without_limits()
        shutil.rmtree(self.folder, ignore_errors=True)
        if template is not None:
            shutil.copytree(template, self.folder)

    def dump(self, system: Any, entity: str) -> list[dict[str, Any]]:
        """What exists of a kind."""
        found: list[dict[str, Any]] = self.control(system, "GET", f"dump/{entity}")
        return [each for each in found if not each.get("deleted")]


def entra_settings(system: Running) -> dict[str, str]:
    """The application's sign-in at the simulated Microsoft Entra, without our own budget."""
    names = ("tenant", "client_id", "client_secret", "authority")
    return {name: system.credentials[name] for name in names} | {"requests_per_window": "0"}
