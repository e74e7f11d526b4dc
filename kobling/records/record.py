"""What flows: immutable snapshots of a vendor's records."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from kobling.records.values import Fields

VersionToken = str
"""The vendor's own change mark of one record, opaque to everyone but its connector."""


@dataclass(frozen=True, slots=True)
class Record:
    """Immutable snapshot of one record of one resource.

    ``fields`` hold the vendor's own names and values (Decimal for numbers, text untouched); a field the vendor did
    not send is absent. ``modified_at`` is the vendor's instant in UTC, or None where the vendor has none.
    """

    resource: str
    external_id: str
    fields: Fields
    version: VersionToken | None = None
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """A record a feed reported as deleted, with the vendor's instant where known."""

    external_id: str
    deleted_at: datetime | None = field(default=None, compare=False)
