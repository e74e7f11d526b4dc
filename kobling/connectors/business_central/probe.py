"""Read-only questions to a real company, compared with the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator

from kobling.connectors.business_central.sets import SETS
from kobling.sdk.http import Api
from kobling.sdk.odata.metadata import Metadata
from kobling.sdk.odata.service import Service
from kobling.sdk.probe import asked, clock_finding, limit_finding
from kobling.sdk.protocols import Finding


async def probe(api: Api, environment: Service, company: Service, metadata: Metadata) -> AsyncIterator[Finding]:
    """Sets and fields, paging, stamps, deltas and what the contract only assumes; writes nothing."""
    answer = await api.request("GET", f"{environment.root}/companies", headers=environment.headers())
    yield clock_finding(answer.headers, api.clock)
    yield limit_finding(answer.headers)
    yield await asked("entity sets", lambda: _sets(metadata))
    yield await asked("paging", lambda: _paging(company))
    yield await asked("customers: time of change", lambda: _stamps(company))
    yield await asked("salesOrders: lines", lambda: _lines(company))
    yield await asked("delta links", lambda: _deltas(company))


async def _sets(metadata: Metadata) -> Finding:
    there = await metadata.sets()
    missing = [spec.name for spec in SETS if spec.path.lstrip("/") not in there]
    said = f"{len(there)} sets; missing {', '.join(missing) or 'none'}"
    return Finding("entity sets", said, "all of v2.0", not missing)


async def _paging(company: Service) -> Finding:
    told = await company.rows("/customers", prefer="odata.maxpagesize=1", select="id")
    said = f"{len(told.rows)} row, {'a' if told.next else 'no'} link to the next page"
    return Finding("paging", said, "odata.maxpagesize is honoured", len(told.rows) <= 1)


async def _stamps(company: Service) -> Finding:
    told = await company.rows("/customers", select="lastModifiedDateTime", orderby="lastModifiedDateTime desc", top=1)
    stamp = str(told.rows[0].get("lastModifiedDateTime")) if told.rows else "no customer to tell it from"
    return Finding("customers: time of change", stamp, "ISO, UTC, fractions of a second")


async def _lines(company: Service) -> Finding:
    told = await company.rows("/salesOrders", select="id", expand="salesOrderLines($select=id,sequence)", top=1)
    names = sorted(told.rows[0]) if told.rows else []
    return Finding("salesOrders: lines", ", ".join(names) or "no order to tell it from", "expanded lines come along")


async def _deltas(company: Service) -> Finding:
    told = await company.rows("/customers", prefer="odata.track-changes", select="id", top=1)
    return Finding("delta links", "given" if told.delta else "not given", "not to be relied on")
