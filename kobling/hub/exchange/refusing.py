"""Why a file of a client is not written or not taken in."""

from __future__ import annotations

from kobling.records import N_, SettingsError


class NotTaken(SettingsError):
    """A file that is not taken in; nothing of it was."""

    advice = N_("Nothing was changed. Export the client anew where it comes from, and take that file.")


class NotPacked(SettingsError):
    """A client that cannot be exported just now."""

    advice = N_("Wait until its runs have ended, then export it again.")


def damaged(where: str, why: str = "") -> NotTaken:
    """The file is not as it was written."""
    said = N_("The file is damaged: %(part)s is not as it was written.")
    return NotTaken(said, part=where, code="damaged", detail=why)


class TooNew(NotTaken):
    """A file of a Kobling that knows more than this one."""

    advice = N_("Nothing was changed. Upgrade Kobling, then take the same file again.")
