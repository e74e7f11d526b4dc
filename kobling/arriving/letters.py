"""Mails that a person's press of a button sends: each finished, in the language of whoever gets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import translation

from kobling.hub.told.said import filled
from kobling.mail.outbox import Letter
from kobling.records import N_

Said = tuple[str, Mapping[str, Any]]


def written(to: str, language: str, subject: Said, parts: tuple[Said | str, ...], reply_to: str = "") -> Letter:
    """A letter of these sentences; a part that is plain text, as somebody's own words or a link, stands as it is."""
    with translation.override(language):
        told = [each if isinstance(each, str) else filled(*each) for each in parts]
        return Letter(to, filled(*subject).replace("\n", " "), "\n\n".join(each for each in told if each), "", reply_to)


def colleague_invited(to: str, language: str, firm: str, by: str, link: str, reply_to: str) -> Letter:
    """Come and work with us."""
    names = {"firm": firm, "name": by}
    parts: tuple[Said | str, ...] = (
        (N_("%(name)s invites you to work in Kobling with %(firm)s."), names),
        (N_("Open this link to say yes. It works once, and for 14 days:"), {}),
        link,
        (N_("If you do not know %(name)s, do nothing: nobody gets in without the link."), names),
    )
    return written(to, language, (N_("%(firm)s invites you to Kobling"), names), parts, reply_to)


def client_invited(to: str, language: str, names: Mapping[str, str], comment: str, link: str, reply_to: str) -> Letter:
    """An accounting firm asks a company. ``names``: firm, name (who asks), company."""
    parts: tuple[Said | str, ...] = (
        (N_("%(name)s of %(firm)s would like to look after %(company)s in Kobling."), names),
        comment,
        (N_("Open this link to answer. You then say which access the firm gets. It works once, and for 14 days:"), {}),
        link,
        (N_("If you do not know %(firm)s, do nothing: they see nothing of yours until you have answered."), names),
    )
    return written(to, language, (N_("%(firm)s would like to look after %(company)s"), names), parts, reply_to)


def client_reminded(to: str, language: str, names: Mapping[str, str], missing: str, link: str, reply: str) -> Letter:
    """What a company still has to do. ``names``: firm, name, company; ``missing`` is the step in words."""
    parts: tuple[Said | str, ...] = (
        (N_("%(firm)s cannot begin with %(company)s yet. This is missing:"), names),
        (missing, {}),
        (N_("You do it here:"), {}),
        link,
    )
    return written(to, language, (N_("%(firm)s waits for you to finish with %(company)s"), names), parts, reply)


def firm_asked(to: str, language: str, names: Mapping[str, str], link: str) -> Letter:
    """A company has added the firm by itself. ``names``: name (who did), company."""
    parts: tuple[Said | str, ...] = (
        (N_("%(name)s has asked your firm to look after %(company)s."), names),
        (N_("Accept or decline here:"), {}),
        link,
    )
    return written(to, language, (N_("%(company)s asks your firm to look after it"), names), parts)


def client_declined(to: str, language: str, names: Mapping[str, str], reason: str) -> Letter:
    """A firm says no to a company. ``names``: firm, name, company."""
    parts: tuple[Said | str, ...] = (
        (N_("%(firm)s cannot look after %(company)s. %(name)s writes:"), names),
        reason,
        (N_("Nothing has changed for %(company)s: all goes on as before."), names),
    )
    return written(to, language, (N_("%(firm)s cannot look after %(company)s"), names), parts)


def permission_asked(to: str, language: str, names: Mapping[str, str], what: str, link: str) -> Letter:
    """One side asks the other for a further permission. ``names``: name (who asks), company; ``what`` in words."""
    parts: tuple[Said | str, ...] = (
        (N_("%(name)s asks about a permission for %(company)s:"), names),
        (what, {}),
        (N_("Answer here:"), {}),
        link,
    )
    return written(to, language, (N_("A permission for %(company)s waits for your answer"), names), parts)
