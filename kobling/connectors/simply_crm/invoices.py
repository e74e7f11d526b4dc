"""Invoices with their lines, and what a query says about them differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from kobling.connectors.simply_crm.finding import Finder
from kobling.connectors.simply_crm.invoice_sums import (
    GROUP,
    adjusted,
    amount,
    beside_lines,
    filled,
    has_one_rate,
    is_tax,
    settled,
)
from kobling.connectors.simply_crm.modules import Module, text
from kobling.connectors.simply_crm.vtql import PAGE, any_of, select
from kobling.records import Fields, Record, exact, is_empty
from kobling.sdk.paging import groups
from kobling.sdk.protocols import FieldSchema, Unread, Write
from kobling.sdk.reading import each_read, told_apart

_GROUP = 20
_CLEAR = Decimal("0.005")
_OF_A_LINE = frozenset(
    {"productid", "quantity", "listprice", "comment", "discount_percent", "discount_amount", "image", "purchase_cost"}
    | {"margin", "LineItems_FinalDetails"}
)
_NOT_OF_A_LINE = frozenset(
    {"id", "parent_id", "incrementondel", "entity_type", "deleted", "image", "purchase_cost", "margin"}
)
_NOT_ASKED = frozenset({"hdnDiscountPercent", "hdnDiscountAmount"})
"""A query answers them by a line's; a retrieve alone tells the header's."""


def _is_a_lines(name: str) -> bool:
    return name in _OF_A_LINE or is_tax(name)


class Invoices(Module):
    """Invoices; ``LineItems`` is a list of plain dicts in order, without ids, since line ids are used again.

    Amounts are text with a dot, major units of ``currency_id``. A write that holds LineItems replaces all lines;
    one that does not keeps them. Whether tax is of the group or of each line is the connector's to say.

    Fidelity: known simply_crm_invoices §2 – with a field of a line, pages count lines; without, invoices
    Fidelity: known simply_crm_invoices §2 – LineItem by parent is the clean source of lines
    Fidelity: known simply_crm_invoices §6 – stock PHP 8 ends at individual tax together with lines, on any write
    Fidelity: known simply_crm_invoices §4 – group with lines first, then individual with all totals, is kept as sent
    """

    _columns = ""

    async def describe(self) -> Mapping[str, FieldSchema]:
        """The header's fields and LineItems; the header's productid is filled in from the first line."""
        fields = {name: each for name, each in (await super().describe()).items() if not _is_a_lines(name)}
        return {**fields, "LineItems": FieldSchema("LineItems", "Lines", type="lines", required=True)}

    async def columns(self) -> str:
        """Every field that is no line's: with one of those a page holds fewer invoices than a hundred, unsaid."""
        if not self._columns:
            names = [each for each in await self.describe() if each not in _NOT_ASKED and each != "LineItems"]
            self._columns = ", ".join(["id", *(each for each in names if each != "id" and "&" not in each)])
        return self._columns

    async def records(self, rows: Sequence[dict[str, Any]]) -> tuple[list[Record], list[Unread]]:
        """Headers of a query with their lines, and the discount from a retrieve where there is one.

        A line that names no invoice could be any one's: those asked for with it are retrieved whole instead.
        """
        by_id, nameless = told_apart(rows, "id")
        lines: dict[str, list[dict[str, Any]] | None] = {each: [] for each in by_id}
        for group in groups(list(by_id), _GROUP):
            for line in await self._lines(group):
                belongs = lines.get(str(line.get("parent_id")))
                if belongs is None:
                    lines.update(dict.fromkeys(group))
                else:
                    belongs.append(line)
        records, unread = await each_read(list(by_id), lambda each: self._whole(by_id[each], lines[each]))
        return records, unread + nameless

    def record(self, row: dict[str, Any]) -> Record:
        """A retrieved invoice as a record, freed from what belongs to the screen."""
        lines = sorted(row.pop("LineItems", None) or [], key=_sequence)
        header = {name: value for name, value in row.items() if not _is_a_lines(name) and "&" not in name}
        header["LineItems"] = [_plain(line) for line in lines]
        return super().record(header)

    def element(self, fields: Fields, *, new: bool) -> dict[str, Any]:
        """The header's productid is mandatory on create, and is the first line's; nothing empty stands in an amount."""
        element = filled(super().element(fields, new=new))
        lines = element.get("LineItems")
        if lines and "productid" not in element:
            element["productid"] = lines[0].get("productid", "")
        return element | {"hdnTaxType": GROUP} if new else element

    async def revised(self, external_id: str, changes: dict[str, Any]) -> dict[str, Any]:
        """With all that a revise drops or leaves behind where it is not told (rate of exchange, adjustment, totals)."""
        current = await self._service.call("GET", "retrieve", id=external_id)
        if changes.get("LineItems"):
            return filled(beside_lines(current, changes))
        kept = {"conversion_rate": current.get("conversion_rate") or "1"} | changes
        if "txtAdjustment" in changes:
            return adjusted(current, kept)
        if "received" in changes:
            balance = amount(current.get("hdnGrandTotal")) - amount(changes["received"])
            return {"balance": format(balance, "f")} | kept
        return kept

    async def finish(self, external_id: str, fields: Fields, *, new: bool) -> None:
        """The second step of a write with lines: several rates cannot be sent together with them, and only a create
        works out the balance. Doing it twice changes nothing."""
        lines = [{name: text(value) for name, value in line.items()} for line in fields.get("LineItems") or ()]
        one_rate = has_one_rate(lines)
        if lines and not (new and one_rate):
            current = await self._service.call("GET", "retrieve", id=external_id)
            await self._save("revise", {**settled(current, lines, one_rate=one_rate), "id": external_id})

    async def find_created(self, write: Write) -> Record | None:
        """By what was sent; a header that a crash left without lines is mended, never made again.

        Fidelity: known simply_crm_invoices §6 – such a ruin takes a revise with group and lines, and is whole again
        """
        finder = Finder(self._service, self.name, self.columns, self.records)
        if write.fields.get("LineItems") and (ruin := await self._ruin(await finder.near(write), write)):
            element = self.element(write.fields, new=True)
            await self._save("revise", {"conversion_rate": "1"} | element | {"id": ruin})
            await self.finish(ruin, write.fields, new=False)
            return await self.get(ruin)
        found = await finder.find(write)
        if found is None:
            return None
        await self.finish(found.external_id, write.fields, new=True)
        return await self.get(found.external_id)

    async def _ruin(self, rows: Sequence[dict[str, Any]], write: Write) -> str | None:
        """The one invoice of that name, customer and day that has neither lines nor totals."""
        same = ("account_id", "contact_id", "invoicedate")
        alike = [
            row["id"]
            for row in rows
            if not amount(row.get("hdnGrandTotal"))
            and all(str(row.get(name) or "") == str(write.fields.get(name) or "") for name in same)
        ]
        empty = [each for each in alike if not await self._lines([each])]
        return str(empty[0]) if len(empty) == 1 else None

    async def written(self, answer: dict[str, Any]) -> Record:
        """Read afresh: the answer's balance, product and time of change are not yet those that were stored."""
        return await self.get(answer["id"])

    async def _whole(self, row: dict[str, Any], lines: list[dict[str, Any]] | None) -> Record:
        if lines is None or _has_discount(row, lines) or any(is_empty(each.get("productid")) for each in lines):
            return await self.get(row["id"])
        return self.record({**row, "hdnDiscountPercent": "", "hdnDiscountAmount": "", "LineItems": lines})

    async def _lines(self, parents: Sequence[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            limit = f"{len(found)},{PAGE}"
            page = await self._service.query(
                select("*", "LineItem", any_of("parent_id", parents), order="parent_id, sequence_no", limit=limit)
            )
            found += page
            if len(page) < PAGE:
                return found


def _has_discount(row: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the header takes something off, which a query does not tell: its lines come to more than it says."""
    before, told = row.get("hdnSubTotal"), row.get("pre_tax_total")
    if is_empty(before) or is_empty(told):
        return False
    if str(row.get("hdnTaxType") or GROUP) != GROUP:
        net = sum((_net(each) for each in lines), Decimal(0))
    else:
        net = exact(before)
    return abs(net + amount(row.get("hdnS_H_Amount")) - exact(told)) >= _CLEAR


def _net(line: Mapping[str, Any]) -> Decimal:
    gross = amount(line.get("quantity")) * amount(line.get("listprice"))
    return gross - (amount(line.get("discount_amount")) or gross * amount(line.get("discount_percent")) / 100)


def _sequence(line: Mapping[str, Any]) -> int:
    return int(line.get("sequence_no") or 0)


def _plain(line: Mapping[str, Any]) -> dict[str, Any]:
    """``product_name`` stays where the product is gone: it is all that tells what was sold."""
    known = {name: text(value) for name, value in line.items() if name not in _NOT_OF_A_LINE}
    if not is_empty(known.get("productid")):
        known.pop("product_name", None)
    return known
