"""The data folder: the right one or none, and nobody else's."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from kobling import storage
from kobling.cli.start import command_of
from kobling.records import StorageError

RUN = "import sys; from kobling.cli.main import run; run(sys.argv[1:])"


def home(folder: Path, *, named: bool = True, elsewhere: bool = False) -> storage.Home:
    return storage.Home(folder, named, elsewhere)


def kobling(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KOBLING_")}
    command = [sys.executable, "-c", f"import os; os.umask(0o022)\n{RUN}", *arguments]
    environment["KOBLING_DATA"] = str(folder)
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def code_of(folder: Path, **more: bool) -> str | None:
    with pytest.raises(StorageError) as refused:
        home(folder).open(first_act=more.get("first_act", False), worker=more.get("worker", False))
    return refused.value.code


def test_tests_work_in_a_temporary_data_folder_of_each_process() -> None:
    assert str(settings.DATA_DIR) == os.environ["KOBLING_DATA"]
    assert settings.DATA_DIR.parent == Path(os.environ["KOBLING_TESTS_FOLDER"])
    assert not settings.DATA_DIR.is_relative_to(Path(__file__).parents[2])
    assert str(settings.DATABASES["default"]["NAME"]).startswith(str(settings.DATA_DIR)) or settings.DATABASE_URL


def test_the_folder_of_tests_is_gone_when_they_end(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "KOBLING_TESTS_FOLDER"}
    environment["TMPDIR"] = str(tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "tests/unit/test_due.py"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(tmp_path.glob("kobling-tests-*")) == []


def test_a_named_folder_that_is_not_there_is_made_by_a_first_act_alone(tmp_path: Path) -> None:
    assert code_of(tmp_path / "d") == code_of(tmp_path / "d", worker=True) == "no_data_folder"
    assert not (tmp_path / "d").exists()
    assert home(tmp_path / "d").open(first_act=True)
    assert stat.S_IMODE((tmp_path / "d").stat().st_mode) == 0o700


def test_the_default_folder_is_made_by_any_command(tmp_path: Path) -> None:
    assert home(tmp_path / "data", named=False).open(first_act=False)


def test_a_folder_of_something_else_is_not_begun_in_by_the_way(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear all")
    assert code_of(tmp_path) == "not_begun"
    assert home(tmp_path).open(first_act=True)


def test_an_empty_folder_is_said_by_a_command_and_refused_by_a_worker(tmp_path: Path) -> None:
    assert code_of(tmp_path, worker=True) == "not_begun", "a disk that is not mounted looks like this"
    assert home(tmp_path).open(first_act=False)


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "d").write_text("")
    assert code_of(tmp_path / "d", first_act=True) == "data_folder"


@pytest.mark.parametrize("left", [storage.ENGINE, storage.SECRETS_KEY])
def test_a_database_that_is_gone_is_never_begun_anew(tmp_path: Path, left: str) -> None:
    (tmp_path / left).write_text("x")
    assert code_of(tmp_path, first_act=True) == code_of(tmp_path) == "no_database"


def test_on_postgresql_a_folder_holds_keys_alone(tmp_path: Path) -> None:
    assert not home(tmp_path / "d", elsewhere=True).open(first_act=False)
    assert (tmp_path / "d").is_dir()


def test_a_web_key_is_made_once_and_never_anew_by_reading(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        storage.web_key(tmp_path)
    storage.make_web_key(tmp_path)
    key = storage.web_key(tmp_path)
    storage.make_web_key(tmp_path)
    assert storage.web_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / storage.WEB_KEY).stat().st_mode) == 0o600


def test_what_others_could_read_is_taken_from_them_and_told_once(tmp_path: Path) -> None:
    for name in ("kobling.sqlite3", "secrets.key"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o644)
    tmp_path.chmod(0o755)
    assert set(home(tmp_path).tighten()) == {tmp_path.name, "kobling.sqlite3", "secrets.key"}
    assert home(tmp_path).tighten() == []
    assert {stat.S_IMODE(each.stat().st_mode) for each in (tmp_path, *tmp_path.iterdir())} == {0o700, 0o600}


def test_a_replaced_file_is_whole_and_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "k"
    assert storage.write_once(path, b"one") and not storage.write_once(path, b"two")
    storage.replace(path, b"three")
    assert path.read_bytes() == b"three" and [each.name for each in tmp_path.iterdir()] == ["k"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ([], ""),
        (["pair", "list"], "pair"),
        (["--client", "connect", "sync", "p"], "sync"),
        (["--as=x", "worker"], "worker"),
        (["sync", "--help"], "help"),
    ],
)
def test_the_command_is_known_before_anything_starts(arguments: list[str], command: str) -> None:
    assert command_of(arguments) == command


def test_commands_say_a_wrong_folder_and_leave_it_alone(tmp_path: Path) -> None:
    told = kobling(tmp_path / "typo", "pair", "list")
    assert told.returncode == 2 and "There is no data folder" in told.stderr
    assert not (tmp_path / "typo").exists()
    assert kobling(tmp_path / "typo", "pair", "--help").returncode == 0
    begun = kobling(tmp_path / "d", "init")
    assert begun.returncode == 0 and "A new Kobling was begun" in begun.stderr
    files = list((tmp_path / "d").iterdir())
    assert {each.name for each in files} >= {"kobling.sqlite3", "web.key"}
    assert not any(each.stat().st_mode & 0o077 for each in (tmp_path / "d", *files)), "whatever the umask was"
    (tmp_path / "d" / "web.key").unlink()
    missing = kobling(tmp_path / "d", "pair", "list")
    assert missing.returncode == 2 and "web.key is missing" in " ".join(missing.stderr.split())
    assert not (tmp_path / "d" / "web.key").exists()
    assert kobling(tmp_path / "d", "keys", "renew", "--yes").returncode == 0
    assert kobling(tmp_path / "d", "pair", "list").returncode == 0


def test_what_an_address_of_postgresql_says_goes_to_its_client_and_short_queries_are_not_compiled() -> None:
    made = storage.database_settings("postgresql://kob:p%40ss@db.example:5433/hub?sslmode=require", Path("data"))
    told = {name: made[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    assert told == {"NAME": "hub", "USER": "kob", "PASSWORD": "p@ss", "HOST": "db.example", "PORT": "5433"}
    assert made["OPTIONS"] == {"options": "-c jit=off", "sslmode": "require"}


def test_an_address_of_another_database_is_refused() -> None:
    with pytest.raises(ValueError, match="postgresql://"):
        storage.database_settings("mysql://db.example/hub", Path("data"))


def test_a_command_loads_no_library_for_spreadsheets_and_no_driver_that_it_does_not_use(tmp_path: Path) -> None:
    asked = "from kobling.cli.main import load_commands; load_commands()"
    heavy = "{'openpyxl', 'psycopg', 'playwright'}"
    code = f"import sys; {asked}; print(sorted({heavy} & sys.modules.keys()))"
    environment = {**os.environ, "KOBLING_DATA": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
