"""A client leaves for another installation or comes from one, as jobs: its file is written, looked at or taken in."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from kobling.access.policy import Actor, InFirm, NotFound, require_in_firm
from kobling.hub.told.said import Said
from kobling.jobs import files
from kobling.jobs.kind import Going, Kind, Params
from kobling.jobs.models import Job, State
from kobling.portal import moving
from kobling.portal.moving import Coming
from kobling.records import N_, SettingsError

LEFT_AFTER = timedelta(days=1)
"""What lies in the folder so long is nobody's work."""


def export_params(by: str, client: int) -> Params:
    """A client leaves in a file for one person, by the key of the actor: each is in its history."""
    return {"client": client, "by": by}


def look_params(by: str, firm: int) -> Params:
    """A file that comes to a firm is looked at for one person."""
    return {"firm": firm, "by": by}


def import_params(by: str, looked: int, firm: int, name: str) -> Params:
    """What was looked at comes to the firm, under this name."""
    return {"firm": firm, "by": by, "looked": looked, "name": name}


def read_look(result: Mapping[str, Any]) -> Coming:
    """What is in a file, as it was kept."""
    return msgspec.convert(result, Coming)


def _require_own(actor: Actor, params: Params) -> None:
    if params["by"] != actor.key:
        raise NotFound(N_("There is no such thing, or it is not yours."), code="not_found")


def _may_export(actor: Actor, params: Params) -> None:
    moving.exportable(actor, params["client"])
    _require_own(actor, params)


def _export(actor: Actor, params: Params, going: Going) -> dict[str, Any]:
    def tell(done: int, of: int) -> None:
        going.tell(done, of, Said(N_("Writing one part after the other")))

    with _folder(going) as folder:
        packed = moving.export_client(actor, params["client"], going.clock.now(), folder, tell)
        size = packed.path.stat().st_size
        going.keep(packed.path)
    return {"name": packed.name, "size": size}


def _file_name(result: Mapping[str, Any]) -> str:
    return f"{result['name']}.zip"


def _may_take(actor: Actor, params: Params) -> None:
    require_in_firm(actor, InFirm.ADD_CLIENT, params["firm"])
    _require_own(actor, params)


def _may_import(actor: Actor, params: Params) -> None:
    _may_take(actor, params)
    looked = Job.objects.filter(pk=params["looked"], kind=LOOK.name, state=State.DONE).first()
    if looked is None or looked.params != look_params(actor.key, params["firm"]):
        raise NotFound(N_("There is no such thing, or it is not yours."), code="not_found")


def _look(actor: Actor, params: Params, going: Going) -> Any:
    going.tell(0, 0, Said(N_("Reading the file to its end")))
    with _laid_down(going.job, going) as path:
        return msgspec.to_builtins(moving.look(actor, path, params["firm"]))


def _import(actor: Actor, params: Params, going: Going) -> dict[str, Any]:
    going.tell(0, 0, Said(N_("Taking in everything or nothing")))
    with _laid_down(params["looked"], going) as path:
        made = moving.import_client(actor, path, params["firm"], going.clock.now(), params["name"])
    return {"client": made.pk, "name": made.name}


@contextmanager
def _laid_down(job: int, going: Going) -> Iterator[Path]:
    with _folder(going) as folder:
        if not files.lay_down(job, path := folder / "client.zip", going.clock.now()):
            raise SettingsError(N_("The file is kept for an hour. Choose it again."), code="file_gone")
        yield path


@contextmanager
def _folder(going: Going) -> Iterator[Path]:
    """A folder while the work lasts; those that dead workers left are removed."""
    for left in moving.room().iterdir():
        if left.stat().st_mtime < (going.clock.now() - LEFT_AFTER).timestamp():
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=moving.room()) as folder:
        yield Path(folder)


EXPORT = Kind("export_client", N_("Export"), _may_export, _export, repeatable=True, file=_file_name)
LOOK = Kind("look_at_client_file", N_("What is in the file"), _may_take, _look, repeatable=True, alone=False)
IMPORT = Kind("import_client", N_("Import"), _may_import, _import, repeatable=False)
