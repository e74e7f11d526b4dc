"""Files: what one would hold, making it, its bytes for good, and what became of its documents."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import msgspec

from kobling.access.models import Client
from kobling.access.naming import who_did
from kobling.access.policy import Actor, Doing, NotFound, clients_of, require
from kobling.files import Answer, Profile, read_answer
from kobling.hub import runs
from kobling.hub.connections.opening import Opener
from kobling.hub.exports.choosing import GoneBefore, choose
from kobling.hub.exports.gathering import Gathered, gather, tables
from kobling.hub.exports.wishes import BY_CHOICE, Left, Preview, Wish
from kobling.hub.happened import What
from kobling.hub.models import Connection, Feed, Pair
from kobling.hub.models.exports import ACCEPTED, EXPORTED, REFUSED, WITHDRAWN, ExportedDocument, FileExport
from kobling.hub.planning import by_file
from kobling.hub.services.log import record
from kobling.hub.store import mirror, sql
from kobling.pairs.file_exports import SOURCES, FileSource
from kobling.records import N_, NP_, SettingsError, Unsafe, exact
from kobling.sdk.protocols import Reporting, Told
from kobling.sync import checkpoints

CHANGED = "changed"
MOST_LISTED = 1000
"""So many documents of each chosen kind of reason are kept with a file; all are counted."""
_SEALED = tuple(f"connection__{name}" for name in Connection.SEALED)


def preview(actor: Actor, connection: Connection, opener: Opener, wish: Wish) -> Preview:
    """Read afresh and say what a file would hold. Nothing is stored. Raises SettingsError."""
    require(actor, Doing.SPEND, connection.client)
    gathered = gather(opener, connection, source_of(connection), wish, begin=False)
    return _shown(connection, opener, wish, gathered)


def _shown(connection: Connection, opener: Opener, wish: Wish, gathered: Gathered) -> Preview:
    source = source_of(connection)
    ids = [each.source_id for each in gathered.found]
    in_files = by_file.exported(connection.pk, source.resource, ids)
    sent = by_file.sent(connection, source.resource, ids, tables(opener, connection, source.resource))
    return choose(gathered, wish, GoneBefore(in_files, sent))


def make(
    actor: Actor,
    connection: Connection,
    opener: Opener,
    wish: Wish,
    now: datetime,
    *,
    as_shown: str = "",
    why: str = "",
) -> FileExport:
    """Make the file that a preview showed (``as_shown`` is its digest) and keep its bytes for good.

    All of it is stored or nothing. Raises Unsafe when something changed since, a run is going on, or documents would go
    out a second time without a word on why, or there is nothing to export.
    """
    require(actor, Doing.WORK, connection.client)
    gathered = gather(opener, connection, source_of(connection), wish, begin=True)
    with ExitStack() as between:
        for pair in Pair.objects.filter(left=connection):
            between.enter_context(runs.between_runs(pair, now))
        shown = _shown(connection, opener, wish, gathered)
        _check(shown, as_shown, why)
        checkpoints.reach(checkpoints.PLANNED)
        with sql.together():
            export = _store(actor, connection, wish, shown, now)
            checkpoints.reach(checkpoints.JOURNALED)
    checkpoints.reach(checkpoints.RECORDED)
    totals = {name: str(each) for name, each in shown.totals.items()}
    after = {"documents": len(shown.documents), "totals": totals, "left_out": shown.left_out}
    record(actor, connection.client, What.FILE_MADE, f"{connection.name} {export.pk}", after=after, why=why)
    return export


def download(actor: Actor, number: int) -> tuple[FileExport, bytes]:
    """A file's bytes, the same each time. Raises NotFound; Unsafe when they are not what was made."""
    export = find(actor, number, Doing.SEE)
    content = bytes(export.content)
    if hashlib.sha256(content).hexdigest() != export.sha256:
        raise Unsafe(N_("File %(file)s is damaged: its bytes are not those that were made."), file=number)
    return export, content


def find(actor: Actor, number: int, doing: Doing = Doing.WORK) -> FileExport:
    """A file by number. Raises NotFound."""
    allowed = FileExport.objects.filter(connection__client__in=clients_of(actor, doing), pk=number)
    found = allowed.select_related("connection__client").defer(*_SEALED).first()
    if found is None:
        raise NotFound(N_("There is no file %(file)s, or it is not yours."), file=number, code="not_found")
    return found


