"""Contacts and products: written whole, read back after every write, found again after a lost answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from kobling.connectors.dinero.books import MOST, Books, instant, made_id, no_id, second
from kobling.connectors.dinero.listing import Listing
from kobling.connectors.dinero.schema import CONTACT, PRODUCT, writable
from kobling.records import N_, Fields, KoblingError, Record, StaleVersion, Unsafe, is_empty
from kobling.sdk.looking_up import several, the_one
from kobling.sdk.outcomes import Confirmed, Outcome
from kobling.sdk.paging import groups
from kobling.sdk.protocols import Capabilities, Deletions, FieldSchema, Operation, Report, Write
from kobling.sdk.writing import all_told, send_all

_FEW = 3
_PATIENCE = 5
_BATCH = 500
_COMPANY_ONLY = ("AttPerson", "VatNumber", "EanNumber", "SENumber", "PNumber")
_STRIPPED = ("ExternalReference", "VatNumber", "EanNumber", "ProductNumber")
_TELLING = ("ExternalReference", "ProductNumber", "Name")
_FROM_THE_REGISTER = frozenset({"Name", "Street", "ZipCode", "City"})


class MasterData(Listing):
    """The writing half. An update reads, merges and writes whole, and refuses when UpdatedAt moved since the plan.

    Fidelity: known dinero §3 – contacts and products have no version: a window between our look and our write remains
    Fidelity: known dinero §6 – answers carry no record and wrong names vanish silently: everything is read back
    """

    def __init__(
        self,
        books: Books,
        name: str,
        *,
        key: str,
        schema: Mapping[str, FieldSchema],
        idempotent_create: bool,
        update_version: str,
        concurrency: int,
    ) -> None:
        capabilities = Capabilities(
            create=True,
            update=True,
            delete=True,
            changed_since=True,
            deletions=Deletions.FEED,
            version_token=True,
            idempotent_create=idempotent_create,
            batch_size=_BATCH,
        )
        super().__init__(
            books, name, path=name, key=key, schema=schema, columns=list(schema), capabilities=capabilities
        )
        self._update_version = update_version
        self._concurrency = concurrency
        self._writable = writable(schema)

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        """One request each, or the whole list where that takes fewer."""
        if len(external_ids) <= _FEW:
            return await super().get_many(external_ids)
        wanted = set(external_ids)
        rows, total = await self._list(None, 0)
        if total > MOST * len(wanted):
            return await super().get_many(external_ids)
        found = [self.record(row) for row in rows if row.get(self._key) in wanted]
        for page in range(1, -(-total // MOST)):
            rows, _ = await self._list(None, page)
            found += [self.record(row) for row in rows if row.get(self._key) in wanted]
        return found

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """Send, then read back: one list request for many writes, else one request each."""
        with all_told(writes, report) as tell:
            for group in groups(writes, _BATCH):
                await self._write_group(group, tell)

    async def _write_group(self, group: Sequence[Write], report: Report) -> None:
        sent: list[Outcome] = []
        begun = self._books.horizon.now()
        removed = {each.key for each in group if each.operation is Operation.DELETE}
        told = sent
        try:
            await send_all(group, self._write_one, sent.append, concurrency=self._concurrency)
            told = await self._read_back(sent, removed, begun)
        finally:
            # Stopped half-way, perhaps cancelled: how each write ended is reported all the same.
            for outcome in told:
                report(outcome)

    async def _write_one(self, write: Write) -> Outcome:
        if write.operation is Operation.CREATE:
            answer = await self._books.send("POST", self._path, self.new_body(write))
            found = made_id(answer, self._key) or (self.capabilities.idempotent_create and self._books.chosen_id(write))
            return Confirmed(write.key, found or no_id())
        external_id = str(write.external_id)
        if write.operation is Operation.UPDATE or write.expected:
            now = await self.get(external_id)
            if write.expected not in (None, now.version):
                raise StaleVersion(N_("The record was changed in Dinero since it was read."))
        if write.operation is Operation.DELETE:
            await self._books.send("DELETE", f"{self._path}/{external_id}")
        else:
            kept = {name: value for name, value in now.fields.items() if name in self._writable}
            body = self.body({**kept, **write.fields}, write.fields)
            await self._books.send("PUT", f"{self._path}/{external_id}", body, self._update_version)
        return Confirmed(write.key, external_id)

    def new_body(self, write: Write) -> dict[str, Any]:
        """What a create sends."""
        raise NotImplementedError

    def body(self, fields: Fields, changed: Fields) -> dict[str, Any]:
        """What a whole write sends; empty text is null, and blanks around a number would hide it from searches.

        Fidelity: known dinero §6 – an ExternalReference or VatNumber with stray blanks is not found again
        """
        body = {name: None if is_empty(value) else value for name, value in fields.items()}
        for name in _STRIPPED:
            value = body.get(name)
            if isinstance(value, str):
                body[name] = value.strip()
        return body

    async def _read_back(self, sent: Sequence[Outcome], removed: set[str], begun: datetime | None) -> list[Outcome]:
        good = [each.external_id for each in sent if isinstance(each, Confirmed) and each.key not in removed]
        try:
            records = {each.external_id: each for each in await self._just_written(good, begun)}
        except KoblingError:
            # The writes are confirmed all the same; the records are read later.
            return list(sent)
        return [
            replace(each, record=records.get(each.external_id)) if isinstance(each, Confirmed) else each
            for each in sent
        ]

    async def _just_written(self, ids: Sequence[str], begun: datetime | None) -> Sequence[Record]:
        """The list from the time when the writing began, else of the first record written; the rest one by one."""
        if len(ids) <= _FEW:
            return await super().get_many(ids)
        found: dict[str, Record] = {}
        since = second(begun) if begun else (await self.get(ids[0])).version
        missing = set(ids)
        for page in range(_PATIENCE):
            rows, _ = await self._list(since, page)
            found.update({row[self._key]: self.record(row) for row in rows if row.get(self._key) in missing})
            missing -= found.keys()
            if not missing or len(rows) < MOST:
                break
        if found:
            self._books.horizon.saw(max(each.modified_at for each in found.values() if each.modified_at))
        few = len(missing) <= len(ids) // 10 + 1
        return [*found.values(), *(await super().get_many(list(missing)) if few else ())]


class Contacts(MasterData):
    """Customers and suppliers; the id is ours to choose, so a repeated create cannot make a second one.

    Fidelity: known dinero §3 – a create accepts a caller-chosen ContactGuid
    Fidelity: known dinero §4 – UseCvr lets Dinero overwrite names and addresses: false where we write either
    Fidelity: assumed dinero §4 – a contact without a country is Danish, without IsPerson a company
    """

    def __init__(self, books: Books, concurrency: int) -> None:
        super().__init__(
            books,
            "contacts",
            key="ContactGuid",
            schema=CONTACT,
            idempotent_create=True,
            update_version="v2",
            concurrency=concurrency,
        )

    def new_body(self, write: Write) -> dict[str, Any]:
        """With the id derived from the write's key."""
        given = {"CountryKey": "DK", "IsPerson": False, "IsMember": False, "UseCvr": False, **write.fields}
        given["CountryKey"] = given["CountryKey"] or "DK"
        return {**self.body(given, write.fields), "ContactGuid": self._books.chosen_id(write)}

    def body(self, fields: Fields, changed: Fields) -> dict[str, Any]:
        """Company numbers are null on a person where nothing was set, as Dinero wants it."""
        body = super().body(fields, changed)
        if body.get("IsPerson"):
            body.update({name: None for name in _COMPANY_ONLY if name not in changed})
        if "UseCvr" not in changed and _FROM_THE_REGISTER & changed.keys():
            body["UseCvr"] = False
        return body

    async def find_created(self, write: Write) -> Record | None:
        """By the id we chose."""
        return await self._get_or_none(self._books.chosen_id(write))


