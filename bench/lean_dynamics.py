"""The lean loop of the second pair: accounts are read, customers made by $batch, their numbers written back by $batch.

By aiohttp and msgspec and nothing else: no journal, no mirror, no plan, no retry, nothing that goes on after a crash.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import aiohttp
import msgspec

SALES_AT_ONCE, CENTRAL_AT_ONCE, PAGE, BATCH = 8, 5, 1000, 100
COLUMNS = (
    "name,accountnumber,customertypecode,address1_line1,address1_line2,address1_postalcode,address1_city,"
    "address1_stateorprovince,address1_country,emailaddress1,telephone1,fax,websiteurl,creditlimit,statecode,modifiedon"
)
FIELDS = {
    "displayName": "name",
    "addressLine1": "address1_line1",
    "postalCode": "address1_postalcode",
    "city": "address1_city",
    "phoneNumber": "telephone1",
    "email": "emailaddress1",
    "website": "websiteurl",
}
encode = msgspec.json.Encoder(decimal_format="number").encode
decode = msgspec.json.Decoder(float_hook=Decimal).decode


async def token(session: aiohttp.ClientSession, given: dict[str, str], scope: str) -> dict[str, str]:
    """A header that signs an app in."""
    form = {"grant_type": "client_credentials", "scope": scope}
    form |= {name: given[name] for name in ("client_id", "client_secret")}
    async with session.post(f"{given['authority']}/{given['tenant']}/oauth2/v2.0/token", data=form) as answer:
        return {"Authorization": f"Bearer {decode(await answer.read())['access_token']}"}


async def run(sales: dict[str, str], central: dict[str, str]) -> int:
    """One initial synchronisation. Returns how many customers were made."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        left = await token(session, sales, f"{sales['url']}/.default")
        right = await token(session, central, "https://api.businesscentral.dynamics.com/.default")
        accounts = await read(session, sales, left)
        made = await make(session, central, right, accounts)
        await write_back(session, sales, left, made)
        return len(made)


async def read(session: aiohttp.ClientSession, sales: dict[str, str], sign: dict[str, str]) -> list[dict[str, Any]]:
    """All accounts."""
    found: list[dict[str, Any]] = []
    link: str | None = f"{sales['url']}/api/data/v9.2/accounts?$select={COLUMNS}"
    while link:
        async with session.get(link, headers={**sign, "Prefer": f"odata.maxpagesize={PAGE}"}) as answer:
            told = decode(await answer.read())
        found += told["value"]
        link = told.get("@odata.nextLink")
    return found


async def make(
    session: aiohttp.ClientSession, central: dict[str, str], sign: dict[str, str], accounts: Sequence[dict[str, Any]]
) -> list[tuple[str, str]]:
    """Customers of the accounts: (account, the number it got)."""
    root = f"{central['url']}/v2.0/{central['tenant']}/{central['environment']}/api/v2.0"
    path = f"companies({central['company_id']})/customers"
    slots = asyncio.Semaphore(CENTRAL_AT_ONCE)

    async def send(group: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
        parts = [
            {
                "id": str(at),
                "method": "POST",
                "url": path,
                "headers": {"Content-Type": "application/json"},
                "body": {ours: each[theirs] for ours, theirs in FIELDS.items() if each.get(theirs)},
            }
            for at, each in enumerate(group)
        ]
        headers = {**sign, "Content-Type": "application/json", "Accept-Language": "en-US"}
        async with slots, session.post(f"{root}/$batch", data=encode({"requests": parts}), headers=headers) as answer:
            told = decode(await answer.read())
        return [(group[int(each["id"])]["accountid"], each["body"]["number"]) for each in told["responses"]]

    return [pair for group in await asyncio.gather(*map(send, cut(accounts))) for pair in group]


async def write_back(
    session: aiohttp.ClientSession, sales: dict[str, str], sign: dict[str, str], made: Sequence[tuple[str, str]]
) -> None:
    """The numbers, into the accounts."""
    slots = asyncio.Semaphore(SALES_AT_ONCE)

    async def send(group: Sequence[tuple[str, str]]) -> None:
        lines = []
        for account, number in group:
            lines += ["--batch_x", "Content-Type: application/http", "Content-Transfer-Encoding: binary", ""]
            lines += [f"PATCH /api/data/v9.2/accounts({account}) HTTP/1.1", "Content-Type: application/json"]
            lines += ["If-Match: *", "Prefer: return=representation", "", json.dumps({"accountnumber": number})]
        body = "\r\n".join([*lines, "--batch_x--", ""]).encode()
        headers = {**sign, "Content-Type": "multipart/mixed; boundary=batch_x", "Prefer": "odata.continue-on-error"}
        async with slots, session.post(f"{sales['url']}/api/data/v9.2/$batch", data=body, headers=headers) as answer:
            await answer.read()

    await asyncio.gather(*map(send, cut(made)))


def cut(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Groups of a batch's size."""
    return (items[at : at + BATCH] for at in range(0, len(items), BATCH))


if __name__ == "__main__":
    systems = json.loads(sys.argv[1])
    print(asyncio.run(run(systems["sales"], systems["central"])))
