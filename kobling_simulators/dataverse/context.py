"""Who asks, and how they want to be answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kobling_simulators.odata.options import parse_prefer
from kobling_simulators.wire import Call

_FORMATTED = "OData.Community.Display.V1.FormattedValue"


@dataclass(frozen=True, slots=True)
class Context:
    """One request: the user it runs as, the service root it came in through, and its preferences."""

    user: str
    root: str = ""
    prefer: Mapping[str, str] = field(default_factory=dict)
    detect_duplicates: bool = False
    by_action: bool = False

    @property
    def wants_row(self) -> bool:
        """Prefer: return=representation."""
        return self.prefer.get("return") == "representation"

    def annotates(self, name: str) -> bool:
        """Whether an annotation was asked for: by name, by a prefix with a star, or all.

        Fidelity: known dataverse §3 – odata.include-annotations="*" or names
        """
        for one in self.prefer.get("odata.include-annotations", "").split(","):
            pattern = one.strip()
            if pattern == name or (pattern.endswith("*") and name.startswith(pattern[:-1])):
                return True
        return False

    @property
    def formatted(self) -> bool:
        """Whether formatted values were asked for."""
        return self.annotates(_FORMATTED)


def context_of(call: Call, user: str, root: str) -> Context:
    """The context of a call.

    Fidelity: known dataverse §3 – MSCRM.SuppressDuplicateDetection: false turns duplicate detection on
    """
    suppressed = call.headers.get("MSCRM.SuppressDuplicateDetection", "true").lower()
    return Context(user, root, parse_prefer(call.headers.get("Prefer", "")), suppressed == "false")