class Products(MasterData):
    """Products; prices are DKK excl. VAT, major units. VAT follows AccountNumber.

    Fidelity: known dinero §3 – a create accepts no id, so ExternalReference carries our key unless it is mapped
    """

    def __init__(self, books: Books, concurrency: int) -> None:
        super().__init__(
            books,
            "products",
            key="ProductGuid",
            schema=PRODUCT,
            idempotent_create=False,
            update_version="v1",
            concurrency=concurrency,
        )

    def new_body(self, write: Write) -> dict[str, Any]:
        """With our key as ExternalReference unless that field is mapped."""
        body = self.body({"Quantity": 1, **write.fields}, write.fields)
        body.setdefault("ExternalReference", self._books.chosen_id(write))
        return body

    async def find_created(self, write: Write) -> Record | None:
        """By our key, or by what was mapped among the products made since. Raises Unsafe for several."""
        if "ExternalReference" not in write.fields:
            found = await self._filtered("ExternalReference", self._books.chosen_id(write))
            if len(found) > 1:
                raise several("Dinero", len(found))
            return found[0] if found else None
        names = [name for name in _TELLING if not is_empty(write.fields.get(name))]
        if not names:
            raise Unsafe(N_("The product has nothing by which it could be found again."))
        near = await self._filtered(names[0], str(write.fields[names[0]]).strip())
        return the_one(write, near, vendor="Dinero", unique=names[0] != "Name", made_at=_made_at)

    async def _filtered(self, name: str, value: str) -> list[Record]:
        """Fidelity: assumed dinero §6 – (hurts) a quote inside a filter's value is doubled."""
        condition = f"{name} eq '{value.replace(chr(39), chr(39) * 2)}'"
        rows, _ = await self._books.page(self._path, fields=self._columns, queryFilter=condition, pageSize=str(MOST))
        return [self.record(row) for row in rows if not row.get("DeletedAt")]


def _made_at(record: Record) -> datetime | None:
    return instant(record.fields, "CreatedAt")
