"""Files, webhooks and contact notes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kobling_simulators.dinero.books import Books, StoredFile
from kobling_simulators.dinero.errors import INVALID_FORMAT, NOT_FOUND, ApiError, bad_request, not_found
from kobling_simulators.dinero.facts import facts
from kobling_simulators.dinero.listing import changes_since, whole_number
from kobling_simulators.dinero.schema import read_body
from kobling_simulators.dinero.shelf import iso
from kobling_simulators.wire import Call, Reply

MAX_FILE = 6 * 1024 * 1024
_STATUSES = ("all", "used", "unused")


class Files:
    """The file archive.

    Fidelity: known dinero §4 – images and PDF, at most 6 MB, else 400 or 413
    """

    def __init__(self, books: Books) -> None:
        self._books = books

    def upload(self, call: Call) -> Any:
        """POST multipart: answers {FileGuid}."""
        parts = [part for part in call.parts() if part.filename]
        if not parts:
            raise bad_request("There is no file in the form")
        part = parts[0]
        if len(part.content) > MAX_FILE:
            raise ApiError(413, NOT_FOUND, "The file is larger than 6 MB")
        if not (part.content_type.startswith("image/") or part.content_type == "application/pdf"):
            raise bad_request("Only images and PDF are stored", NOT_FOUND)
        guid = self._books.new_guid()
        stored = StoredFile(guid, part.filename, part.content_type, part.content, self._books.now())
        self._books.files[guid] = stored
        return {"FileGuid": guid}

    def list(self, call: Call) -> Any:
        """GET files: a plain list, newest first, with its own paging."""
        status = (call.query.get("fileStatus") or "All").lower()
        if status not in _STATUSES:
            raise bad_request("fileStatus is All, Used or Unused")
        before, after = _slashed(call, "uploadedBefore"), _slashed(call, "uploadedAfter")
        kinds = {one.strip(" .").lower() for one in call.query.get("extensions", "").split(",") if one.strip()}
        rows = [
            one
            for one in sorted(self._books.files.values(), key=lambda one: (-one.uploaded, one.guid))
            if (status == "all" or bool(one.used_by) == (status == "used"))
            and (before is None or one.uploaded < before)
            and (after is None or one.uploaded >= after)
            and (not kinds or _extension(one) in kinds)
        ]
        page, size = whole_number(call.query, "page", 0), whole_number(call.query, "pageSize", 1000)
        if page < 0 or size < 1:
            raise bad_request("page and pageSize must not be negative")
        return [_shown(one) for one in rows[page * size : (page + 1) * size]]

    def get(self, call: Call, guid: str) -> Reply:
        """GET the bytes."""
        stored = self._books.files.get(guid.lower())
        if stored is None:
            raise not_found("The file")
        return Reply(200, stored.content, stored.content_type)


def _extension(stored: StoredFile) -> str:
    return stored.name.rpartition(".")[2].lower()


def _slashed(call: Call, name: str) -> int | None:
    """Fidelity: inferred dinero §4 – yyyy/MM/dd, or an instant as for changesSince (a client in use sends that)."""
    text = call.query.get(name, "")
    if not text:
        return None
    if "/" not in text:
        return changes_since(call.query, name)
    try:
        return int(datetime.strptime(f"{text} +0000", "%Y/%m/%d %z").timestamp() * 1000)
    except ValueError:
        raise bad_request(f"{name} must be yyyy/MM/dd", INVALID_FORMAT) from None


def _shown(stored: StoredFile) -> dict[str, Any]:
    return {
        "FileGuid": stored.guid,
        "Name": stored.name,
        "Extension": _extension(stored),
        "Size": len(stored.content),
        "UploadedAt": iso(stored.uploaded),
        "Note": None,
        "NumberOfPages": None,
        "Linked": [{"VoucherId": 0, "VoucherGuid": guid, "LinkedAt": None} for guid in stored.used_by],
        "UploadedBy": "api",
    }


class Webhooks:
    """Subscriptions; nothing is ever sent.

    Fidelity: assumed dinero §4 – event ids and the shapes of events and subscriptions are in no source read
    """

    def __init__(self, books: Books) -> None:
        self._books = books

    def events(self, call: Call) -> Any:
        """GET webhooks/events."""
        return [{"EventId": one} for one in facts("set_up.json")["webhook_events"]]

    def subscriptions(self, call: Call) -> Any:
        """GET webhooks/subscriptions."""
        return [{"EventId": event, "Uri": uri} for event, uri in sorted(self._books.subscriptions.items())]

    def subscribe(self, call: Call) -> Any:
        """POST webhooks/subscribe {Uri, EventId}: 200."""
        body = self._read(call, "WebhookSubscribe")
        if body["EventId"] not in facts("set_up.json")["webhook_events"] or not body["Uri"]:
            raise bad_request("EventId or Uri is not valid")
        self._books.subscriptions[body["EventId"]] = body["Uri"]

    def unsubscribe(self, call: Call) -> Any:
        """DELETE webhooks/unsubscribe with {EventId} in the body: 200."""
        if self._books.subscriptions.pop(self._read(call, "WebhookUnsubscribe")["EventId"], None) is None:
            raise not_found("The subscription")

    def _read(self, call: Call, name: str) -> dict[str, Any]:
        return read_body(call.body, name, strict=self._books.settings.strict_bodies)


class Notes:
    """Notes on contacts."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def list(self, call: Call, guid: str) -> Any:
        """GET notes that are not deleted."""
        return [self._shown(one) for one in self._notes(guid).values() if one["deleted"] is None]

    def get(self, call: Call, guid: str, note: str) -> Any:
        """GET one."""
        return self._shown(self._find(guid, note))

    def create(self, call: Call, guid: str) -> Any:
        """POST {Text}."""
        body, now = self._read(call), self._books.now()
        note = {"id": self._books.new_guid(), "text": body["Text"], "created": now, "updated": now, "deleted": None}
        self._notes(guid)[note["id"]] = note
        return self._shown(note)

    def replace(self, call: Call, guid: str, note: str) -> Any:
        """PUT {Text}."""
        found = self._find(guid, note)
        found.update(text=self._read(call)["Text"], updated=self._books.now())
        return self._shown(found)

    def delete(self, call: Call, guid: str, note: str) -> Any:
        """DELETE."""
        self._find(guid, note)["deleted"] = self._books.now()

    def _notes(self, guid: str) -> dict[str, dict[str, Any]]:
        contact = self._books.contacts.by_guid.get(guid.lower())
        if contact is None:
            raise not_found("The contact")
        notes: dict[str, dict[str, Any]] = contact.extra.setdefault("Notes", {})
        return notes

    def _find(self, guid: str, note: str) -> dict[str, Any]:
        found = self._notes(guid).get(note.lower())
        if found is None or found["deleted"] is not None:
            raise not_found("The note")
        return found

    def _read(self, call: Call) -> dict[str, Any]:
        return read_body(call.body, "ContactNote", strict=self._books.settings.strict_bodies)

    def _shown(self, note: dict[str, Any]) -> dict[str, Any]:
        return {
            "Id": note["id"],
            "NoteDate": iso(note["created"]),
            "Text": note["text"],
            "AuthorName": "Kobling",
            "AuthorEmail": None,
            "CreatedAt": iso(note["created"]),
            "UpdatedAt": iso(note["updated"]),
            "DeletedAt": iso(note["deleted"]),
        }
