"""The words and icons of the eleven states, and what systems are called."""

from __future__ import annotations

from collections.abc import Mapping

from kobling.records import N_

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
SYSTEMS: Mapping[str, tuple[str, str]] = {
    "simply_crm": ("Si", "Simply CRM"),
    "dinero": ("Di", "Dinero"),
    "dataverse": ("Ds", "Dynamics 365 Sales"),
    "business_central": ("Bc", "Business Central"),
    "pleo": ("Pl", "Pleo"),
    "recman": ("Re", "RecMan"),
    "unimicro": ("Un", "Unimicro"),
}
"""Monogram and name; no vendor's mark is ours to show."""