def listed(actor: Actor, client: Client | None = None) -> list[FileExport]:
    """Files the actor may see, newest first; without their bytes."""
    allowed = FileExport.objects.filter(connection__client__in=clients_of(actor, Doing.SEE)).defer("content", "left")
    found = allowed.filter(connection__client=client) if client else allowed
    return list(found.select_related("connection__client").defer(*_SEALED).order_by("-pk"))


def documents(actor: Actor, export: FileExport) -> list[ExportedDocument]:
    """What a file holds, in its order."""
    require(actor, Doing.SEE, export.connection.client)
    return list(export.documents.order_by("pk"))


def left_out(actor: Actor, export: FileExport) -> list[Left]:
    """What was left out when a file was made, by its reasons; of what people chose so, the first of each (all are
    counted in ``FileExport.left_out``)."""
    require(actor, Doing.SEE, export.connection.client)
    return [_as_left(each) for each in export.left] if isinstance(export.left, list) else []


def mark_transferred(actor: Actor, export: FileExport, opener: Opener, now: datetime) -> None:
    """A person took the file to the other system. Once; a source that waits to hear of its records is told."""
    require(actor, Doing.WORK, export.connection.client)
    if export.withdrawn_at is not None:
        raise Unsafe(N_("File %(file)s was withdrawn."), file=export.pk, code="withdrawn")
    if export.transferred_at is not None:
        raise Unsafe(
            N_("File %(file)s was transferred already, by %(who)s."),
            file=export.pk,
            who=who_did(export.transferred_by).name,
            code="transferred",
        )
    _tell(opener, export, list(export.documents.filter(state=EXPORTED)), now)
    export.transferred_at, export.transferred_by = now, actor.key
    export.save(update_fields=["transferred_at", "transferred_by"])
    record(actor, export.connection.client, What.FILE_TRANSFERRED, f"{export.connection.name} {export.pk}")


def acknowledge(
    actor: Actor, export: FileExport, content: bytes, now: datetime, profile: Profile | None = None
) -> Answer:
    """Read the other system's answer: what it refused may go into a file again. Lines nobody understands are given
    back. ``profile`` says how the answer looks, where the file's own does not.

    Raises SettingsError when its columns cannot be told, or it speaks of none of the file's documents.
    """
    require(actor, Doing.WORK, export.connection.client)
    found = list(export.documents.exclude(state=WITHDRAWN))
    rows = {each.number: each for each in found}
    answer = read_answer(content, [each.number for each in found], profile or _profile_of(export))
    if answer.trouble is not None:
        raise SettingsError(answer.trouble.text, field="answer", code="answer_columns", **answer.trouble.params)
    if answer.undecided and not answer.told:
        raise SettingsError(
            N_("The answer says of none of its documents whether it was taken or refused (%(numbers)s)."),
            code="undecided",
            numbers=", ".join(answer.undecided[:10]),
        )
    if not answer.told:
        raise SettingsError(
            N_("The answer speaks of none of the documents in file %(file)s."), file=export.pk, code="other_file"
        )
    refused = []
    with sql.together():
        for told in answer.told:
            row = rows[told.number]
            row.state, row.reason = (ACCEPTED if told.taken else REFUSED), told.reason[:500]
            row.save(update_fields=["state", "reason"])
            refused += [] if told.taken else [row]
        _look_again(export.connection, refused)
        export.acknowledged_at = now
        export.save(update_fields=["acknowledged_at"])
    counted = Counter("accepted" if each.taken else "refused" for each in answer.told)
    subject = f"{export.connection.name} {export.pk}"
    record(actor, export.connection.client, What.FILE_ANSWERED, subject, after=dict(counted))
    return answer


def withdraw(actor: Actor, export: FileExport, now: datetime, why: str = "") -> int:
    """Take a file back that never left: its documents are free again. Returns how many. Raises Unsafe otherwise."""
    require(actor, Doing.WORK, export.connection.client)
    if export.transferred_at is not None or export.acknowledged_at is not None:
        raise Unsafe(
            N_("File %(file)s was transferred; what the other system took cannot be taken back here."),
            file=export.pk,
            code="transferred",
        )
    with sql.together():
        free = list(export.documents.exclude(state=WITHDRAWN))
        export.documents.update(state=WITHDRAWN)
        export.withdrawn_at = now
        export.save(update_fields=["withdrawn_at"])
        _look_again(export.connection, free)
    record(actor, export.connection.client, What.FILE_WITHDRAWN, f"{export.connection.name} {export.pk}", why=why)
    return len(free)


