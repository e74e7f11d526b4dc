"""The export-job protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kobling_simulators.pleo.company import Company, Row, State
from kobling_simulators.pleo.envelope import Fields, among, few, flag, key, read, text
from kobling_simulators.pleo.errors import ApiError, conflict, invalid
from kobling_simulators.pleo.facts import ITEM_FAILURES, ITEM_STATES, JOB_FAILURES
from kobling_simulators.pleo.settings import Settings

OPEN = ("pending", "in_progress")
_MOST = 100
_WORD = (text(1000), False)
_EVENTS = {
    "started": ("pending", "in_progress"),
    "failed": (None, "failed"),
    "completed": ("in_progress", "completed"),
    "completed_with_errors": ("in_progress", "completed_with_errors"),
}
_CREATE: Fields = {
    "companyId": (key, True),
    "accountingEntryIds": (few(key, 10_000), True),
    "employeeId": (key, False),
    "isInteractive": (flag, False),
    "options": (lambda value: isinstance(value, dict), False),
}
_OPTIONS: Fields = {"vendorBasedBookkeeping": (flag, False)}
_EVENT: Fields = {
    "jobId": (key, True),
    "event": (among(_EVENTS), True),
    "failureReason": _WORD,
    "failureReasonType": (among(JOB_FAILURES), False),
}
_UPDATE: Fields = {
    "accountingEntryId": (key, True),
    "exportJobId": (key, False),
    "status": (among(ITEM_STATES), True),
    "exportedAt": _WORD,
    "externalId": _WORD,
    "externalUrl": _WORD,
    "failureReason": _WORD,
    "failureReasonType": (among(ITEM_FAILURES), False),
}


class Jobs:
    """Export jobs of all companies; `made` is told of every new one.

    Fidelity: known pleo §3, §6 – one running job per company (409); started, results, completed; 413 above 100
    results; 422 on illegal changes; a job expires some seconds after its last action
    Fidelity: assumed pleo §6 – an action is an event or a result; reading a job or its items is none
    """

    def __init__(self, state: State, made: Callable[[Company, Row], None]) -> None:
        self._state = state
        self._made = made
        self.settings = Settings()

    def expire(self) -> None:
        """Let jobs that nobody touched fail."""
        now = self._state.clock.now()
        for company in self._state.companies.values():
            for job in [company.jobs[each] for each in company.open_jobs]:
                if now >= job["_touched"] + self.settings.job_life:
                    job["expiredAt"] = self._state.now()
                    self._end(company, job, "failed", "The job expired.", "job_expired")

    def create(self, body: Any, allowed: Callable[[str], Company]) -> Row:
        """A new job. Raises ApiError."""
        given = read(body, _CREATE)
        options = read(given.get("options") or {}, _OPTIONS)
        if not given["accountingEntryIds"]:
            raise invalid("'accountingEntryIds' must name an entry.")
        return self.queue(
            allowed(given["companyId"]),
            given["accountingEntryIds"],
            isInteractive=bool(given.get("isInteractive")),
            vendorBasedBookkeeping=bool(options.get("vendorBasedBookkeeping")),
            createdBy=given.get("employeeId"),
        )

    def queue(self, company: Company, entries: list[str], **told: Any) -> Row:
        """Put entries into a new job. Raises ApiError.

        Fidelity: known pleo §8 – only settled entries are exported; an exported one may be exported again
        """
        if company.open_jobs:
            raise ApiError(409, "EXPORT_ALREADY_IN_PROGRESS", "An export is going on already.")
        wanted = list(dict.fromkeys(entries))
        for each in wanted:
            if each not in company.entries or company.entries[each].get("deletedAt"):
                raise ApiError(404, "EXPORT_ENTRY_NOT_FOUND", f"There is no accounting entry {each}.")
            if company.entries[each]["exportStatus"] in ("NOT_CREATED", "CREATED"):
                raise invalid(f"The accounting entry {each} is not settled.")
        job = self._new(company, len(wanted), told)
        company.jobs[job["id"]] = job
        company.open_jobs.add(job["id"])
        company.items[job["id"]] = {each: _item(job["id"], each) for each in wanted}
        for each in wanted:
            self._mark(company, each, "QUEUED")
        self._made(company, job)
        return job

    def _new(self, company: Company, number: int, told: Row) -> Row:
        empty = ("createdBy", "startedAt", "completedAt", "expiredAt", "failureReason", "failureReasonType")
        return {
            "id": self._state.new_id(),
            "companyId": company.id,
            "status": "pending",
            "createdAt": self._state.now(),
            **dict.fromkeys(empty),
            "lastUpdatedAt": self._state.now(),
            "expiresIn": self.settings.job_life,
            "numberOfItems": number,
            "isInteractive": False,
            "vendorBasedBookkeeping": False,
            **told,
            "_touched": self._state.clock.now(),
        }

    def _mark(self, company: Company, entry: str, status: str) -> None:
        company.entries[entry].update({"exportStatus": status, "updatedAt": self._state.now()})

    def find(self, job_id: str, companies: Mapping[str, Company]) -> tuple[Company, Row]:
        """A job and its company. Raises ApiError."""
        for company in companies.values():
            if job_id in company.jobs:
                return company, company.jobs[job_id]
        raise ApiError(404, "EXPORT_NOT_FOUND", "There is no such export job.")

    def event(self, body: Any, companies: Mapping[str, Company]) -> None:
        """POST /v3/export-job-events. Raises ApiError."""
        given = read(body, _EVENT)
        company, job = self.find(given["jobId"], companies)
        needed, state = _EVENTS[given["event"]]
        items = company.items[job["id"]].values()
        wrong = job["status"] not in OPEN if needed is None else job["status"] != needed
        if given["event"] == "completed":
            wrong = wrong or any(each["status"] == "failed" for each in items)
        if wrong:
            reason = f"A job that is {job['status']} cannot become {state}."
            raise ApiError(422, "INVALID_EXPORT_JOB_STATUS_CHANGE", reason)
        if state == "in_progress":
            self._start(company, job)
        else:
            self._end(company, job, state, given.get("failureReason"), given.get("failureReasonType"))

    def _start(self, company: Company, job: Row) -> None:
        job.update({"status": "in_progress", "startedAt": self._state.now()})
        self._touch(job)
        for each in company.items[job["id"]]:
            self._mark(company, each, "EXPORTING")

    def _end(self, company: Company, job: Row, state: str, reason: Any = None, kind: Any = None) -> None:
        """Fidelity: assumed pleo §8 – what has no result when a job ends is abandoned and can be exported again."""
        job.update({"status": state, "failureReason": reason, "failureReasonType": kind})
        job["completedAt"] = self._state.now() if state.startswith("completed") else None
        company.open_jobs.discard(job["id"])
        self._touch(job)
        for entry_id, item in company.items[job["id"]].items():
            if item["status"] in OPEN:
                item["status"] = "abandoned"
            if company.entries[entry_id]["exportStatus"] in ("QUEUED", "EXPORTING"):
                self._mark(company, entry_id, "EXPORTED" if item["status"] == "successful" else "NOT_EXPORTED")

    def cancel(self, company: Company, job: Row) -> None:
        """A person takes the job back. Raises ApiError."""
        if job["status"] not in OPEN:
            raise conflict(f"The job is {job['status']} already.")
        self._end(company, job, "failed", "Canceled.", "canceled_by_user")

    def take_out(self, company: Company, entry: str) -> None:
        """A person moves an entry out of the queue. Raises ApiError.

        Fidelity: assumed pleo §8 – that works until the export starts; a queue without entries is taken back
        """
        for job in [company.jobs[each] for each in company.open_jobs]:
            if entry in company.items[job["id"]] and job["status"] == "pending":
                del company.items[job["id"]][entry]
                job["numberOfItems"] -= 1
                self._mark(company, entry, "NOT_EXPORTED")
                if not job["numberOfItems"]:
                    self.cancel(company, job)
                return
        raise conflict("It is not in the queue.")

    def _touch(self, job: Row) -> None:
        job["lastUpdatedAt"] = self._state.now()
        job["_touched"] = self._state.clock.now()

    def results(self, job_id: str, body: Any, companies: Mapping[str, Company]) -> dict[str, Any]:
        """PUT /v3/export-jobs/{id}/items. Raises ApiError.

        Fidelity: known pleo §4 – an entry that is not there is an error beside the good ones
        """
        company, job = self.find(job_id, companies)
        if not isinstance(body, list):
            raise invalid("The body must be an array of updates.")
        if len(body) > _MOST:
            raise ApiError(413, "EXPORT_JOB_ITEMS_UPDATE_LIMIT", f"At most {_MOST} items in one request.")
        if job["status"] != "in_progress":
            raise ApiError(422, "EXPORT_JOB_STATUS_UNPROCESSABLE", f"The job is {job['status']}.")
        updates = [read(each, _UPDATE) for each in body]
        if any(each.get("exportJobId") not in (None, job_id) for each in updates):
            raise invalid("'exportJobId' is not the job of the path.")
        done, errors = [], []
        for each in updates:
            item = company.items[job_id].get(each["accountingEntryId"])
            if item is None or each["accountingEntryId"] in self.settings.lost_entries:
                kind = {"type": "ACCOUNTING_ENTRY_DOES_NOT_EXIST", "message": "It is not part of this job."}
                errors.append({"accountingEntryId": each["accountingEntryId"], **kind})
                continue
            self._result(company, item, each)
            done.append(item)
        self._touch(job)
        return {"data": done, "errors": errors}

    def _result(self, company: Company, item: Row, told: Row) -> None:
        item.update({**told, "exportJobId": item["exportJobId"]})
        status = {"successful": "EXPORTED", "failed": "NOT_EXPORTED", "abandoned": "NOT_EXPORTED"}
        self._mark(company, item["accountingEntryId"], status.get(item["status"], "EXPORTING"))

    def entries(self, job_id: str, companies: Mapping[str, Company]) -> tuple[Company, Row, list[Row]]:
        """The entries to be exported, while the job is open. Raises ApiError."""
        company, job = self.find(job_id, companies)
        if job["status"] not in OPEN:
            raise ApiError(422, "EXPORT_JOB_STATUS_UNPROCESSABLE", f"The job is {job['status']}.")
        if self.settings.contra_accounts == "none":
            raise ApiError(400, "MISSING_CONTRA_ACCOUNTS", "The company has no contra accounts.")
        return company, job, [company.entries[each] for each in company.items[job_id]]


def _item(job_id: str, entry_id: str) -> Row:
    empty = ("exportedAt", "externalId", "externalUrl", "failureReason", "failureReasonType")
    return {"accountingEntryId": entry_id, "exportJobId": job_id, "status": "pending", **dict.fromkeys(empty)}
