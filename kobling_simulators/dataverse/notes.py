"""Notes with files: annotations."""

from __future__ import annotations

import base64
from typing import Any

from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.errors import bad_request
from kobling_simulators.dataverse.rules import Rules
from kobling_simulators.dataverse.shelf import Row


class Notes(Rules):
    """Annotations: a file goes into documentbody as base64.

    Fidelity: assumed dataverse §10 – documentbody holds long base64; the server tells filesize and isdocument; notes
    hang on accounts and contacts too
    """

    def creating(self, values: dict[str, Any], context: Context) -> None:
        values.setdefault("isdocument", False)
        self._file(values)

    def changing(self, row: Row, changes: dict[str, Any], context: Context) -> None:
        self._file(changes)

    def _file(self, values: dict[str, Any]) -> None:
        if "documentbody" not in values:
            return
        try:
            content = base64.b64decode(values["documentbody"] or "", validate=True)
        except ValueError:
            raise bad_request("The documentbody of a note must be base64.") from None
        values["isdocument"], values["filesize"] = bool(content), len(content)
