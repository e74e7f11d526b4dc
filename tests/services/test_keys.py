"""The key file: taken up by processes that run, never made anew where something is sealed, renewed without a loss."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings

from kobling import storage
from kobling.access.models import Client
from kobling.access.policy import Actor, NotFound
from kobling.hub import vault
from kobling.hub.models import Connection, Event, Stale
from kobling.hub.services import keys
from kobling.records import SettingsError, StorageError
from kobling.sync import checkpoints
from tests.services.cast import cast

pytestmark = pytest.mark.django_db(transaction=True)
OPERATOR = Actor.operator()
SECRET = {"client_secret": "canary"}


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, settings: Any) -> Path:
    """A folder of its own for the key file."""
    settings.DATA_DIR, settings.HOME = tmp_path, storage.Home(tmp_path, named=True)
    return tmp_path


def connection(name: str = "x") -> Connection:
    client, _ = Client.objects.get_or_create(name="c")
    return Connection.objects.create(
        client=client, connector="x", name=name, secrets=vault.seal(SECRET), grant=vault.seal({"refresh_token": name})
    )


def opens(row: Connection) -> bool:
    row.refresh_from_db()
    return vault.open_secrets(row.secrets) == SECRET and vault.open_secrets(row.grant) == {"refresh_token": row.name}


def in_another_process(code: str) -> None:
    path = vault.key_path()
    subprocess.run([sys.executable, "-c", f"path = __import__('pathlib').Path({str(path)!r})\n{code}"], check=True)


NEW_KEY = "from cryptography.fernet import Fernet; path.write_bytes(Fernet.generate_key() + b'\\n' + path.read_bytes())"


def test_a_new_key_of_another_process_seals_and_opens_here_at_once() -> None:
    row = connection()
    in_another_process(NEW_KEY)
    assert opens(row)
    first = vault.key_path().read_bytes().split()[0]
    assert Fernet(first).decrypt(vault.seal(SECRET).encode()), "sealed with the new key, not with the one in memory"


def test_a_missing_key_file_is_said_and_never_made_anew() -> None:
    row = connection()
    vault.key_path().unlink()
    for attempt in (lambda: vault.open_secrets(row.secrets), lambda: vault.seal(SECRET), vault.require_key):
        with pytest.raises(StorageError) as missing:
            attempt()
        assert missing.value.code == "no_key_file"
    assert not vault.key_path().exists()


def test_a_key_file_is_made_where_nothing_is_sealed() -> None:
    assert vault.open_secrets(vault.seal(SECRET)) == SECRET
    assert vault.key_path().stat().st_mode & 0o777 == 0o600


def test_the_wrong_key_file_and_a_damaged_one_are_told_apart() -> None:
    row = connection()
    vault.key_path().write_bytes(Fernet.generate_key())
    with pytest.raises(SettingsError) as wrong:
        vault.open_secrets(row.secrets)
    vault.key_path().write_bytes(b"what is this?")
    with pytest.raises(StorageError) as damaged:
        vault.open_secrets(row.secrets)
    assert (wrong.value.code, damaged.value.code) == ("wrong_key_file", "bad_key_file")


def test_rotating_seals_everything_with_a_new_key_and_keeps_the_old_one() -> None:
    rows = [connection(name) for name in "abc"]
    old = vault.keys()
    done = keys.rotate(OPERATOR)
    assert (done.sealed, done.keys, done.unreadable) == (3, 2, ())
    new = Fernet(vault.keys()[0])
    assert vault.keys()[1:] == old
    for row in rows:
        assert opens(row) and new.decrypt(row.secrets.encode()) and new.decrypt(row.grant.encode())
    assert keys.rotate(OPERATOR, drop_old=True).keys == 1
    assert all(opens(row) for row in rows)
    assert Event.objects.filter(what="keys_rotated").count() == 2


def test_an_old_key_stays_while_something_cannot_be_opened() -> None:
    row, broken = connection("a"), connection("b")
    Connection.objects.filter(pk=broken.pk).update(secrets=Fernet(Fernet.generate_key()).encrypt(b"{}").decode())
    done = keys.rotate(OPERATOR, drop_old=True)
    assert done.unreadable == ("b",) and done.keys == 2
    assert opens(row)


def test_what_was_read_before_a_rotation_and_is_saved_after_it_still_opens() -> None:
    row = connection()
    stale = Connection.objects.get(pk=row.pk)
    keys.rotate(OPERATOR, drop_old=True)
    stale.account_name = "saved late, with what was sealed before"
    stale.save()
    assert opens(row)


class Killed(BaseException):
    """The process ends here."""


def moments(monkeypatch: pytest.MonkeyPatch, kill_at: int) -> list[str]:
    """Kill at the n-th thing that reaches the disk or the database."""
    reached: list[str] = []

    def watched(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            reached.append(name)
            if len(reached) == kill_at:
                raise Killed
            return original(*args, **options)

        return call

    for owner, name in ((storage, "_write"), (Path, "replace"), (storage, "_sync"), (Connection, "save")):
        monkeypatch.setattr(owner, name, watched(name, getattr(owner, name)))
    monkeypatch.setattr(checkpoints, "reach", watched("reach", checkpoints.reach))
    return reached


def test_a_rotation_that_is_cut_off_anywhere_loses_nothing_and_is_ended_by_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [connection(name) for name in "abc"]
    for kill_at in range(1, 100):
        with monkeypatch.context() as patched:
            reached = moments(patched, kill_at)
            with contextlib.suppress(Killed):
                keys.rotate(OPERATOR, drop_old=True)
        vault.forget()
        assert all(opens(row) for row in rows), f"lost when cut off at {reached[-1]} ({kill_at})"
        assert keys.rotate(OPERATOR, drop_old=True).keys == 1
        if len(reached) < kill_at:
            assert kill_at > 10, "few moments were tried"
            return
    pytest.fail("never came to an end")


KILLED = """
import django; django.setup()
from django.conf import settings
from kobling import storage
from pathlib import Path
settings.DATABASES["default"]["NAME"] = {database!r}
from kobling.access.policy import Actor
from kobling.hub.services import keys
keys.rotate(Actor.operator(), drop_old=True)
"""


@pytest.mark.skipif(bool(settings.DATABASE_URL), reason="the other process is given SQLite's file")
@pytest.mark.parametrize("moment", ["new_key:1", "sealed_anew:2", "key_dropped:1"])
def test_a_killed_rotation_leaves_what_a_running_process_can_read(data_folder: Path, moment: str) -> None:
    from django.db import connection as database

    rows = [connection(name) for name in "abc"]
    environment = {**os.environ, "KOBLING_DATA": str(data_folder), "DJANGO_SETTINGS_MODULE": "kobling.settings"}
    environment["KOBLING_CRASH_AT"] = moment
    code = KILLED.format(database=str(database.settings_dict["NAME"]))
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert all(opens(row) for row in rows)


def test_lost_keys_are_made_anew_and_only_what_they_opened_is_forgotten() -> None:
    lost = connection("lost")
    Connection.objects.filter(pk=lost.pk).update(health_params={"left": "over"})
    vault.key_path().unlink()
    Stale.objects.all().delete()
    assert keys.renew(OPERATOR, datetime(2026, 11, 23, tzinfo=UTC)) == ("lost",)
    assert Stale.objects.filter(client=lost.client).exists(), "its client's figures are reckoned anew"
    kept = connection("kept")
    assert keys.renew(OPERATOR, datetime(2026, 11, 23, tzinfo=UTC)) == ()
    lost.refresh_from_db()
    assert (lost.secrets, lost.grant, lost.healthy) == ("", "", False) and lost.revoked_at is not None
    assert (lost.health_text, lost.health_params) == ("The key file was lost. Connect it again.", {})
    assert opens(kept)


def test_keys_are_the_operators_alone() -> None:
    people = cast(Client.objects.create(name="Test ApS"))
    for who in people.values():
        if not who.is_operator:
            with pytest.raises(NotFound):
                keys.rotate(who)
            with pytest.raises(NotFound):
                keys.renew(who, datetime(2026, 11, 23, tzinfo=UTC))
