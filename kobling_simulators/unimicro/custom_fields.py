"""Custom fields, and the value list of their types."""

from __future__ import annotations

import re

from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.errors import ApiError, RuleBroken
from kobling_simulators.unimicro.facts import entity_named
from kobling_simulators.unimicro.filters import CUSTOM
from kobling_simulators.unimicro.graphs import Batch, Draft
from kobling_simulators.unimicro.table import Row
from kobling_simulators.unimicro.values import is_guid

DRAFT, ACTIVE = 110100, 110101
TYPES = "customfieldsqltypes"
_NAME = re.compile(r"[A-Za-zÆØÅæøå_]\w{0,99}")


def check_custom_field(batch: Batch, draft: Draft) -> None:
    """Fidelity: known unimicro §7 – Name, ModelID, DataType (a guid of the value list customfieldsqltypes), Nullable
    Fidelity: assumed unimicro §7 – names are words, unique for a model
    """
    name = draft.final("Name") or ""
    if not _NAME.fullmatch(name):
        batch.wrong(draft, "Name", "is no word")
    if draft.final("ModelID") is None or batch.books.get("Model", draft.final("ModelID")) is None:
        batch.wrong(draft, "ModelID", "is required")
    kinds = batch.books.tables["ValueItem"].rows.values()
    kind = draft.final("DataType")
    if not is_guid(kind) or str(kind).lower() not in {row["Code"].lower() for row in kinds}:
        batch.wrong(draft, "DataType", "is no known type")
    same = batch.books.tables["CustomField"].found("Name", name)
    if any(row["ID"] != draft.key and row.get("ModelID") == draft.final("ModelID") for row in same):
        raise RuleBroken(f"There is a custom field {name} already", "CustomField", "Name", draft.key)
    if draft.new:
        draft.values["StatusCode"] = DRAFT


def activate(books: Books, row: Row, action: str) -> Row:
    """POST custom-fields/{id}?action=activate. Raises ApiError.

    Fidelity: known unimicro §7 – a custom field is made and then activated
    """
    if action.lower() != "activate":
        raise ApiError(f"Unknown action '{action}'")
    if row.get("StatusCode") != DRAFT:
        raise RuleBroken("The custom field is active already", "CustomField", "StatusCode", row["ID"])
    books.change("CustomField", row, {"StatusCode": ACTIVE})
    use(books, row)
    return row


def use(books: Books, row: Row) -> None:
    """Let rows of the model have the field, and find them by it."""
    model = books.get("Model", row["ModelID"])
    entity = entity_named(model["Name"]) if model else None
    if entity is None:
        return
    name: str = row["Name"]
    books.custom_fields.setdefault(entity.name, {})[name] = row
    books.tables[entity.name].index(f"{CUSTOM}.{name}", lambda each: (each.get(CUSTOM) or {}).get(name))
