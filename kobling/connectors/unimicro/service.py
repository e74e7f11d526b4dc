"""One company in Unimicro: every call names it, and the year it is about.

Fidelity: known unimicro §3 – Authorization, CompanyKey, Year; /api/biz/{route}; bare arrays and objects
"""

from __future__ import annotations

from typing import Any

from kobling.records import N_, Misunderstood, from_json
from kobling.sdk.http import Api
from kobling.sdk.reading import rows_in

Row = dict[str, Any]
_BIZ = "/api/biz"


class Service:
    """Calls Unimicro for one company. ``seed`` keeps tenants' ids apart."""

    def __init__(self, api: Api, company_key: str, seed: str) -> None:
        self.api = api
        self.company_key = company_key
        self.seed = seed

    def headers(self) -> dict[str, str]:
        """What every call carries."""
        return {"CompanyKey": self.company_key, "Year": str(self.api.clock.now().year)}

    async def companies(self) -> dict[str, str]:
        """Companies that the sign-in reaches: key → name; one without a key cannot be called and is left out."""
        rows = rows_in(await self.api.json("GET", "/api/init/companies"), self.api.vendor, "companies")
        told = [
            (each.get("Key") or each.get("CompanyKey"), each.get("Name") or each.get("CompanyName")) for each in rows
        ]
        return {str(key): str(name or key) for key, name in told if key}

    async def rows(self, route: str, **options: str) -> list[Row]:
        """Rows of a query; options without a value are left out."""
        params = {name: value for name, value in options.items() if value}
        told = await self.api.json("GET", f"{_BIZ}/{route}", params=params, headers=self.headers())
        return rows_in(told, self.api.vendor, route)

    async def one(self, route: str, external_id: str, expand: str = "") -> Row:
        """One record with what is nested in it. Raises NotThere."""
        params = {"expand": expand} if expand else None
        told = await self.api.json("GET", f"{_BIZ}/{route}/{external_id}", params=params, headers=self.headers())
        if not isinstance(told, dict):
            raise Misunderstood(N_("%(vendor)s sent something else than a record."), vendor="Unimicro", detail=route)
        return dict(told)

    async def send(self, method: str, path: str, body: object) -> Row:
        """Send a change; what comes back, empty where nothing does."""
        answer = await self.api.request(method, f"{_BIZ}/{path}", json=body, headers=self.headers())
        if not answer.body.strip():
            return {}
        try:
            told = from_json(answer.body)
        except (ValueError, UnicodeDecodeError):
            raise self.api.not_json(method, path, answer, safe=False) from None
        return dict(told) if isinstance(told, dict) else {}
