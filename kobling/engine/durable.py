"""The durable engine, and the only place that knows it: workflows of steps, recovery, leases of workers.

What it leaves to us (see STACK): on PostgreSQL each worker holds a session-level advisory lock named after its
executor id, and every worker takes over the runs of executors whose lock is free. On SQLite there is one worker,
a file lock, and a fixed executor id.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from dbos import DBOS, DBOSConfig, SetWorkflowID
from dbos._serialization import DefaultSerializer, Serializer
from sqlalchemy import Engine, event

from kobling import storage
from kobling.engine.requests import Step, as_data, from_data
from kobling.hub.store.journal import Fenced

VERSION = "3"
"""Set by hand: the engine's own hash of the code would strand parked runs at each upgrade. Version 2 named its steps.

Version 1 kept its steps pickled. Nothing is unpickled any more: a run that was parked then is told and ends.
"""

APPLICATION = "kobling"
_LOCK_SPACE = storage.WORKER_LOCKS

_FAULT = "kobling.fault"
_SUBSECONDS_SINCE = (3, 42)
"""The engine asks SQLite for parts of a second on Python 3.12 and later, also where SQLite is too old to know them."""

DoStep = Callable[[Step[Any]], dict[str, Any]]
Body = Callable[[str, Callable[[DoStep], DoStep], Callable[[float], None]], str]
_body: Body | None = None


class Json(Serializer):
    """What the engine keeps, as JSON. An exception is kept as its type alone, since its text may quote anything."""

    def serialize(self, data: Any) -> str:
        """As text. Raises TypeError for what JSON cannot carry."""
        return json.dumps({_FAULT: type(data).__name__} if isinstance(data, BaseException) else data)

    def deserialize(self, serialized_data: str) -> Any:
        """What ``serialize`` made."""
        data = json.loads(serialized_data)
        return EngineFault(data[_FAULT]) if isinstance(data, dict) and data.keys() == {_FAULT} else data

    def name(self) -> str:
        """How the engine's rows name it."""
        return "kobling_json"


class EngineFault(Exception):
    """An exception that the engine had kept; its type's name is all that is left."""


class _NeverPickle(DefaultSerializer):
    """The engine turns to its own serializer for rows that say so, and a row can say anything."""

    def serialize(self, data: Any) -> str:
        return Json().serialize(data)

    def deserialize(self, serialized_data: str) -> Any:
        raise EngineFault("a pickled row is not read")


DefaultSerializer.serialize = _NeverPickle.serialize  # type: ignore[method-assign,assignment]
DefaultSerializer.deserialize = _NeverPickle.deserialize  # type: ignore[method-assign,assignment]


@DBOS.step()
def _step(step: dict[str, Any], attempt_key: str) -> dict[str, Any]:
    try:
        return _Attempts.current[attempt_key](from_data(step))
    except Fenced:
        raise Abandoned from None


class Abandoned(BaseException):
    """Leaves a workflow without a trace: nothing is recorded, since another attempt is doing the work now.

    Not an Exception on purpose: the engine records those, and the other attempt would be given our error as its own.
    """


class _Attempts:
    """Steps of the attempts that run in this process, found again by their key."""

    current: dict[str, DoStep] = {}


@DBOS.workflow()
def run_workflow(run: int) -> str:
    """A run, durable: every step's result is recorded, and after a crash the recorded ones are not done again."""
    if _body is None:
        raise RuntimeError("the engine was launched without a body")

    def durable(steps: DoStep) -> DoStep:
        key = f"run-{run}"
        _Attempts.current[key] = steps

        def call(step: Step[Any]) -> dict[str, Any]:
            return _step(as_data(step), key)

        return call

    try:
        return _body(str(run), durable, DBOS.sleep)
    finally:
        _Attempts.current.pop(f"run-{run}", None)


