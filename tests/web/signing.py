"""Signing somebody in without the pages for it, and pressing the button of a toast."""

from __future__ import annotations

import re
from html import unescape

from django.test import Client as Browser

from kobling.access.models import Person
from kobling.access.policy import Actor

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def sign_in(browser: Browser, who: Person | Actor) -> Person:
    """That person sits in front of this browser from now on."""
    person = who if isinstance(who, Person) else Person.objects.get(pk=who.person)
    browser.force_login(person, backend=BACKEND)
    return person


def undo(browser: Browser, told: str) -> None:
    """Press the toast's button."""
    toast = told.split('class="toast"')[1].split("</form>")[0]
    path = re.search(r'action="([^"]+)"', toast)
    assert path is not None
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', toast):
        fields.setdefault(name, []).append(unescape(value))
    assert browser.post(unescape(path[1]), fields).status_code == 302
