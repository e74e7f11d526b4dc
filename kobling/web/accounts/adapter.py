"""How allauth behaves here: nobody signs up by themselves, passwords are ours to judge, names are people's."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest

from kobling.access.models import Person
from kobling.access.sealing import Use, opened, sealed


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    """People come in by invitation alone."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False


class Elsewhere(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Microsoft says who somebody is; whether they are let in was said by an invitation."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Never: an account that no person here has added lets nobody in."""
        return False


class SecondFactor(DefaultMFAAdapter):  # type: ignore[misc]
    """One-time codes and passkeys."""

    def encrypt(self, text: str) -> str:
        """What a code app and recovery codes share with us is kept as any other secret."""
        return sealed(text, Use.SECOND_FACTORS)

    def decrypt(self, encrypted_text: str) -> str:
        """The other way round."""
        return opened(encrypted_text, Use.SECOND_FACTORS)

    def get_totp_label(self, user: Person) -> str:
        """What the code is called in the person's app."""
        return user.email
