"""The lean loop: the bare HTTP work of a synchronisation by aiohttp and msgspec, and nothing else.

No journal, no mirror, no plan, no merge, no retry, no error handling, nothing that could go on after a crash: the
least a program can do that sends these requests. It keeps four in flight, as the connectors do.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

import aiohttp
import msgspec

AT_ONCE = 4
CRM_PAGE, DINERO_PAGE = 100, 1000
COLUMNS = (
    "ContactGuid,Name,ExternalReference,Street,ZipCode,City,CountryKey,Phone,Email,Webpage,AttPerson,VatNumber,"
    "EanNumber,SENumber,PNumber,PaymentConditionType,PaymentConditionNumberOfDays,IsPerson,IsMember,MemberNumber,"
    "UseCvr,CompanyTypeKey,InvoiceMailOutOptionKey,PreferredInvoiceLanguageKey,PreferredInvoiceCurrencyKey,IsDebitor,"
    "IsCreditor,CompanyStatus,VatRegionKey,CreatedAt,UpdatedAt,DeletedAt"
)
NOT_WRITTEN = {"ContactGuid", "IsDebitor", "IsCreditor", "CompanyStatus", "VatRegionKey", "DeletedAt"} | {
    "CreatedAt",
    "UpdatedAt",
}
FIELDS = {
    "Name": "accountname",
    "VatNumber": "cf_851",
    "Street": "bill_street",
    "ZipCode": "bill_code",
    "City": "bill_city",
    "Phone": "phone",
    "Email": "email1",
    "Webpage": "website",
    "ExternalReference": "account_no",
}
encode = msgspec.json.Encoder(decimal_format="number").encode
decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Crm:
    """Simply CRM's web service."""

    def __init__(self, session: aiohttp.ClientSession, given: dict[str, str]) -> None:
        self._session = session
        self._url = f"{given['url']}/webservice.php"
        self._given = given
        self._name = ""

    async def sign_in(self) -> None:
        """Challenge and login."""
        challenge = await self.get(operation="getchallenge", username=self._given["username"])
        proof = hashlib.md5(f"{challenge['token']}{self._given['access_key']}".encode()).hexdigest()
        login = await self.post(operation="login", username=self._given["username"], accessKey=proof)
        self._name = login["sessionName"]

    async def query(self, text: str) -> list[dict[str, Any]]:
        """Rows of a query."""
        rows: list[dict[str, Any]] = await self.get(operation="query", sessionName=self._name, query=text)
        return rows

    async def revise(self, element: dict[str, Any]) -> None:
        """Change some fields of a record."""
        await self.post(operation="revise", sessionName=self._name, element=encode(element).decode())

    async def get(self, **params: str) -> Any:
        """Decoded result of a GET."""
        async with self._session.get(f"{self._url}?{urlencode(params)}") as answer:
            return decode(await answer.read())["result"]

    async def post(self, **form: str) -> Any:
        """Decoded result of a POST."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        async with self._session.post(self._url, data=urlencode(form).encode(), headers=headers) as answer:
            return decode(await answer.read())["result"]


class Dinero:
    """Dinero's contacts."""

    def __init__(self, session: aiohttp.ClientSession, given: dict[str, str]) -> None:
        self._session = session
        self._given = given
        self._url = f"{given['url']}/{{}}/{given['organization_id']}/contacts"
        self._headers: dict[str, str] = {}

    async def sign_in(self) -> None:
        """Fetch a token."""
        key = self._given["api_key"]
        form = {"grant_type": "password", "scope": "read write", "username": key, "password": key}
        headers = {"Authorization": aiohttp.encode_basic_auth(self._given["client_id"], self._given["client_secret"])}
        url = f"{self._given['url']}/dineroapi/oauth/token"
        async with self._session.post(url, data=form, headers=headers) as answer:
            token = decode(await answer.read())["access_token"]
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    async def pages(self, **more: str) -> AsyncIterator[list[dict[str, Any]]]:
        """All pages of a list."""
        rows: list[dict[str, Any]] = []
        page = 0
        while not page or len(rows) == DINERO_PAGE:
            params = {"fields": COLUMNS, "page": str(page), "pageSize": str(DINERO_PAGE), **more}
            rows = (await self.send("GET", f"?{urlencode(params)}"))["Collection"]
            yield rows
            page += 1

    async def create(self, contact: dict[str, Any]) -> None:
        """A new contact."""
        await self.send("POST", "", contact)

    async def change(self, guid: str, changes: dict[str, Any]) -> None:
        """Read, merge and write whole."""
        now = await self.send("GET", f"/{guid}")
        whole = {name: value for name, value in now.items() if name not in NOT_WRITTEN}
        await self.send("PUT", f"/{guid}", {**whole, **changes}, "v2")

    async def send(self, method: str, path: str, body: Any = None, version: str = "v1") -> Any:
        """Send a request; the decoded answer, None when it is empty."""
        data = None if body is None else encode(body)
        url = self._url.format(version) + path
        async with self._session.request(method, url, data=data, headers=self._headers) as answer:
            raw = await answer.read()
            assert answer.status < 300, raw
            return decode(raw) if raw else None


