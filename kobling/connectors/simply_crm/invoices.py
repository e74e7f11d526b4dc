"""Invoices with their lines, and what a query says about them differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kobling.connectors.simply_crm.modules import Module, text
from kobling.connectors.simply_crm.vtql import PAGE, any_of, select
from kobling.records import Fields, Record, exact, is_empty
from kobling.sdk.paging import groups
from kobling.sdk.protocols import FieldSchema, Unread
from kobling.sdk.reading import each_read, told_apart

_GROUP = 20
_OF_FIRST_LINE = frozenset(
    {"productid", "quantity", "listprice", "comment", "discount_percent", "discount_amount", "image", "purchase_cost"}
    | {"margin", "tax1", "tax2", "tax3", "LineItems_FinalDetails"}
)
_NOT_OF_A_LINE = frozenset(
    {"id", "parent_id", "incrementondel", "product_name", "entity_type", "deleted", "image", "purchase_cost", "margin"}
)


class Invoices(Module):
    """Invoices; ``LineItems`` is a list of plain dicts in order, without ids, since line ids are used again.

    Amounts are text with a dot, major units of ``currency_id``. A write that holds LineItems replaces all lines;
    one that does not keeps them. Totals are the server's own: read them back.

    Fidelity: known simply_crm §4 – queries have no lines; LineItem by parent is the clean source
    Fidelity: known simply_crm §5 – create wants the header's productid; the answer of a write has half-made totals
    Fidelity: inferred simply_crm §4 – a header discount shows in a query by other names or in the totals
    """

    async def describe(self) -> Mapping[str, FieldSchema]:
        """The header's fields and LineItems; the header's productid is filled in from the first line."""
        fields = dict(await super().describe())
        for name in _OF_FIRST_LINE:
            fields.pop(name, None)
        return {**fields, "LineItems": FieldSchema("LineItems", "Lines", type="lines", required=True)}

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
        header = {name: value for name, value in row.items() if name not in _OF_FIRST_LINE and "&" not in name}
        header["LineItems"] = [_plain(line) for line in lines]
        return super().record(header)

    def element(self, fields: Fields, *, new: bool) -> dict[str, Any]:
        """The header's productid is mandatory on create, and is the first line's."""
        element = super().element(fields, new=new)
        lines = element.get("LineItems")
        if lines and "productid" not in element:
            element["productid"] = lines[0].get("productid", "")
        return element

    async def written(self, answer: dict[str, Any]) -> Record:
        """Read afresh: the answer's balance, product and time of change are not yet those that were stored."""
        return await self.get(answer["id"])

    async def _whole(self, row: dict[str, Any], lines: list[dict[str, Any]] | None) -> Record:
        if lines is None or _may_have_discount(row):
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


def _may_have_discount(row: Mapping[str, Any]) -> bool:
    named = [row.get(name) for name in ("discount_percent", "discount_amount")]
    if any(not is_empty(value) and exact(value) != 0 for value in named):
        return True
    before, after = row.get("hdnSubTotal"), row.get("pre_tax_total")
    return not is_empty(before) and not is_empty(after) and exact(before) != exact(after)


def _sequence(line: Mapping[str, Any]) -> int:
    return int(line.get("sequence_no") or 0)


def _plain(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: text(value) for name, value in line.items() if name not in _NOT_OF_A_LINE}
