"""Finding what a person added to an installation: a custom field is told by its label."""

from __future__ import annotations

import re

from kobling.mapping import Side
from kobling.pairs.base import Schemas

CVR_LABEL = re.compile(r"\b(cvr|se[-/ ]?nr|vat (no|number|id)|momsnr|org\.? ?nr)", re.IGNORECASE)
EAN_LABEL = re.compile(r"\b(ean|gln)\b", re.IGNORECASE)


def labelled(schemas: Schemas, side: Side, resource: str, prefix: str, label: re.Pattern[str]) -> str | None:
    """The first custom field of a resource whose label fits, by name; None before it was described."""
    for name, field in sorted(schemas.get(side, {}).get(resource, {}).items()):
        if name.startswith(prefix) and label.search(field.label):
            return name
    return None
