"""Reference data that is only read: accounts, VAT types, deposit accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kobling.connectors.dinero.books import Books
from kobling.records import N_, NotThere, Record, Refused
from kobling.sdk.protocols import Bookmark, Capabilities, FieldSchema, IdPage, Page, Report, Write


class Reference:
    """A plain array, read whole in one request each time; the id is the account number or VAT code.

    Fidelity: known dinero §3 – accounts and VAT types are plain arrays without pages
    """

    capabilities = Capabilities()

    def __init__(self, books: Books, name: str, *, path: str, key: str, columns: Sequence[str], ask: bool) -> None:
        self.name = name
        self._books = books
        self._path = path
        self._key = key
        self._columns = columns
        self._params = {"fields": ",".join(columns)} if ask else {}

    async def describe(self) -> Mapping[str, FieldSchema]:
        """The columns that are read."""
        return {name: FieldSchema(name, name, read_only=True) for name in self._columns}

    async def read(self, bookmark: Bookmark | None) -> Page:
        """Everything."""
        records = await self._all()
        return Page(records, {}, more=False, total=len(records))

    async def read_ids(self, position: str | None) -> IdPage:
        """Every id."""
        return IdPage([each.external_id for each in await self._all()], None)

    async def get(self, external_id: str) -> Record:
        """One record. Raises NotThere."""
        found = await self.get_many([external_id])
        if not found:
            raise NotThere(N_("There is no such record in Dinero."))
        return found[0]

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        """Records by id, in one request."""
        return [each for each in await self._all() if each.external_id in external_ids]

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """Raises Refused: this is only read."""
        raise Refused(N_("%(resource)s of Dinero can only be read."), resource=self.name)

    async def find_created(self, write: Write) -> Record | None:
        """Nothing is ever created here."""
        return None

    async def _all(self) -> list[Record]:
        rows: list[dict[str, Any]] = await self._books.get(self._path, **self._params)
        return [Record(self.name, str(row[self._key]), row) for row in rows]


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
