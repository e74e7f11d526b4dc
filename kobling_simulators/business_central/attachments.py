"""Files on journal lines, documents and master data; pictures and PDFs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kobling_simulators.business_central.errors import bad_request, rule
from kobling_simulators.business_central.facts import BLANK, ZERO_GUID
from kobling_simulators.business_central.kinds import DOCUMENT_TYPES
from kobling_simulators.business_central.shelf import Row
from kobling_simulators.business_central.table import Parent, Reading, Table, Values

_MASTER = {"Employee": "employees", "Item": "items", "Customer": "customers", "Vendor": "vendors", "Job": "projects"}
_DOCUMENTS = {kind: name for name, kind in DOCUMENT_TYPES.items()}
_PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"


class Attachments(Table):
    """Attachments of journal lines and documents.

    Fidelity: known business_central §6.1 – parentType Journal is the id of a journal LINE; master data have to use
    documentAttachments
    """

    immutable = frozenset({"parentId", "parentType"})
    parents: Mapping[str, str] = {"Journal": "journalLines", **_DOCUMENTS}

    def computed(self) -> Mapping[str, Reading]:
        """The size is that of the content."""
        return {"byteSize": lambda row: len(row.secret("attachmentContent", b""))}

    def show(self, row: Row, only: frozenset[str] | None = None) -> Values:
        """The record with the links to its content.

        Fidelity: assumed business_central §6 – stream properties are shown as media links
        """
        shown = super().show(row, only)
        if only is None or "attachmentContent" in only:
            link = f"{self.entity.name}({row.id})/attachmentContent"
            shown["attachmentContent@odata.mediaEditLink"] = link
            shown["attachmentContent@odata.mediaReadLink"] = link
        return shown

    def scope(self, asked: Mapping[str, object], parent: Parent | None) -> Callable[[Row], bool] | None:
        """Fidelity: assumed business_central §6.1 – attachments are listed for one parent only."""
        if parent is None and not asked.get("parentId") and not asked.get("id"):
            raise bad_request("You must specify a parentId to get attachments.", "Application_FilterErrorException")
        return None

    def prepare(self, values: Values, row: Row | None, given: frozenset[str], parent: Parent | None) -> None:
        """The parent has to exist. Raises ApiError."""
        values.pop("byteSize", None)
        if row is not None:
            return
        kind, owner = values.get("parentType", BLANK), values.get("parentId", ZERO_GUID)
        if owner == ZERO_GUID:
            raise bad_request('A "parentId" must be provided.', "BadRequest_RequiredParamNotProvided")
        if not values.get("fileName"):
            raise bad_request('A "fileName" must be provided.', "BadRequest_RequiredParamNotProvided")
        if kind not in self.parents:
            raise rule(f"The parent type {kind} is not supported in {self.entity.name}.")
        if self.company.find(self.parents[kind], owner) is None:
            raise rule(f"The parent {owner} of type {kind} does not exist.")


class DocumentAttachments(Attachments):
    """Attachments of master data and documents."""

    parents: Mapping[str, str] = {**_MASTER, **_DOCUMENTS}


class Beside(Table):
    """One record beside each record of another table, made when first looked at: pictures, PDFs."""

    def under(self, parent: Parent) -> Iterable[Row]:
        """The record beside the parent."""
        row = self.shelf.rows.get(parent.row.id)
        if row is None:
            values: dict[str, Any] = {}
            for name in ("parentId", "parentType"):
                if name in self.entity.properties:
                    values[name] = parent.row.id if name == "parentId" else parent.navigation.kind or BLANK
            row = self.shelf.add(parent.row.id, self._sparse(values), parent.row.modified)
        return [row]

    def belongs(self, row: Row, parent: Parent | None) -> bool:
        """Every record stands beside its own parent."""
        return parent is None or row.id == parent.row.id


class PdfDocuments(Beside):
    """The printed document."""

    def read_stream(self, row: Row, name: str) -> bytes:
        """A small PDF."""
        return _PDF


class Pictures(Beside):
    """Pictures of customers, vendors, items, contacts and employees."""