def source_of(connection: Connection) -> FileSource:
    """Where a connection's documents come from. Raises SettingsError for a system without."""
    found = SOURCES.get(connection.connector)
    if found is None:
        raise SettingsError(
            N_("%(system)s has no documents for files. There are: %(known)s."),
            system=connection.connector,
            known=", ".join(SOURCES),
        )
    return found


def _profile_of(export: FileExport) -> Profile | None:
    """The profile that a file was made by; None for one that an older Kobling knew otherwise."""
    try:
        return msgspec.convert(export.layout, Profile)
    except msgspec.ValidationError:
        return None


def _check(shown: Preview, as_shown: str, why: str) -> None:
    if not shown.documents:
        raise Unsafe(N_("There is nothing to export."), code="nothing")
    if as_shown and shown.digest != as_shown:
        raise Unsafe(N_("Something changed since the preview. Look at it again."), code=CHANGED)
    if shown.repeated and not why.strip():
        raise Unsafe(
            NP_(
                "%(number)s document is in a file already. Say why it goes out again.",
                "%(number)s documents are in a file already. Say why they go out again.",
            ),
            number=len(shown.repeated),
            code="again",
        )


def _store(actor: Actor, connection: Connection, wish: Wish, shown: Preview, now: datetime) -> FileExport:
    source = source_of(connection)
    export = FileExport.objects.create(
        connection=connection,
        profile=wish.profile.name,
        layout=msgspec.to_builtins(wish.profile),
        content=shown.content,
        sha256=shown.digest,
        number_of_documents=len(shown.documents),
        totals={currency: str(amount) for currency, amount in shown.totals.items()},
        left_out=shown.left_out,
        left=_as_kept(shown.left),
        made_at=now,
        made_by=actor.key,
    )
    ExportedDocument.objects.bulk_create(
        [
            ExportedDocument(
                export=export,
                connection=connection,
                resource=source.resource,
                source_id=each.source_id,
                number=each.number,
                amount=each.amount,
                currency=each.currency,
                again=each.source_id in shown.repeated,
            )
            for each in shown.documents
        ],
        batch_size=500,
    )
    return export


def _as_kept(left: Sequence[Left]) -> list[dict[str, Any]]:
    """What was left out as it is kept: of each kind of reason so many that a person would look through them, and all of
    those that somebody must see to."""
    kept, listed = [], Counter[str]()
    for each in left:
        listed[each.kind] += 1
        if each.kind not in BY_CHOICE or listed[each.kind] <= MOST_LISTED:
            amount = None if each.amount is None else str(each.amount)
            kept.append({**dataclasses.asdict(each), "amount": amount})
    return kept


def _as_left(kept: object) -> Left:
    """As it was kept; a file that came from elsewhere may hold anything."""
    told = kept if isinstance(kept, dict) else {}
    texts = {name: str(told.get(name) or "") for name in ("number", "kind", "reason", "source_id", "who", "currency")}
    params = told.get("params")
    try:
        amount = None if told.get("amount") is None else exact(told["amount"])
    except ValueError:
        amount = None
    return Left(**texts, params=params if isinstance(params, dict) else {}, amount=amount)


def _tell(opener: Opener, export: FileExport, rows: Sequence[ExportedDocument], now: datetime) -> None:
    resource = opener.connector(export.connection).resources[source_of(export.connection).resource]
    if isinstance(resource, Reporting):
        awaited = set(opener.waiting.run(resource.awaited()))
        told = [Told(each.source_id, True, now, f"{export.pk}") for each in rows if each.source_id in awaited]
        opener.waiting.run(resource.tell(told))
        opener.waiting.run(resource.end())


def _look_again(connection: Connection, rows: Sequence[ExportedDocument]) -> None:
    """What is in no file any more may go over a pair: its next run looks at it."""
    feeds = dict(Feed.objects.filter(connection=connection).values_list("resource", "pk"))
    for each in rows:
        if each.resource in feeds:
            mirror.touch(feeds[each.resource], [each.source_id])