async def at_once(work: Iterable[Any], do: Callable[[Any], Awaitable[None]]) -> None:
    """Do all of it, so many at the same time."""
    waiting = iter(work)

    async def go_on() -> None:
        for each in waiting:
            await do(each)

    await asyncio.gather(*[go_on() for _ in range(AT_ONCE)])


def guid_of(account: str) -> str:
    """The contact's id, chosen by us."""
    return str(uuid5(NAMESPACE_URL, f"lean/{account}"))


def contact_of(row: dict[str, str]) -> dict[str, Any]:
    """An organisation as a contact."""
    made: dict[str, Any] = {name: row[field] or None for name, field in FIELDS.items()}
    return {**made, "ContactGuid": guid_of(row["id"]), "CountryKey": "DK", "IsPerson": False, "IsMember": False} | {
        "UseCvr": False
    }


def remember(path: str, rows: list[dict[str, Any]]) -> None:
    """Which contact came of which organisation."""
    with open(path, "a") as file:
        file.writelines(f"{guid_of(row['id'])} {row['id']}\n" for row in rows)


def remembered(path: str) -> dict[str, str]:
    """The organisation of each contact."""
    return dict(line.split() for line in Path(path).read_text().splitlines())


async def initial(crm: Crm, dinero: Dinero, state: dict[str, str]) -> None:
    """Read every organisation, create a contact of each, read all contacts back."""
    newest, where = "", ""
    rows: list[dict[str, Any]] = []
    while not where or len(rows) == CRM_PAGE:
        rows = await crm.query(f"select * from Accounts{where} order by id limit {CRM_PAGE};")
        await at_once(map(contact_of, rows), dinero.create)
        remember(state["ids"], rows)
        newest = max(newest, *(row["modifiedtime"] for row in rows)) if rows else newest
        where = f" where id > '{rows[-1]['id'] if rows else ''}'"
    state["crm"] = newest
    async for page in dinero.pages():
        state["dinero"] = page[-1]["UpdatedAt"][:19] + "Z" if page else state["dinero"]


async def changed_rows(crm: Crm, dinero: Dinero, state: dict[str, str]) -> tuple[list[Any], list[Any]]:
    """What moved on both sides since the last time, one reading each, and how many there are."""
    found: list[dict[str, Any]] = []
    above = ""
    while not above or len(found) % CRM_PAGE == 0:
        where = f"modifiedtime > '{state['crm']}'{above} order by id limit {CRM_PAGE}"
        rows = await crm.query(f"select * from Accounts where {where};")
        if not rows:
            break
        found += rows
        above = f" and id > '{rows[-1]['id']}'"
    await crm.query("select count(*) from Accounts;")
    moved = [row async for page in dinero.pages(changesSince=state["dinero"]) for row in page]
    async for _ in dinero.pages(deletedOnly="true"):
        pass
    return found, moved


async def unchanged(crm: Crm, dinero: Dinero, state: dict[str, str]) -> None:
    """Ask both sides what changed."""
    await changed_rows(crm, dinero, state)


async def changed(crm: Crm, dinero: Dinero, state: dict[str, str]) -> None:
    """Ask both sides what changed, carry it over, read it back."""
    left, right = await changed_rows(crm, dinero, state)
    accounts = remembered(state["ids"])
    new = [row for row in right if row["Street"].startswith("Ny Vej")]
    await at_once(left, lambda row: dinero.change(guid_of(row["id"]), {"Phone": row["phone"]}))
    elements = [{"id": accounts[row["ContactGuid"]], "bill_street": row["Street"]} for row in new]
    await at_once(elements, crm.revise)
    async for _ in dinero.pages(changesSince=state["dinero"]):
        pass


async def work(what: str, given: dict[str, Any], state: dict[str, str]) -> None:
    """Sign in to both and do one scenario."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        crm, dinero = Crm(session, given["crm"]), Dinero(session, given["dinero"])
        await crm.sign_in()
        await dinero.sign_in()
        await {"initial": initial, "unchanged": unchanged, "changed": changed}[what](crm, dinero, state)


def main(what: str, given: dict[str, Any]) -> None:
    """One scenario, with the bookmarks of the one before."""
    path = Path(given["state"])
    state = json.loads(path.read_text()) if path.exists() else {"ids": f"{path}.ids"}
    asyncio.run(work(what, given, state))
    path.write_text(json.dumps(state))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
