"""Expenses that wait to be booked: the items of open export jobs and their files.

Fidelity: known pleo §6 – items are read while their job is open
Fidelity: assumed pleo §2 – values are hundredths for every currency, unless the connection is told otherwise
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from kobling.connectors.pleo.jobs import ENDED, Jobs
from kobling.connectors.pleo.receipts import Links, Place
from kobling.connectors.pleo.service import Row, Rows, Service
from kobling.records import N_, Misunderstood, NotThere, Record, Refused, exact
from kobling.sdk.hosts import checked_base_url
from kobling.sdk.protocols import (
    Bookmark,
    Capabilities,
    FieldSchema,
    IdPage,
    Page,
    Told,
)
from kobling.sdk.reading import records_of
from kobling.sdk.readonly import NotWritten

ZERO_UUID = "00000000-0000-0000-0000-000000000000"
_MOST_BYTES = 50 * 1024 * 1024
_NO_RECEIPT = "receipt_download_failure"
NO_CENTS = frozenset({"ISK", "JPY", "KRW"})
_ENDINGS = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg", "image/heic": "heic"}
FIELDS = (
    *("jobId", "type", "subType", "date", "currency", "amount", "billCurrency", "billAmount", "lines", "contraCode"),
    *("reference", "settles", "attendees", "supplier", "userName", "userCode", "teamCode", "note", "files", "link"),
)


class Expenses(NotWritten):
    """One expense is one record; its id is the accounting entry's.

    ``amount`` (Decimal, major units of ``currency``, the wallet's) is positive for what the company spends. ``lines``:
    dicts of account (its code), accountName, amount, taxCode, taxRate, tags (group code → tag code). ``date`` is an
    instant in UTC. ``files``: dicts of name, type and size. Implements ``Resource``, ``FileSource`` and
    ``Reporting``.
    """

    name = "expenses"
    capabilities = Capabilities()

    def __init__(self, service: Service, *, whole: bool, allow_hosts: Sequence[str], hosts: Sequence[str]) -> None:
        self._service = service
        self._whole = whole
        self._allow_hosts = tuple(allow_hosts)
        self._hosts = tuple(hosts)
        self.jobs = Jobs(service)
        self._links = Links(service.api.clock.now, self._read_links)

    async def describe(self) -> Mapping[str, FieldSchema]:
        """What an expense says; nothing of it is written."""
        return {name: FieldSchema(name, name, read_only=True) for name in FIELDS}

    async def read(self, bookmark: Bookmark | None) -> Page:
        """A page of the items of the open jobs, oldest job first."""
        mark = dict(bookmark or {})
        jobs = str(mark["jobs"]).split() if mark.get("jobs") else [str(job["id"]) async for job in self.jobs.open()]
        if not jobs:
            return Page([], {}, more=False)
        after = str(mark["after"]) if mark.get("after") else None
        try:
            told = await self._items((jobs[0], after))
        except Refused as refused:
            if refused.code not in ENDED:
                raise
            # Nothing of a job that ended meanwhile is to be booked any more.
            return Page([], {"jobs": " ".join(jobs[1:]), "after": ""}, more=len(jobs) > 1)
        records, unread = records_of(
            told.rows, lambda row: self._readable(row, jobs[0]), lambda row: row["accountingEntryId"]
        )
        left = jobs if told.after else jobs[1:]
        following: Bookmark = {"jobs": " ".join(left), "after": told.after or ""} if left else {}
        return Page(records, following, more=bool(left), unread=unread)

    async def _items(self, place: Place) -> Rows:
        job, after = place
        told = await self._service.page("/v3/export-items", after, job_id=job)
        self._links.keep(place, {str(row["accountingEntryId"]): _links(row) for row in told.rows})
        return told

    async def _read_links(self, place: Place) -> None:
        try:
            await self._items(place)
        except Refused as refused:
            if refused.code not in ENDED:
                raise

    async def _find(self, wanted: set[str]) -> list[Record]:
        """Those of the wanted expenses that are in an open job, as far as pages have to be read for them."""
        found: list[Record] = []
        async for job in self.jobs.open():
            after: str | None = None
            while len(found) < len(wanted):
                told = await self._items((str(job["id"]), after))
                found += [
                    self._record(row, str(job["id"])) for row in told.rows if str(row["accountingEntryId"]) in wanted
                ]
                after = told.after
                if after is None:
                    break
        return found

    async def read_ids(self, position: str | None) -> IdPage:
        """Never asked for: an expense that is no longer in a job is not gone."""
        return IdPage([], None)

    async def get(self, external_id: str) -> Record:
        """An expense of an open job. Raises NotThere."""
        for found in await self._find({external_id}):
            return found
        raise NotThere(N_("The expense is in no open export job in Pleo."), code="not_queued")

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        """Those of the given expenses that are in an open job."""
        return await self._find(set(external_ids))

    async def file(self, external_id: str, file: Mapping[str, Any]) -> bytes:
        """The content of a receipt, by a link that is still good. Raises Refused (``receipt_download_failure``)."""
        links = await self._links.of(external_id)
        if links is None:
            await self.get(external_id)
            links = await self._links.of(external_id) or {}
        url = links.get(str(file["name"]), "")
        if not url:
            raise Refused(
                N_("The receipt “%(name)s” could not be fetched from Pleo."),
                code=_NO_RECEIPT,
                field="files",
                name=file["name"],
            )
        place = urlsplit(url)
        base = checked_base_url(
            f"{place.scheme}://{place.netloc}", vendor="Pleo", hosts=self._hosts, allow_hosts=self._allow_hosts
        )
        path = f"{place.path}?{place.query}" if place.query else place.path
        try:
            answer = await self._service.api.signed_otherwise(base, auth=None).request("GET", path, cap=_MOST_BYTES)
        except Refused as refused:
            raise Refused(
                N_("The receipt “%(name)s” could not be fetched from Pleo."),
                code=_NO_RECEIPT,
                field="files",
                name=file["name"],
                detail=refused.detail,
            ) from None
        return answer.body

    async def begin(self) -> None:
        """Say that the work on pending jobs has started."""
        await self.jobs.begin()

    async def awaited(self) -> Sequence[str]:
        """Expenses of open jobs that have no result yet."""
        return await self.jobs.awaited()

    async def tell(self, told: Sequence[Told]) -> None:
        """Report results; telling twice changes nothing."""
        await self.jobs.tell(told)

    async def end(self) -> None:
        """Complete the jobs that have a result for every expense."""
        await self.jobs.end()

    async def give_up(self, reason: str) -> None:
        """Open jobs fail, so that their expenses can be exported again when it is set up."""
        await self.jobs.give_up(reason)

    def _readable(self, row: Row, job: str) -> Record:
        try:
            return self._record(row, job)
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
            raise Misunderstood(N_("%(vendor)s sent a record in a shape of its own."), vendor="Pleo") from None

    def _record(self, row: Row, job: str) -> Record:
        entry = str(row["accountingEntryId"])
        info = row.get("additionalInformation") or {}
        reference = _reference(row)
        amount = row["amount"]
        contra, supplier, user = row.get("contraAccount") or {}, row.get("supplier") or {}, row.get("user") or {}
        return Record(
            self.name,
            entry,
            {
                "jobId": job,
                "type": row["type"],
                "subType": row.get("subType"),
                "date": row["date"],
                "currency": amount["inWalletCurrency"]["currency"],
                "amount": self._money(amount["inWalletCurrency"]),
                "billCurrency": (amount.get("inSupplierCurrency") or {}).get("currency"),
                "billAmount": self._money(amount.get("inSupplierCurrency")),
                "lines": [self._line(each) for each in row["accountingEntryLines"]],
                "contraCode": contra.get("code") or None,
                "reference": reference,
                "settles": list(info.get("reconciledEntries") or ()),
                "attendees": [str(each) for each in info.get("attendees") or ()],
                "supplier": supplier.get("name") or None,
                "userName": user.get("name") or None,
                "userCode": user.get("code") or None,
                "teamCode": (row.get("team") or {}).get("code") or None,
                "note": row.get("note") or None,
                "files": _files(row),
                "link": (row.get("_links") or {}).get("web"),
            },
        )

    def _line(self, row: Row) -> Row:
        account, tax = row.get("account") or {}, row.get("tax") or {}
        known = account.get("id") not in (None, ZERO_UUID)
        return {
            "account": (account.get("code") or None) if known else None,
            "accountName": (account.get("name") or None) if known else None,
            "amount": self._money(row["lineAmount"]["inWalletCurrency"]),
            "taxCode": tax.get("code") or None,
            "taxRate": tax.get("rate"),
            "tags": {each["groupCode"]: each["code"] for each in row.get("tags") or () if each["id"] != ZERO_UUID},
        }

    def _money(self, told: Row | None) -> Decimal | None:
        """Major units."""
        if told is None:
            return None
        whole = self._whole and told["currency"] in NO_CENTS
        return exact(told["value"]) / (1 if whole else 100)


def _reference(row: Row) -> str:
    info = row.get("additionalInformation") or {}
    return str(info.get("reconciliationId") or row["accountingEntryId"])


def _files(row: Row) -> list[Row]:
    """Names that say which expense a file belongs to, and stay the same whenever links change."""
    return [
        {
            "name": f"{_reference(row)}-{number}.{_ENDINGS.get(str(each.get('type')), 'bin')}",
            "type": each.get("type"),
            "size": each.get("size"),
        }
        for number, each in enumerate(row.get("files") or (), start=1)
    ]


def _links(row: Row) -> dict[str, str]:
    urls = [str(each["url"]) for each in row.get("files") or ()]
    return {str(each["name"]): url for each, url in zip(_files(row), urls, strict=True)}
