"""Words of the contract: what states, families and reasons are called."""

from __future__ import annotations

import json
from importlib.resources import files

_WORDS: dict[str, list[str]] = json.loads(files(__package__).joinpath("facts.json").read_text(encoding="utf-8"))

JOB_STATES = tuple(_WORDS["ExportJobStatus"])
ITEM_STATES = tuple(_WORDS["ExportJobItemStatus"])
JOB_FAILURES = frozenset(_WORDS["ExportJobFailure"])
ITEM_FAILURES = frozenset(_WORDS["ExportItemFailure"])
FAMILIES = frozenset(_WORDS["Family"])
SUB_FAMILIES = frozenset(_WORDS["SubFamily"])
ENTRY_STATES = frozenset(_WORDS["EntryStatus"])
EXPORT_STATES = frozenset(_WORDS["EntryExportStatus"])
REVIEW_STATES = frozenset(_WORDS["ReviewStatus"])
SORT_KEYS = tuple(_WORDS["SortKeysAccountingEntries"])
TAX_TYPES = tuple(_WORDS["TaxType"])
VENDOR_STATES = tuple(_WORDS["VendorState"])
LOCKED = ("QUEUED", "EXPORTING", "EXPORTED")
DATES = ("bookkeepingDate", "performedAt", "settledAt")
