"""Keys: the files of this machine, and how many sign-ins at vendors end soon. Never what is in them."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings

from kobling import storage
from kobling.hub.models import Connection
from kobling.records import N_

SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class KeyTold:
    """A key file. ``changed_at`` None: it is not there. ``private``: nobody but its owner can read it."""

    title: str
    file: str
    changed_at: datetime | None
    private: bool


@dataclass(frozen=True, slots=True)
class SignIns:
    """Connections that work by a sign-in or key; ``ending``: within 30 days, where the vendor says when."""

    connections: int
    ending: int
    ended: int


def keys() -> tuple[KeyTold, ...]:
    """The two files of the data folder."""
    folder = Path(settings.DATA_DIR)
    return (
        _key(N_("Key of stored secrets"), folder / storage.SECRETS_KEY),
        _key(N_("Key of the pages"), folder / storage.WEB_KEY),
    )


def sign_ins(now: datetime) -> SignIns:
    """As vendors have said it."""
    rows = Connection.objects.filter(revoked_at=None)
    ended = rows.filter(sign_in_until__lte=now).count()
    return SignIns(rows.count(), rows.filter(sign_in_until__gt=now, sign_in_until__lte=now + SOON).count(), ended)


def _key(title: str, path: Path) -> KeyTold:
    try:
        found = path.stat()
    except OSError:
        return KeyTold(title, path.name, None, False)
    mode = stat.S_IMODE(found.st_mode)
    private = not mode & (stat.S_IRWXG | stat.S_IRWXO)
    return KeyTold(title, path.name, datetime.fromtimestamp(found.st_mtime, UTC), private)
