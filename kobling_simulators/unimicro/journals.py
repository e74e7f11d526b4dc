"""Journals: entries that are posted, or saved as drafts, as they are written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.errors import ApiError, RuleBroken, not_found
from kobling_simulators.unimicro.facts import entities
from kobling_simulators.unimicro.graphs import Batch, Draft, Rule
from kobling_simulators.unimicro.ledger import OPEN, need_open, new_entry
from kobling_simulators.unimicro.masterdata import nothing
from kobling_simulators.unimicro.table import Row

_ENTITY, _LINE, _DRAFT = "JournalEntry", "JournalEntryLine", "JournalEntryLineDraft"
_JOURNALED = 34001
_NOT_COPIED = frozenset({"ID", "CreatedAt", "CreatedBy", "UpdatedAt", "UpdatedBy", "_createguid", "StatusCode"})
_MOST = 1_000


def save(books: Books, body: Any) -> list[Row]:
    """POST journalentries?action=save-journal-entries-as-draft. Raises ApiError.

    Fidelity: known unimicro §5 – the action
    Fidelity: assumed unimicro §5 – a draft need not sum to nothing and has no number
    """
    return _written(books, body, {_DRAFT: (_check_line, nothing)})


def book(books: Books, body: Any) -> list[Row]:
    """POST journalentries?action=book-journal-entries. Raises ApiError.

    Fidelity: known unimicro §5 – DraftLines that sum to nothing
    Fidelity: assumed unimicro §5 – the body is a list of entries, of which one may be a saved draft, told by ID; all of
        them are booked or none; the answer is the entries
    Fidelity: assumed unimicro §5 – amounts are posted as they stand, nothing is worked out from a line's VAT type
    """
    entries = _written(books, body, {_ENTITY: (_check_balance, nothing), _DRAFT: (_check_line, nothing)})
    for entry in entries:
        _post(books, entry)
    return entries


def _written(books: Books, body: Any, rules: Mapping[str, tuple[Rule, Rule]]) -> list[Row]:
    if not isinstance(body, list) or not body or len(body) > _MOST:
        raise ApiError("The body must be a list of journal entries")
    graphs = [(graph, _saved(books, graph)) for graph in body]
    return Batch(books).write_all(entities()[_ENTITY], graphs, rules)


def _saved(books: Books, graph: Any) -> Row | None:
    key = graph.get("ID") if isinstance(graph, dict) else None
    if not key:
        return None
    row = books.get(_ENTITY, key)
    if row is None:
        raise not_found(_ENTITY, key)
    if row.get("JournalEntryNumber"):
        raise RuleBroken("The entry is booked already", _ENTITY, "JournalEntryNumber", row["ID"])
    return row


def _check_line(batch: Batch, draft: Draft) -> None:
    for name in ("AccountID", "Amount", "FinancialDate"):
        if draft.final(name) is None:
            batch.wrong(draft, name, "is required")
    if draft.final("AmountCurrency") is None:
        draft.values["AmountCurrency"] = draft.final("Amount")


def _check_balance(batch: Batch, draft: Draft) -> None:
    lines = batch.parts(_DRAFT, "JournalEntryID", draft)
    if not lines:
        raise RuleBroken("The entry has no lines", _ENTITY, "DraftLines", draft.key)
    if sum((Decimal(line.get("Amount") or 0) for line in lines), Decimal(0)) != 0:
        raise RuleBroken("The lines do not sum to 0", _ENTITY, "DraftLines", draft.key)
    for line in lines:
        if line.get("FinancialDate"):
            need_open(batch.books, date.fromisoformat(line["FinancialDate"]), _DRAFT, "FinancialDate", line["ID"])


def _post(books: Books, entry: Row) -> None:
    drafts = list(books.tables[_DRAFT].found("JournalEntryID", entry["ID"]))
    books.change(_ENTITY, entry, new_entry(books, drafts[0]["FinancialDate"]))
    for draft in drafts:
        values = {name: value for name, value in draft.items() if name not in _NOT_COPIED}
        place = {"JournalEntryNumber": entry["JournalEntryNumber"], "JournalEntryLineDraftID": draft["ID"]}
        books.add(_LINE, {**values, **place, "RegisteredDate": books.today().isoformat(), "StatusCode": OPEN})
        books.change(_DRAFT, draft, {"StatusCode": _JOURNALED})
