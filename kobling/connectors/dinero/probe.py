"""Read-only questions to a real company, compared with the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from kobling.connectors.dinero.books import Books
from kobling.sdk.http import Api
from kobling.sdk.probe import asked, clock_finding, limit_finding
from kobling.sdk.protocols import Finding


async def probe(api: Api, books: Books, organization: str) -> AsyncIterator[Finding]:
    """Plan, casing, filters, paging, limits, webhooks and what the contract only assumes; writes nothing."""
    answer = await api.request("GET", "/v1.1/organizations")
    yield clock_finding(answer.headers, api.clock)
    yield limit_finding(answer.headers)
    yield await asked("plan", lambda: _plan(api, organization))
    yield await asked("contacts: fields", lambda: _casing(books))
    yield await asked("contacts: order", lambda: _order(books, "contacts"))
    yield await asked("products: order", lambda: _order(books, "products"))
    yield await asked("contacts: paging", lambda: _paging(books))
    yield await asked("contacts: filter with a quote", lambda: _filter(books))
    yield await asked("invoices: number of a draft", lambda: _drafts(books))
    yield await asked("webhooks: events", lambda: _shape(books, "webhooks/events"))
    yield await asked("webhooks: subscriptions", lambda: _shape(books, "webhooks/subscriptions"))


async def _plan(api: Api, organization: str) -> Finding:
    told = await api.json("GET", "/v1.1/organizations")
    mine: dict[str, Any] = next((each for each in told if str(each.get("Id")) == organization), {})
    plan = {name: value for name, value in (mine.get("Subscription") or {}).items() if name.startswith("Has")}
    good = bool(plan.get("HasPro") or plan.get("HasTotal")) if plan else None
    return Finding(
        "plan", ", ".join(name for name, value in plan.items() if value) or "none told", "Pro or Total", good
    )


async def _casing(books: Books) -> Finding:
    rows, _ = await books.page("contacts", fields="NAME,contactguid", pageSize="1")
    if not rows:
        return Finding("contacts: fields", "no contact to tell it from")
    return Finding("contacts: fields", f"asked NAME,contactguid, got {','.join(rows[0])}", "names as asked")


async def _order(books: Books, path: str) -> Finding:
    rows, _ = await books.page(path, fields="UpdatedAt", pageSize="1000")
    stamps = [str(row.get("UpdatedAt")) for row in rows]
    said = "by UpdatedAt" if stamps == sorted(stamps) else "not by UpdatedAt"
    topic, contract = f"{path}: order", "products by UpdatedAt, contacts not stated"
    return Finding(topic, f"{said}, {len(stamps)} rows", contract, None if path == "contacts" else said[0] == "b")


async def _paging(books: Books) -> Finding:
    told: dict[str, Any] = await books.get("contacts", fields="Name", page="0", pageSize="1")
    parts = told.get("Pagination") or {}
    contract = "Page, PageSize, MaxPageSizeAllowed, Result, ResultWithoutFilter"
    return Finding("contacts: paging", ", ".join(parts), contract, set(parts) == set(contract.split(", ")))


async def _filter(books: Books) -> Finding:
    _, total = await books.page("contacts", fields="Name", queryFilter="Name eq 'O''Kobling'", pageSize="1")
    return Finding("contacts: filter with a quote", f"accepted, {total} found", "doubled quotes, assumed", True)


async def _drafts(books: Books) -> Finding:
    rows, _ = await books.page("invoices", fields="Number,Status", statusFilter="Draft", pageSize="1")
    said = f"Number {rows[0].get('Number')!r}" if rows else "no draft to tell it from"
    return Finding("invoices: number of a draft", said, "0, unverified")


async def _shape(books: Books, path: str) -> Finding:
    told = await books.get(path)
    first = told[0] if isinstance(told, list) and told else told
    names = sorted(first) if isinstance(first, dict) else [type(first).__name__]
    return Finding(path.replace("/", ": "), f"{type(told).__name__} of {', '.join(names)}", "shape not documented")