def launch(body: Body, data_dir: Path, database_url: str, executor: str) -> None:
    """Start the engine in this process; unfinished runs of this executor go on by themselves."""
    global _body
    _body = body
    _quiet()
    url = database_url.replace("postgres://", "postgresql://", 1) if database_url else _sqlite_url(data_dir)
    config: DBOSConfig = {
        "name": APPLICATION,
        "system_database_url": url,
        "application_version": VERSION,
        "executor_id": executor,
        "log_level": "ERROR",
        "console_log_level": "ERROR",
        "run_migrations": True,
        "serializer": Json(),
        "notification_listener_polling_interval_sec": 0.2,
    }
    DBOS(config=config)
    DBOS.launch()


def _sqlite_url(data_dir: Path) -> str:
    path = data_dir / storage.ENGINE
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode=WAL")
    database.close()
    return f"sqlite:///{path}"


@event.listens_for(Engine, "connect")
def _durable(connection: Any, _record: object) -> None:
    """Steps are on disk like intents: a run that forgot its last steps would plan again over its own intents."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=FULL")
        if sqlite3.sqlite_version_info < _SUBSECONDS_SINCE:
            connection.create_function("unixepoch", 1, lambda _subsec: time.time())


def start(run: int) -> None:
    """Start a run's workflow; starting it again does nothing."""
    with SetWorkflowID(workflow_id(run)):
        DBOS.start_workflow(run_workflow, run)


def workflow_id(run: int) -> str:
    """The workflow of a run."""
    return f"run-{run}"


BROKEN = frozenset({"ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})
"""Words for a workflow that will not go on by itself."""


OLDER = "OLDER"
"""Our word for a workflow that an older Kobling parked, which cannot go on."""


def status(run: int) -> str | None:
    """The engine's word for a run's workflow, None when it has none."""
    found = DBOS.get_workflow_status(workflow_id(run))
    if found is None:
        return None
    parked = str(found.status) in ("PENDING", "ENQUEUED")
    return OLDER if parked and found.app_version not in (None, VERSION) else str(found.status)


def go_on(run: int) -> None:
    """Let a run's workflow go on that was left without a trace; it starts where it has not begun."""
    if status(run) is None:
        start(run)
    else:
        DBOS.resume_workflow(workflow_id(run))


def give_up(run: int) -> None:
    """A workflow that cannot go on is not tried again."""
    DBOS.cancel_workflow(workflow_id(run))


def take_over(executors: list[str]) -> int:
    """Go on with the unfinished runs of executors that are certainly dead. Returns how many."""
    handles = DBOS._recover_pending_workflows(executors)
    return len(handles)


def stop(wait_seconds: int = 0) -> None:
    """Stop the engine in this process; what is unfinished goes on at the next launch."""
    DBOS.destroy(workflow_completion_timeout_sec=wait_seconds)


class WorkerLock:
    """An advisory lock that lives as long as this worker's own session with PostgreSQL."""

    def __init__(self, database_url: str, executor: str) -> None:
        # The session bears the worker's name, so that the operator's page can say who works.
        self._session = psycopg.connect(database_url, autocommit=True, application_name=executor)
        self._executor = executor
        if not self._try(executor):
            raise RuntimeError(f"another worker is already called {executor}")

    def is_dead(self, executor: str) -> bool:
        """Whether an executor's lock is free, so that it is certainly gone."""
        if executor == self._executor:
            return False
        if not self._try(executor):
            return False
        self._session.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [_LOCK_SPACE, executor])
        return True

    def alive(self) -> bool:
        """Whether our own session still stands; a worker that lost it must stop, since others take its runs over."""
        try:
            self._session.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def close(self) -> None:
        """Let go of the lock."""
        self._session.close()

    def _try(self, executor: str) -> bool:
        row = self._session.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [_LOCK_SPACE, executor]).fetchone()
        return bool(row and row[0])


def _quiet() -> None:
    """The engine's log lines are for its developers; ours say what people need."""
    for name in ("dbos", "sqlalchemy", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
