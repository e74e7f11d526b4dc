"""Every kind of job there is."""

from __future__ import annotations

from collections.abc import Mapping

from kobling.jobs.checkup import CHECK_UP
from kobling.jobs.kind import Kind
from kobling.jobs.moving import EXPORT, IMPORT, LOOK

KINDS: Mapping[str, Kind] = {each.name: each for each in (CHECK_UP, EXPORT, LOOK, IMPORT)}
