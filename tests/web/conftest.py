"""A browser without a screen, a clock that stands still, and the people of the firm."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.test import Client as Browser
from django.utils import translation

from kobling.access.models import Client
from kobling.access.policy import Actor
from kobling.sdk.clock import FakeClock
from tests.services.cast import cast


@pytest.fixture(autouse=True)
def quick_passwords(settings: object) -> None:
    """The same checks, without the time that a real hash takes on purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def clock() -> Iterator[FakeClock]:
    """What time it is for pages: Monday 2026-11-23, 08:00 UTC."""
    config = apps.get_app_config("web")
    stopped = FakeClock()
    before, config.clock = config.clock, stopped
    yield stopped
    config.clock = before
    # Django leaves the language of the last request on; the next request would choose its own, the next test does not.
    translation.deactivate()


@pytest.fixture
def browser() -> Browser:
    """Somebody's browser, in Danish, that nobody has signed in with."""
    return Browser(HTTP_ACCEPT_LANGUAGE="da", HTTP_HOST="127.0.0.1")


@pytest.fixture
def client_company() -> Client:
    """The company that everything is about."""
    return Client.objects.create(name="Møllebæk Maskinservice A/S", number="1042")


@pytest.fixture
def people(client_company: Client) -> dict[str, Actor]:
    """Everybody around the client, and those who may nothing."""
    return cast(client_company)
