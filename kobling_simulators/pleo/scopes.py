"""What a credential may do, in the spellings that were seen."""

from __future__ import annotations

from collections.abc import Iterable

_AREAS = {
    "companies": "read",
    "employees": "read",
    "export-items": "read",
    "export-jobs": "read write",
    "chart-of-accounts": "read write",
    "tag-groups": "read write",
    "tax-codes": "read write",
    "vendors": "read write",
    "accounting-entries": "read",
    "webhook-subscriptions": "read write",
}
_SPELLINGS = {"tag-group": "tag-groups", "users": "employees"}
SCOPES = frozenset(f"{name}:{verb}" for name, verbs in _AREAS.items() for verb in verbs.split())


def understood(scopes: Iterable[str]) -> frozenset[str]:
    """Scopes in one spelling.

    Fidelity: known pleo §1 – tag-groups on staging is tag-group in production; here both are good
    Fidelity: assumed pleo §1 – users:read says what employees:read says
    """
    found = set()
    for each in scopes:
        area, _, verb = each.partition(":")
        found.add(f"{_SPELLINGS.get(area, area)}:{verb}")
    return frozenset(found)
