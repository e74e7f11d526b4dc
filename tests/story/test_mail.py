"""Mail while its workers are killed: each arrives once, and what nobody can tell is listed and not sent again."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.mail.server import OK, Post, posting
from tests.postgres import fresh_database, server

pytestmark = pytest.mark.story
MAILS, KILLS = 400, 24
RUN = "import sys; from kobling.cli.main import run; run()"
PUT = """
import django; django.setup()
from datetime import UTC, datetime
from kobling.mail.outbox import Letter, put
for n in range({mails}):
    put(Letter(f"p{{n}}@x.example", str(n), "Hej " * (1 + n % 7 * 2000)), datetime(2026, 11, 23, tzinfo=UTC))
"""


@dataclass
class Killer:
    """Kills at seeded moments: before a recipient is answered, before and after a mail is, and anywhere in between."""

    post: Post
    files: list[Path]
    seed: int
    killed: int = 0
    _dice: random.Random = field(init=False)
    _mails: int = 0

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._moments = {self._dice.randrange(1, MAILS): self._dice.choice(MOMENTS) for _ in range(KILLS)}
        self.post.on_rcpt, self.post.on_data = self._rcpt, self._data

    def _rcpt(self, _to: str) -> str:
        self._mails += 1
        moment = self._moments.get(self._mails)
        if moment == "recipient":
            self._kill()
        elif moment == "somewhere":
            threading.Timer(self._dice.uniform(0, 0.02), self._kill).start()
        return OK

    def _data(self, _mail: EmailMessage) -> str:
        moment = self._moments.get(self._mails)
        if moment == "taken, never answered":
            self._kill()
        elif moment == "answered":
            threading.Timer(self._dice.uniform(0, 0.003), self._kill).start()
        return "451 not now" if moment == "not taken" and not self._kill() else OK

    def _kill(self) -> None:
        with suppress(ProcessLookupError, ValueError, FileNotFoundError):
            os.kill(int(self._dice.choice(self.files).read_text()), signal.SIGKILL)
            self.killed += 1


MOMENTS = ("recipient", "somewhere", "taken, never answered", "answered", "not taken")


def environment(folder: Path, port: int, url: str) -> dict[str, str]:
    told = {name: value for name, value in os.environ.items() if not name.startswith("KOBLING_")}
    told |= {"KOBLING_DATA": str(folder), "KOBLING_LANGUAGE": "en", "DJANGO_SETTINGS_MODULE": "kobling.settings"}
    told |= {"KOBLING_MAIL_HOST": "127.0.0.1", "KOBLING_MAIL_PORT": str(port), "KOBLING_MAIL_TLS": "0"}
    return told | ({"KOBLING_DATABASE_URL": url} if url else {})


def told(env: dict[str, str], *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", RUN, *arguments], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def play(folder: Path, seed: int, workers: int, url: str = "") -> None:
    with posting() as post:
        env = environment(folder, post.port, url)
        told(env, "init")
        subprocess.run([sys.executable, "-c", PUT.format(mails=MAILS)], env=env, check=True)
        files = [folder / f"worker{number}" for number in range(workers)]
        killer = Killer(post, files, seed)
        begun = [
            subprocess.Popen([sys.executable, "-m", "tests.story.mail_worker", str(each)], env=env) for each in files
        ]
        try:
            assert [each.wait(timeout=240) for each in begun] == [0] * workers
        finally:
            for each in begun:
                each.kill()
        judge(post, killer, json.loads(told(env, "mail", "list", "--json")))


def judge(post: Post, killer: Killer, listed: list[dict[str, object]]) -> None:
    arrived = Counter(str(each["To"]) for each in post.taken)
    ids = Counter(post.ids)
    unknown = {str(each["to"]) for each in listed}
    assert killer.killed >= KILLS // 2
    assert max(ids.values()) == max(arrived.values()) == 1, "twice"
    assert {f"p{number}@x.example" for number in range(MAILS)} == arrived.keys() | unknown, "lost"
    assert {each["state"] for each in listed} == {"unknown"} and 0 < len(unknown) <= killer.killed


@pytest.mark.parametrize("seed", [1, 2])
def test_a_kill_sends_nothing_twice_and_loses_nothing(tmp_path: Path, seed: int) -> None:
    play(tmp_path / "data", seed, workers=1)


@pytest.mark.postgres
def test_nor_does_one_of_several_workers_on_postgresql(tmp_path: Path) -> None:
    with server() as url:
        play(tmp_path / "data", 3, workers=2, url=fresh_database(url, "mail"))
