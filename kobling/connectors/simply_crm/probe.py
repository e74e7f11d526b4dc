"""Read-only questions to a real installation, compared with the contract."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

from kobling.connectors.simply_crm.modules import Module
from kobling.connectors.simply_crm.service import Service
from kobling.connectors.simply_crm.vtql import PAGE
from kobling.records import KoblingError, Temporary
from kobling.sdk.probe import asked
from kobling.sdk.protocols import Finding

_EMPTY_INVOICES = "select id, invoice_no from Invoice where hdnTaxType = 'individual' and hdnGrandTotal = '0' limit 20;"
_LEGAL_NUMBER = re.compile(r"\b(cvr|ean|gln|vat|moms|org\.?\s*n)", re.IGNORECASE)


async def probe(service: Service, modules: Mapping[str, Module]) -> AsyncIterator[Finding]:
    """Version, modules, custom fields, paging, time, sync, revise and PHP; writes nothing."""
    await service.sign_in()
    yield Finding("version", service.version, "stated nowhere found")
    yield await asked("modules", lambda: _modules(service))
    for name, module in modules.items():
        yield await asked(f"{name}: fields", lambda name=name, module=module: _fields(name, module))  # type: ignore[misc]
    yield await asked("paging", lambda: _paging(service))
    yield await asked("time zone", lambda: _time(service))
    yield await asked("sync", lambda: _sync(service))
    yield await asked("revise", lambda: _revise(modules["Accounts"]))
    yield await asked("PHP", lambda: _php(service))


async def _modules(service: Service) -> Finding:
    told = await service.call("GET", "listtypes")
    names = set(told["types"])
    wanted = {"Accounts", "Contacts", "Products", "Services", "Invoice", "LineItem", "Currency", "Users", "Tax"}
    return Finding("modules", ", ".join(sorted(names)), f"with {', '.join(sorted(wanted))}", wanted <= names)


async def _fields(name: str, module: Module) -> Finding:
    fields = await module.describe()
    custom = [f"{each.name} ({each.label})" for each in fields.values() if each.name.startswith("cf_")]
    texts = [each for each in fields.values() if each.type in ("string", "integer")]
    legal = [each.name for each in texts if _LEGAL_NUMBER.search(f"{each.name} {each.label}")]
    needed = [each.name for each in fields.values() if each.required]
    said = f"{len(fields)} fields; required {', '.join(needed) or 'none'}; custom {', '.join(custom) or 'none'}"
    return Finding(f"{name}: fields", f"{said}; looks like a legal number: {', '.join(legal) or 'none'}")


async def _paging(service: Service) -> Finding:
    rows = await service.query("select id from Contacts limit 500;")
    said = f"{len(rows)} rows for limit 500"
    return Finding("paging", said, f"cut at {PAGE}", None if len(rows) < PAGE else len(rows) == PAGE)


async def _time(service: Service) -> Finding:
    rows = await service.query("select modifiedtime from Contacts order by modifiedtime desc limit 1;")
    if not rows:
        return Finding("time zone", "no record to tell it from")
    ahead = datetime.fromisoformat(rows[0]["modifiedtime"]).replace(tzinfo=UTC) - service.server_now()
    hours = ahead.total_seconds() / 3600
    said = f"latest change is {hours:+.2f} h from the server's clock read as UTC"
    return Finding("time zone", said, "never in the future when the zone is UTC", hours <= 0.1)


async def _sync(service: Service) -> Finding:
    try:
        answer = await service.call(
            "GET", "sync", modifiedTime="4102444800", elementType="Accounts", syncType="application"
        )
    except KoblingError as error:
        return Finding("sync", f"{error.kind} {error.code or ''}".strip(), "crashes on current PHP", True)
    return Finding("sync", f"answers with {', '.join(sorted(answer))}", "crashes on current PHP", False)


async def _revise(module: Module) -> Finding:
    there = await module.can_revise()
    return Finding("revise", "there" if there else "not there", "not in Simply CRM's own list", not there)


async def _php(service: Service) -> Finding:
    """Stock vTiger on PHP 8 shows in what it leaves behind: individual invoices that lost their lines.

    Fidelity: known simply_crm_invoices §6 – stock vTiger on PHP 8 leaves such invoices and cannot read them
    """
    suspects = await service.query(_EMPTY_INVOICES)
    ruins = [str(each.get("invoice_no") or each["id"]) for each in suspects if not await _is_read(service, each["id"])]
    if ruins:
        said = f"stock PHP 8: {len(ruins)} invoices without lines that nobody can open: {', '.join(ruins)}"
        return Finding("PHP", said, "no such invoices", False)
    return Finding("PHP", "nothing tells it: no individual invoice without lines", "no such invoices", True)


async def _is_read(service: Service, external_id: str) -> bool:
    try:
        await service.call("GET", "retrieve", id=external_id)
    except Temporary:
        return False
    return True
