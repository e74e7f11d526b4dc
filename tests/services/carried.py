"""A file of a client that nobody here knows, with nothing in it but its name."""

from __future__ import annotations

import json
import tempfile
import zipfile
from functools import cache
from pathlib import Path

from kobling.hub.exchange.packing import FORMAT, VERSION

MANIFEST = {
    "format": FORMAT,
    "version": VERSION,
    "origin": "0f0e0d0c-0b0a-4908-8706-050403020100",
    "name": "Fjern ApS",
    "number": "77",
    "exported_at": "2026-11-20T10:00:00+00:00",
    "exported_by": {"kind": "operator", "name": "root"},
    "connections": [["left", "left", "Fjern"]],
    "pairs": ["test"],
    "history": [None, None],
    "members": {},
}


@cache
def carried() -> Path:
    """Where the file is."""
    path = Path(tempfile.mkdtemp()) / "carried.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", json.dumps(MANIFEST))
    return path
