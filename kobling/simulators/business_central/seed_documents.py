"""Orders and invoices of the fictional world."""

from __future__ import annotations

from datetime import date

from kobling.simulators.business_central.company import Company
from kobling.simulators.business_central.shelf import Row


def seed_documents(company: Company, customers: list[Row], items: list[Row], seed: int, today: date) -> None:
    """Orders, drafts and posted invoices with payments."""
