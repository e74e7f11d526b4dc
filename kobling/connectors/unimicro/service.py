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

    async def companies(self) -> list[Row]:
        """Companies that the sign-in reaches."""
        told = await self.api.json("GET", "/api/init/companies")
        return [dict(each) for each in self._listed(told, "companies")]

    async def rows(self, route: str, **options: str) -> list[Row]:
        """Rows of a query; options without a value are left out."""
        params = {name: value for name, value in options.items() if value}
        told = await self.api.json("GET", f"{_BIZ}/{route}", params=params, headers=self.headers())
        if not isinstance(told, list):
            raise Misunderstood(N_("%(vendor)s sent a list in a shape of its own."), vendor="Unimicro", detail=route)
        return rows_in(told)

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

    def _listed(self, told: Any, what: str) -> list[Row]:
        if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
            raise Misunderstood(N_("%(vendor)s sent a list in a shape of its own."), vendor="Unimicro", detail=what)
        return told
