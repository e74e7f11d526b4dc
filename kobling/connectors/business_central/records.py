"""Entity sets as resources: master data by batches, creates found again by their number or by what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from kobling.connectors.business_central import values
from kobling.connectors.business_central.sets import COMPANY_CONTACT, EntitySet
from kobling.records import N_, KoblingError, Record, SettingsError, Unsafe, is_empty
from kobling.sdk.looking_up import the_one
from kobling.sdk.odata.batch import Part
from kobling.sdk.odata.metadata import Metadata
from kobling.sdk.odata.query import all_of, equals, instant
from kobling.sdk.odata.service import Row, Rows, SendBatch, Service
from kobling.sdk.odata.writing import WritableTable
from kobling.sdk.outcomes import Confirmed, Outcome
from kobling.sdk.protocols import FieldSchema, Write

_MARGIN = timedelta(minutes=15)
"""How far the vendor's clock and ours may be apart when a lost create is looked for."""
_MOST = 50


class Records(WritableTable):
    """One entity set of one company.

    Empty ids and days are None, enums plain text. Creates take no id of ours (§6), so a lost one is found by its
    number, else by equal values among what was changed since the write began.

    Fidelity: known business_central §6 – no idempotency key, no alternate keys, If-Match on PATCH and DELETE
    """

    def __init__(
        self, service: Service, spec: EntitySet, send: SendBatch, metadata: Metadata, *, concurrency: int
    ) -> None:
        super().__init__(service, spec, send, concurrency=concurrency)
        self.set = spec
        self.metadata = metadata

    async def describe(self) -> Mapping[str, FieldSchema]:
        """The fields that are both wanted and there; none where this Business Central lacks the whole set."""
        there = (await self.metadata.sets()).get(self.spec.path.lstrip("/"), {})
        found = {name: field for name, field in there.items() if name in self.spec.columns}
        if there and self.spec.expand == COMPANY_CONTACT:
            number = "companyContactNumber"
            found[number] = FieldSchema(number, number, read_only=True)
        return found

    async def count(self) -> int:
        """How many records exist now."""
        told = await self.rows(select=self.spec.key, top=1, count="true")
        return told.count if told.count is not None else len(told.rows)

    async def rows(self, where: str = "", **options: str | int | None) -> Rows:
        """As ``Table.rows``; fields that a customised Business Central lacks are left out from then on."""
        try:
            return await super().rows(where, **options)
        except SettingsError as error:
            if error.code != "missing_property" or not await self._leave_out_missing():
                raise
        if "select" in options and options["select"] not in (self.spec.key, self.spec.modified):
            options["select"] = self.select()
        return await super().rows(where, **options)

    async def _leave_out_missing(self) -> bool:
        there = (await self.metadata.sets()).get(self.spec.path.lstrip("/"), {})
        kept = tuple(name for name in self.spec.columns if name in there)
        changed = kept != self.spec.columns and bool(kept)
        if changed:
            self.spec = self.set = replace(self.set, columns=kept)
        return changed

    def fields(self, row: Row) -> dict[str, Any]:
        """Plain values, and the company contact's number from the record's contact information."""
        found = values.read({name: value for name, value in row.items() if name != "contactsInformation"})
        about = row.get("contactsInformation")
        if about is not None:
            companies = [each["contactNumber"] for each in about if each.get("contactType") == "Company"]
            found["companyContactNumber"] = companies[0] if companies else None
        return found

    def body(self, fields: Mapping[str, Any], *, new: bool) -> dict[str, Any]:
        """Values as Business Central takes them; a new record leaves out what nobody set, and tells what is blank."""
        told = {name: value for name, value in fields.items() if value == "" or not (new and is_empty(value))}
        return {name: values.written(name, value) for name, value in told.items()}

    async def write_batch(self, writes: Sequence[Write], parts: Sequence[Part]) -> list[Outcome]:
        """As ``WritableTable``; an answer to a write holds nothing that is expanded, so what was written is read."""
        outcomes = await super().write_batch(writes, parts)
        written = [each.external_id for each in outcomes if isinstance(each, Confirmed) and each.record is not None]
        if not written or self.spec.expand != COMPANY_CONTACT:
            return outcomes
        try:
            whole = {each.external_id: each for each in await self.get_many(written)}
        except KoblingError:
            whole = {}
        return [
            replace(each, record=whole.get(each.external_id)) if isinstance(each, Confirmed) and each.record else each
            for each in outcomes
        ]

    async def find_created(self, write: Write) -> Record | None:
        """By its number, else by all that was sent. Raises Unsafe when several records could be it."""
        for name in self.set.natural:
            if not is_empty(write.fields.get(name)):
                told = await self.rows(equals(name, write.fields[name]), select=self.select(), expand=self.spec.expand)
                return self._the_one(write, told.rows, unique=True)
        telling = next((each for each in self.set.telling if not is_empty(write.fields.get(each))), None)
        if telling is None or write.started_at is None:
            raise Unsafe(N_("Nothing tells which record is the one that was being created."))
        since = f"{self.spec.modified} ge {instant(write.started_at - _MARGIN)}"
        where = all_of(equals(telling, write.fields[telling]), since)
        told = await self.rows(where, select=self.select(), expand=self.spec.expand, top=_MOST)
        return self._the_one(write, told.rows, unique=False)

    def _the_one(self, write: Write, rows: Sequence[Row], *, unique: bool) -> Record | None:
        """Business Central does not show when a record was made: not after it was changed last."""
        found = [self.record(row) for row in rows]
        return the_one(write, found, vendor="Business Central", unique=unique, made_at=lambda each: each.modified_at)
