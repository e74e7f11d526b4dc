"""A mail server, a clock, and the people whom mail is for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation

from kobling.access.models import Client
from kobling.access.policy import Actor
from kobling.sdk.clock import FakeClock
from tests.mail.server import Post, posting
from tests.services.cast import cast


@pytest.fixture
def clock() -> FakeClock:
    """Monday 2026-11-23, 08:00 UTC, which is 9 o'clock in Copenhagen."""
    return FakeClock()


@pytest.fixture
def post(settings: Any) -> Iterator[Post]:
    """A mail server that Kobling knows of."""
    with posting() as found:
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", found.port, False
        settings.MAIL_FOLDER = ""
        yield found


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """Whatever language a test before this one left on."""
    translation.deactivate()
    yield
    translation.deactivate()


@pytest.fixture
def client_company() -> Client:
    """The company that everything is about."""
    return Client.objects.create(name="Møllebæk Maskinservice A/S", number="1042")


@pytest.fixture
def people(client_company: Client) -> dict[str, Actor]:
    """Everybody around the client, and those who may nothing."""
    return cast(client_company)
