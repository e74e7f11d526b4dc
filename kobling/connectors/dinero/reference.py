"""Reference data that is only read: accounts, VAT types, deposit accounts."""

from __future__ import annotations

from collections.abc import Sequence

from kobling.connectors.dinero.books import Books
from kobling.records import Record
from kobling.sdk.protocols import Unread
from kobling.sdk.reading import rows_in, told_apart
from kobling.sdk.readonly import ReadOnlyList


class Reference(ReadOnlyList):
    """A plain array, read in one request; the id is the account number or VAT code.

    Fidelity: known dinero §3 – accounts and VAT types are plain arrays without pages
    """

    def __init__(self, books: Books, name: str, *, path: str, key: str, columns: Sequence[str], ask: bool) -> None:
        super().__init__(name, columns, vendor=books.api.vendor)
        self._books, self._path, self._key = books, path, key
        self._params = {"fields": ",".join(columns)} if ask else {}

    async def all(self) -> tuple[Sequence[Record], Sequence[Unread]]:
        """Every row."""
        told = await self._books.get(self._path, **self._params)
        found, unread = told_apart(rows_in(told, self._books.api.vendor, self._path), self._key)
        return [Record(self.name, each, row) for each, row in found.items()], unread


def references(books: Books) -> list[Reference]:
    """The three lists."""
    entry = ("AccountNumber", "Name", "VatCode", "PublicStandardNumber", "Category", "CategoryName", "IsHidden")
    deposit = ("AccountNumber", "Name", "IsDefault", "IsHidden", "BankRegistrationNumber", "BankAccountNumber")
    vat = ("VatCode", "Name", "VatRate")
    return [
        Reference(books, "accounts", path="accounts/entry", key="AccountNumber", columns=entry, ask=True),
        Reference(books, "deposit_accounts", path="accounts/deposit", key="AccountNumber", columns=deposit, ask=True),
        Reference(books, "vatTypes", path="vatTypes", key="VatCode", columns=vat, ask=False),
    ]
