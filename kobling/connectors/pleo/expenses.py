"""Expenses that wait to be booked: the items of open export jobs, their files, and telling what became of them.

Fidelity: known pleo §6 – started, items, results in batches of 10, completed or completed with errors; one item's
failure never fails the job; a job expires when nobody acts on it
Fidelity: assumed pleo §2 – values are hundredths for every currency, unless the connection is told otherwise
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from kobling.connectors.pleo.service import Row, Service
from kobling.records import N_, NotThere, Record, Refused
from kobling.sdk.hosts import checked_base_url
from kobling.sdk.paging import groups
from kobling.sdk.protocols import (
    Bookmark,
    Capabilities,
    FieldSchema,
    IdPage,
    Page,
    Told,
)
from kobling.sdk.readonly import NotWritten

ZERO_UUID = "00000000-0000-0000-0000-000000000000"
_OPEN = ("pending", "in_progress")
_AT_ONCE = 10
_LINKS_LIVE = timedelta(hours=23)
_MOST_BYTES = 50 * 1024 * 1024
_NO_RECEIPT = "receipt_download_failure"
NO_CENTS = frozenset({"ISK", "JPY", "KRW"})
_ENDINGS = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg", "image/heic": "heic"}
FIELDS = (
    *("jobId", "type", "subType", "date", "currency", "amount", "billCurrency", "billAmount", "lines", "contraCode"),
    *("reference", "settles", "attendees", "supplier", "userName", "userCode", "teamCode", "note", "files", "link"),
)


@dataclass(slots=True)
class _Links:
    """Where an expense's files can be fetched until when."""

    urls: dict[str, str]
    until: datetime


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
        self._links: dict[str, _Links] = {}

    async def describe(self) -> Mapping[str, FieldSchema]:
        """What an expense says; nothing of it is written."""
        return {name: FieldSchema(name, name, read_only=True) for name in FIELDS}

    async def read(self, bookmark: Bookmark | None) -> Page:
        """A page of the items of the open jobs, oldest job first."""
        mark = dict(bookmark or {})
        jobs = str(mark["jobs"]).split() if mark.get("jobs") else [str(job["id"]) async for job in self._open_jobs()]
        if not jobs:
            return Page([], {}, more=False)
        after = str(mark["after"]) if mark.get("after") else None
        try:
            told = await self._service.page("/v3/export-items", after, job_id=jobs[0])
        except Refused:
            # The job ended meanwhile: nothing of it is to be booked any more.
            return Page([], {"jobs": " ".join(jobs[1:]), "after": ""}, more=len(jobs) > 1)
        records = [self._record(row, jobs[0]) for row in told.rows]
        left = jobs if told.after else jobs[1:]
        following: Bookmark = {"jobs": " ".join(left), "after": told.after or ""} if left else {}
        return Page(records, following, more=bool(left))

    async def _open_jobs(self) -> AsyncIterator[Row]:
        found = []
        for state in _OPEN:
            params = {"company_id": self._service.company, "statuses": state}
            found += [job async for job in self._service.all("/v3/export-jobs", **params)]
        for job in sorted(found, key=lambda each: str(each["createdAt"])):
            yield job

    async def read_ids(self, position: str | None) -> IdPage:
        """Never asked for: an expense that is no longer in a job is not gone."""
        return IdPage([], None)

    async def get(self, external_id: str) -> Record:
        """An expense of an open job. Raises NotThere."""
        async for job in self._open_jobs():
            async for row in self._service.all("/v3/export-items", job_id=str(job["id"])):
                if row["accountingEntryId"] == external_id:
                    return self._record(row, str(job["id"]))
        raise NotThere(N_("The expense is in no open export job in Pleo."), code="not_queued")

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        """Those of the given expenses that are in an open job."""
        wanted, found = set(external_ids), []
        async for job in self._open_jobs():
            async for row in self._service.all("/v3/export-items", job_id=str(job["id"])):
                if row["accountingEntryId"] in wanted:
                    found.append(self._record(row, str(job["id"])))
        return found

    async def file(self, external_id: str, file: Mapping[str, Any]) -> bytes:
        """The content of a receipt, by a link that is still good. Raises Refused (``receipt_download_failure``)."""
        links = self._links.get(external_id)
        if links is None or links.until <= self._service.api.clock.now():
            await self.get(external_id)
            links = self._links[external_id]
        url = links.urls.get(str(file["name"]), "")
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
        async for job in self._open_jobs():
            if job["status"] == "pending":
                await self._event(str(job["id"]), "started")

    async def awaited(self) -> Sequence[str]:
        """Expenses of open jobs that have no result yet."""
        found: list[str] = []
        async for job in self._open_jobs():
            async for item in self._service.all(f"/v3/export-jobs/{job['id']}/items"):
                if item["status"] in _OPEN:
                    found.append(str(item["accountingEntryId"]))
        return found

    async def tell(self, told: Sequence[Told]) -> None:
        """Report results; a job whose items all have one is completed. Telling twice changes nothing."""
        by_id = {each.external_id: each for each in told}
        async for job in self._open_jobs():
            items = [item async for item in self._service.all(f"/v3/export-jobs/{job['id']}/items")]
            updates = [
                _update(by_id[item["accountingEntryId"]])
                for item in items
                if item["status"] in _OPEN and item["accountingEntryId"] in by_id
            ]
            for group in groups(updates, _AT_ONCE):
                await self._service.send("PUT", f"/v3/export-jobs/{job['id']}/items", list(group))
            left = sum(item["status"] in _OPEN for item in items) - len(updates)
            if items and left == 0:
                failed = any(item["status"] == "failed" for item in items) or any(
                    each["status"] == "failed" for each in updates
                )
                await self._event(str(job["id"]), "completed_with_errors" if failed else "completed")

    async def give_up(self, reason: str) -> None:
        """Open jobs fail, so that their expenses can be exported again when it is set up."""
        async for job in self._open_jobs():
            more = {"failureReason": reason[:500], "failureReasonType": "missing_configuration"}
            await self._event(str(job["id"]), "failed", **more)

    async def _event(self, job: str, event: str, **more: str) -> None:
        """A job that ended meanwhile needs no word."""
        try:
            await self._service.send("POST", "/v3/export-job-events", {"jobId": job, "event": event, **more})
        except Refused as refused:
            if refused.code != "INVALID_EXPORT_JOB_STATUS_CHANGE":
                raise

    def _record(self, row: Row, job: str) -> Record:
        entry = str(row["accountingEntryId"])
        info = row.get("additionalInformation") or {}
        reference = str(info.get("reconciliationId") or entry)
        files = [_file(reference, number, each) for number, each in enumerate(row.get("files") or ())]
        until = self._service.api.clock.now() + _LINKS_LIVE
        urls = [str(each["url"]) for each in row.get("files") or ()]
        self._links[entry] = _Links({str(each["name"]): url for each, url in zip(files, urls, strict=True)}, until)
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
                "files": files,
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
        return Decimal(told["value"]) / (1 if whole else 100)


def _file(reference: str, number: int, file: Row) -> Row:
    """A name that says which expense it belongs to, and stays the same whenever links change."""
    ending = _ENDINGS.get(str(file.get("type")), "bin")
    return {
        "name": f"{reference}-{number + 1}.{ending}",
        "type": file.get("type"),
        "size": file.get("size"),
    }


def _update(told: Told) -> Row:
    """One result."""
    if told.done:
        found = {"accountingEntryId": told.external_id, "status": "successful", "externalId": told.target_id}
        return {**found, "exportedAt": told.at.isoformat().replace("+00:00", "Z")}
    kind = told.kind if told.kind in ITEM_FAILURES else "accounting_system_validation_failure"
    found = {"accountingEntryId": told.external_id, "status": "failed", "failureReason": told.reason[:500]}
    return {**found, "failureReasonType": kind}


ITEM_FAILURES = frozenset(
    {"receipt_upload_failure", "receipt_download_failure", "receipt_file_size_limit_exceeded", "account_unknown"}
    | {"tax_code_unknown", "tag_unknown", "vendor_unknown", "missing_configuration", "validation_failure"}
    | {"authorization_failure", "accounting_system_unreachable", "accounting_system_validation_failure"}
)
