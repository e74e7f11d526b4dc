"""Invoices and credit notes: always drafts first, issued only when that is asked for.

Fidelity: known unimicro §5 – StatusCode 10001 makes a draft (kept as 42001); without it an invoice may be issued at
once, which is inferred and dear, so that it is always sent; POST …?action=invoice issues a draft
Fidelity: assumed unimicro §7 – ExternalReference carries the invoice's id in the system it comes from
"""

from __future__ import annotations

from collections.abc import Mapping

from kobling.connectors.unimicro import graphs
from kobling.connectors.unimicro.entities import Entities, Entity, literal
from kobling.connectors.unimicro.service import Row, Service
from kobling.records import N_, AlreadyThere, Record, Refused, Unsafe, is_empty
from kobling.sdk.protocols import FieldSchema, Write

DRAFT_CODE, KEPT_DRAFT = 10001, 42001
DRAFT, ISSUED = "draft", "issued"
_ITEM = (
    "ProductID",
    "ItemText",
    "NumberOfItems",
    "Unit",
    "PriceExVat",
    "PriceExVatCurrency",
    "VatTypeID",
    "DiscountPercent",
    "DimensionsID",
    "SumTotalExVat",
    "SumTotalIncVat",
)
_TOTALS = ("TaxExclusiveAmount", "TaxInclusiveAmount", "TaxExclusiveAmountCurrency", "TaxInclusiveAmountCurrency")
_READ_ONLY = frozenset({"InvoiceNumber", "PaymentID", "RestAmount", "StatusCode", *_TOTALS})
_COMPUTED = frozenset({"SumTotalExVat", "SumTotalIncVat"})
ENTITY = Entity(
    "invoices",
    "invoices",
    (
        *("CustomerID", "InvoiceNumber", "InvoiceDate", "PaymentDueDate", "InvoiceType", "ExternalReference"),
        *("YourReference", "OurReference", "Comment", "CurrencyCodeID", "PaymentID", "TaxExclusiveAmount"),
        *("TaxInclusiveAmount", "TaxExclusiveAmountCurrency", "TaxInclusiveAmountCurrency", "RestAmount", "StatusCode"),
        *("InternalNote", "DefaultDimensions.ProjectID"),
    ),
    "ExternalReference",
    "Items,DefaultDimensions",
    fixed=_READ_ONLY,
)


class Invoices(Entities):
    """``lines`` are dicts of an item's fields in their order; ``state`` is draft or issued, and only goes that way."""

    not_compared = frozenset({"state", *_READ_ONLY, *_COMPUTED})

    def __init__(self, service: Service, *, concurrency: int) -> None:
        super().__init__(service, ENTITY, concurrency=concurrency)

    async def describe(self) -> Mapping[str, FieldSchema]:
        """The header's fields, the lines, and the state."""
        lines = FieldSchema("lines", "Lines", type="lines")
        return {**await super().describe(), "lines": lines, "state": FieldSchema("state", "State")}

    def record(self, row: Row) -> Record:
        """A header with its lines; amounts are exact."""
        found = super().record(row)
        told = [each for each in row.get("Items") or () if not each.get("Deleted")]
        ordered = sorted(told, key=lambda each: (each.get("SortIndex") or 0, each.get("ID") or 0))
        lines = [{name: each.get(name) for name in _ITEM} for each in ordered]
        state = DRAFT if row.get("StatusCode") in (DRAFT_CODE, KEPT_DRAFT) else ISSUED
        fields = {**found.fields, "lines": lines, "state": state}
        return Record(found.resource, found.external_id, fields, found.version, found.modified_at)

    async def find_created(self, write: Write) -> Record | None:
        """By its external reference, customer, day and lines. Raises Unsafe without a reference."""
        if is_empty(write.fields.get("ExternalReference")):
            raise Unsafe(N_("Nothing tells which record is the one that was being created."))
        return await super().find_created(write)

    async def _create(self, write: Write) -> str:
        """A draft, never anything else; one that this invoice was made of before is not made again."""
        reference = write.fields.get("ExternalReference")
        if is_empty(reference):
            raise Unsafe(N_("Nothing tells which record is the one that was being created."))
        there = await self.rows(f"{self.entity.natural} eq {literal(reference)}", top=1, select="ID")
        if there:
            raise AlreadyThere(
                N_("The invoice %(reference)s was transferred before: it is %(id)s in Unimicro."),
                field="ExternalReference",
                code="transferred_before",
                reference=reference,
                id=there[0].get("ID"),
            )
        header = {
            path: value
            for path, value in write.fields.items()
            if path not in ("lines", "state") and path not in _READ_ONLY and not is_empty(value)
        }
        body = graphs.made(header, self.service.seed, write.key)
        lines = [
            {name: value for name, value in each.items() if name not in _COMPUTED} for each in write.fields["lines"]
        ]
        body["Items"] = graphs.items(lines, self.service.seed, write.key)
        body["StatusCode"] = DRAFT_CODE
        return await self._made(self.entity.route, body)

    async def _change(self, write: Write) -> str:
        """Only issuing is a change."""
        if set(write.fields) != {"state"} or write.fields["state"] != ISSUED:
            raise Refused(N_("An invoice is not changed; a correction is a new entry."), code="invoice_fixed")
        external_id = str(write.external_id)
        found = await self.get(external_id)
        if found.fields["state"] == DRAFT:
            await self.service.send("POST", f"{self.entity.route}/{external_id}?action=invoice", None)
        return external_id
