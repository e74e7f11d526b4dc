"""The words and icons of the eleven states, and how systems are written."""

from __future__ import annotations

from collections.abc import Mapping

from kobling.hub.happened import What
from kobling.records import N_
from kobling.sdk.registry import connectors

STATE_WORDS: Mapping[str, str] = {
    "never": N_("Never run"),
    "wait": N_("Planned"),
    "run": N_("Running"),
    "ok": N_("In step"),
    "late": N_("Late"),
    "you": N_("Waits for you"),
    "half": N_("Partly done"),
    "bad": N_("Failed"),
    "key": N_("Sign-in expired"),
    "pause": N_("Paused"),
    "limit": N_("Limited"),
}
STATE_ICONS: Mapping[str, str] = {
    "never": "circle-dashed",
    "wait": "clock-4",
    "run": "loader-circle",
    "ok": "circle-check",
    "late": "clock-alert",
    "you": "circle-alert",
    "half": "contrast",
    "bad": "circle-x",
    "key": "key-round",
    "pause": "circle-pause",
    "limit": "gauge",
}
WHAT_ICONS: Mapping[str, str] = {
    What.ASSIGNED: "user-plus",
    What.UNASSIGNED: "user-minus",
    What.CONNECTED: "plug",
    What.KEY_REVOKED: "unplug",
    What.ISSUE_SETTLED: "check",
    What.COUPLED: "link",
    What.COUPLED_MANY: "link",
    What.UNCOUPLED: "unlink",
    What.UNCOUPLED_MANY: "unlink",
    What.RUN_UNDONE: "undo-2",
    What.RUN_CANCELLED: "circle-stop",
    What.SCHEDULE_SET: "clock-4",
    What.FILE_MADE: "file-down",
    What.FILE_TRANSFERRED: "send",
    What.DEADLINE_SET: "calendar-plus",
    What.DEADLINE_REMOVED: "calendar-check",
    What.CLIENT_ADDED: "building-2",
}
MONOGRAMS: Mapping[str, str] = {"dataverse": "Ds", "business_central": "Bc"}
"""Where it is not how the system's name begins; no vendor's mark is ours to show."""


def system(connector: str) -> tuple[str, str]:
    """A system's monogram and name; of a connector that is no longer installed its own name."""
    kind = connectors().found.get(connector)
    title = kind.title if kind else connector
    return MONOGRAMS.get(connector, title[:2].title()), title
