"""The mail of an installation on the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from kobling.cli.main import app, load_commands
from kobling.mail.models import Mail, State
from kobling.mail.outbox import Letter, put

pytestmark = pytest.mark.django_db


def ran(*arguments: str) -> Any:
    load_commands()
    return CliRunner().invoke(app, arguments)


def test_what_waits_is_listed_and_sent_again(settings: Any) -> None:
    settings.EMAIL_HOST = settings.MAIL_FOLDER = ""
    put(Letter("a@x.example", "Velkommen", "x"), datetime(2026, 11, 23, tzinfo=UTC))
    Mail.objects.update(state=State.UNKNOWN, answer="Kobling was cut off while the mail went out.", tries=1)
    listed = json.loads(ran("mail", "list", "--json").stdout)
    assert [(each["subject"], each["state"]) for each in listed] == [("Velkommen", "unknown")]
    assert "a@x.example" in ran("mail", "list").stdout
    assert ran("mail", "retry", f"#{Mail.objects.get().pk}").exit_code == 0
    assert Mail.objects.get().state == State.WAITING
    assert "2 mails wait" in ran("mail", "test", "b@x.example").stderr.replace("\n", " ")
    assert Mail.objects.filter(to="b@x.example").exists()


def test_what_is_not_there_is_told() -> None:
    assert ran("mail", "retry", "nonsense").exception.code == "not_found"
    assert "no e-mail address" in str(ran("mail", "test", "nobody").exception)


def test_doctor_says_that_mail_waits_for_a_server(settings: Any) -> None:
    settings.EMAIL_HOST = settings.MAIL_FOLDER = ""
    put(Letter("a@x.example", "x", "x"), datetime(2026, 11, 23, tzinfo=UTC))
    found = {each["check"]: each for each in json.loads(ran("doctor", "--json").stdout)}
    assert (found["Mail"]["ok"], "1 mail waits" in found["Mail"]["found"]) == (False, True)
