"""Signing somebody in without the pages for it."""

from __future__ import annotations

from django.test import Client as Browser

from kobling.access.models import Person
from kobling.access.policy import Actor

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def sign_in(browser: Browser, who: Person | Actor) -> Person:
    """That person sits in front of this browser from now on."""
    person = who if isinstance(who, Person) else Person.objects.get(pk=who.person)
    browser.force_login(person, backend=BACKEND)
    return person
