"""Read-only questions to a real environment, compared with the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator

from kobling.connectors.dataverse.about import About
from kobling.connectors.dataverse.tables import TABLES
from kobling.sdk.http import Api
from kobling.sdk.odata.service import Service
from kobling.sdk.probe import asked, clock_finding, limit_finding
from kobling.sdk.protocols import Finding


async def probe(api: Api, service: Service, about: About) -> AsyncIterator[Finding]:
    """Tables, columns, change tracking, paging, bulk messages; writes nothing."""
    answer = await api.request("GET", f"{service.root}/WhoAmI", headers=service.headers())
    yield clock_finding(answer.headers, api.clock)
    yield limit_finding(answer.headers)
    for spec in TABLES:
        yield await asked(f"{spec.name}: columns", lambda spec=spec: _columns(about, spec.logical, spec.columns))  # type: ignore[misc]
        yield await asked(f"{spec.name}: change tracking", lambda spec=spec: _tracking(service, spec.logical))  # type: ignore[misc]
    yield await asked("paging", lambda: _paging(service))


async def _columns(about: About, logical: str, wanted: tuple[str, ...]) -> Finding:
    there = await about.columns(logical)
    missing = [name for name in wanted if name not in there]
    said = f"{len(there)} columns; missing {', '.join(missing) or 'none'}"
    return Finding(f"{logical}: columns", said, "those of the contract", not missing)


async def _tracking(service: Service, logical: str) -> Finding:
    told = await service.get(
        f"/EntityDefinitions(LogicalName='{logical}')", select="ChangeTrackingEnabled,IsOptimisticConcurrencyEnabled"
    )
    tracks, tags = told.get("ChangeTrackingEnabled"), told.get("IsOptimisticConcurrencyEnabled")
    return Finding(f"{logical}: change tracking", f"changes {tracks}, ETags {tags}", "differs by organisation")


async def _paging(service: Service) -> Finding:
    told = await service.rows("/accounts", prefer="odata.maxpagesize=1", select="accountid")
    said = f"{len(told.rows)} row, {'a' if told.next else 'no'} link to the next page"
    return Finding("paging", said, "odata.maxpagesize is honoured", len(told.rows) <= 1)
