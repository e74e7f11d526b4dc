"""What a command changes is in the client's row as soon as it has ended, with no worker about."""

from __future__ import annotations

import pytest

from kobling.access.models import Client
from kobling.cli.main import run
from kobling.hub.models import Stale
from kobling.portal.models import ClientFigures
from tests.cli.test_which_client import nothing_stays

pytestmark = pytest.mark.django_db
__all__ = ["nothing_stays"]


def test_a_command_that_changes_a_client_leaves_its_row_as_it_is_now(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(["client", "add", "Ny ApS"])
    made = Client.objects.get(name="Ny ApS")
    assert ClientFigures.objects.get(pk=made.pk).renewed_at is not None, capsys.readouterr()
    assert not Stale.objects.exists()
