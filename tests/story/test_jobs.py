"""A worker is killed in the middle of a job: the next one does it again, or says that it was cut off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.postgres import fresh_database, server

pytestmark = pytest.mark.story
WAIT = 60
BODY = """
import sys, threading, pathlib
import django; django.setup()
from datetime import UTC, datetime, timedelta
from kobling.access.policy import Actor
from kobling.engine.jobbing import Jobbing
from kobling.jobs import kinds, queue, services, working
from kobling.jobs.kind import Kind
from kobling.jobs.models import Job
from kobling.sdk.clock import SystemClock

what, begun = sys.argv[1], pathlib.Path(sys.argv[2])

class Later(SystemClock):
    def now(self):
        return super().now() + (queue.LEASE * 2 if what == "again" else timedelta())

def work(who, params, going):
    begun.write_text("begun")
    if what == "first":
        threading.Event().wait()
    return "done"

made = {str(each): Kind(str(each), "x", lambda *_: None, work, repeatable=each) for each in (True, False)}
services.KINDS = working.KINDS = made
if what == "ask":
    services.ask(Actor.operator("x"), sys.argv[3], {}, Later().now())
elif what == "told":
    print(Job.objects.get().state, Job.objects.get().result, (Job.objects.get().error or {}).get("code"))
else:
    doing = Jobbing(Later(), what, None)
    doing.work(Later().now())
    doing.wait(60)
"""


def ran(env: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-c", BODY, *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def play(folder: Path, repeatable: bool, url: str = "") -> str:
    told = {name: value for name, value in os.environ.items() if not name.startswith("KOBLING_")}
    env = told | {"KOBLING_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "kobling.settings", "KOBLING_LANGUAGE": "en"}
    env |= {"KOBLING_DATABASE_URL": url} if url else {}
    subprocess.run([sys.executable, "-c", "from kobling.cli.main import run; run()", "init"], env=env, check=True)
    begun = folder / "begun"
    ran(env, "ask", str(begun), str(repeatable))
    first = subprocess.Popen([sys.executable, "-c", BODY, "first", str(begun)], env=env)
    pause = threading.Event()
    try:
        for _ in range(WAIT * 20):
            if begun.exists():
                break
            pause.wait(0.05)
        assert begun.exists()
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait(WAIT)
    assert ran(env, "told", str(begun)) == "going None None"
    ran(env, "again", str(begun))
    return ran(env, "told", str(begun))


@pytest.mark.parametrize(("repeatable", "left"), [(True, "done done None"), (False, "failed None cut_off")])
def test_a_killed_workers_job_is_done_again_or_says_so(tmp_path: Path, repeatable: bool, left: str) -> None:
    assert play(tmp_path / "data", repeatable) == left


@pytest.mark.postgres
def test_so_it_is_on_postgresql(tmp_path: Path) -> None:
    with server() as url:
        assert play(tmp_path / "data", True, fresh_database(url, "jobs")) == "done done None"
