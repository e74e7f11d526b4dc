"""The services on PostgreSQL; a file of its own, so that it runs beside the engine's."""

from __future__ import annotations

import pytest

from tests.postgres import fresh_database, held_on, server

pytestmark = [pytest.mark.story, pytest.mark.postgres]


def test_services_and_access_hold_on_postgresql_too() -> None:
    with server() as url:
        held_on(fresh_database(url, "services"), "tests/services", "tests/access")


def test_the_portal_and_its_pages_hold_on_postgresql_too() -> None:
    with server() as url:
        held_on(fresh_database(url, "portal"), "tests/portal", "tests/web", "tests/mail", "tests/jobs")
