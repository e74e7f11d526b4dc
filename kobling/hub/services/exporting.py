"""Files: what one would hold, making it, its bytes for good, and what became of its documents."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from kobling.access.models import Client
from kobling.access.naming import who_did
from kobling.access.policy import Actor, Doing, NotFound, clients_of, require
from kobling.files import Answer, Document, Problem, Profile, problems, read_answer, write
from kobling.hub import runs
from kobling.hub.connections.departments import ids_of
from kobling.hub.connections.opening import Opener
from kobling.hub.happened import What
from kobling.hub.models import Connection, Feed, Pair, Table
from kobling.hub.models.exports import ACCEPTED, EXPORTED, REFUSED, WITHDRAWN, ExportedDocument, FileExport
from kobling.hub.models.market import Activation
from kobling.hub.planning import by_file
from kobling.hub.services.log import record
from kobling.hub.store import mirror, sql
from kobling.pairs.file_exports import SOURCES, FileSource, Held
from kobling.records import N_, NP_, SettingsError, Unsafe
from kobling.sdk.protocols import Bookmark, Reporting, Resource, Told
from kobling.sync import checkpoints

CHANGED, IN_A_FILE, BY_A_PAIR = "changed", "in_a_file", "by_a_pair"
_SEALED = tuple(f"connection__{name}" for name in Connection.SEALED)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a file is to hold: documents since a day, some by number alone, of some departments.

    ``again`` takes documents that are in a file already once more. ``vat_codes``: rate or code → code.
    """

    profile: Profile
    since: date | None = None
    numbers: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    vat_codes: Mapping[str, str] = field(default_factory=dict)
    again: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """A document that is not in the file, and why: a sentence with its parameters."""

    number: str
    kind: str
    reason: str
    params: Mapping[str, Any]


@dataclass(slots=True)
class Preview:
    """What a file would hold. ``digest`` tells two previews apart; ``totals`` are per currency."""

    content: bytes
    digest: str
    documents: list[Document] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    totals: dict[str, Decimal] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)


def preview(actor: Actor, connection: Connection, opener: Opener, wish: Wish) -> Preview:
    """Read afresh and say what a file would hold. Nothing is stored. Raises SettingsError."""
    require(actor, Doing.SPEND, connection.client)
    return _shown(connection, opener, wish, _documents(connection, opener, wish, begin=False))


def _documents(connection: Connection, opener: Opener, wish: Wish, *, begin: bool) -> list[Document | Held]:
    source = source_of(connection)
    rows = _read(opener, connection, source, begin)
    chosen = frozenset(_departments(opener, connection, wish))
    return list(source.documents(rows, wish.vat_codes, chosen))


def _shown(connection: Connection, opener: Opener, wish: Wish, found: Sequence[Document | Held]) -> Preview:
    source = source_of(connection)
    ids = [each.source_id for each in found]
    known = by_file.exported(connection.pk, source.resource, ids)
    sent = by_file.sent(connection, source.resource, ids, _tables(opener, connection, source.resource))
    made = Preview(b"", "")
    for each in found:
        if reason := _left(each, wish, known, sent):
            made.left.append(reason)
        elif isinstance(each, Document) and _wanted(each, wish):
            made.documents.append(each)
    made.documents.sort(key=lambda each: (each.day, each.number, each.source_id))
    made.repeated = {each.source_id for each in made.documents if each.source_id in known}
    for document in made.documents:
        made.totals[document.currency] = made.totals.get(document.currency, Decimal("0.00")) + document.amount
    made.content = write(wish.profile, made.documents)
    made.digest = hashlib.sha256(made.content).hexdigest()
    return made


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
    found = _documents(connection, opener, wish, begin=True)
    with ExitStack() as between:
        for pair in Pair.objects.filter(left=connection):
            between.enter_context(runs.between_runs(pair, now))
        shown = _shown(connection, opener, wish, found)
        _check(shown, as_shown, why)
        checkpoints.reach(checkpoints.PLANNED)
        with sql.together():
            export = _store(actor, connection, wish, shown, now)
            checkpoints.reach(checkpoints.JOURNALED)
    checkpoints.reach(checkpoints.RECORDED)
    after = {"documents": len(shown.documents), "totals": {name: str(each) for name, each in shown.totals.items()}}
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
    allowed = FileExport.objects.filter(connection__client__in=clients_of(actor, Doing.SEE)).defer("content")
    found = allowed.filter(connection__client=client) if client else allowed
    return list(found.select_related("connection__client").defer(*_SEALED).order_by("-pk"))


def documents(actor: Actor, export: FileExport) -> list[ExportedDocument]:
    """What a file holds, in its order."""
    require(actor, Doing.SEE, export.connection.client)
    return list(export.documents.order_by("pk"))


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


def acknowledge(actor: Actor, export: FileExport, content: bytes, now: datetime) -> Answer:
    """Read the other system's answer: what it refused may go into a file again. Lines nobody understands are given
    back. Raises SettingsError when the answer speaks of none of the file's documents."""
    require(actor, Doing.WORK, export.connection.client)
    rows = {each.number: each for each in export.documents.exclude(state=WITHDRAWN)}
    answer = read_answer(content, rows)
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


def _wanted(each: Document | Held, wish: Wish) -> bool:
    if wish.numbers and each.number not in wish.numbers:
        return False
    return not (isinstance(each, Document) and wish.since is not None and each.day < wish.since)


def _left(each: Document | Held, wish: Wish, known: Mapping[str, int], sent: set[str]) -> Left | None:
    """Why a document that is asked for is not in the file."""
    if not _wanted(each, wish):
        return None
    if isinstance(each, Held):
        return Left(each.number, "held", each.reason, dict(each.params))
    if each.source_id in sent:
        return Left(each.number, BY_A_PAIR, N_("A pair has sent it already."), {})
    if each.source_id in known and not wish.again:
        params = {"file": str(known[each.source_id])}
        return Left(each.number, IN_A_FILE, N_("It is in file %(file)s already."), params)
    found: list[Problem] = problems(wish.profile, each)
    return Left(each.number, "held", found[0].text, found[0].params) if found else None


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


def _departments(opener: Opener, connection: Connection, wish: Wish) -> list[str]:
    """Those asked for, within those that were given access where the integration was switched on."""
    kinds = [each for each in opener.pair_types.values() if each.left == connection.connector and each.departments]
    if not kinds:
        return []
    resource = kinds[0].departments
    names = [each.name for each in kinds]
    switched_on = Activation.objects.filter(client=connection.client_id, pair_type__in=names, ended_at=None)
    allowed = [name for each in switched_on for name in each.departments]
    chosen = ids_of(opener, connection, resource, wish.departments)
    permitted = ids_of(opener, connection, resource, allowed)
    if permitted and (beyond := sorted(set(chosen) - set(permitted))):
        raise SettingsError(
            N_("Department %(name)s was not given access."), field="departments", name=", ".join(beyond)
        )
    return chosen or permitted


def _tables(opener: Opener, connection: Connection, resource: str) -> list[int]:
    """Tables of pairs that send these records."""
    found: list[int] = []
    for pair in Pair.objects.filter(left=connection).select_related("left", "right", "client"):
        names = [name for name, mapping in opener.mappings(pair).items() if mapping.left == resource]
        found += Table.objects.filter(pair=pair, name__in=names).values_list("pk", flat=True)
    return found


def _read(
    opener: Opener, connection: Connection, source: FileSource, begin: bool
) -> dict[str, dict[str, Mapping[str, Any]]]:
    connector = opener.connector(connection)
    found = {}
    for name in (source.resource, *source.beside):
        resource = connector.resources[name]
        if begin and isinstance(resource, Reporting):
            opener.waiting.run(resource.begin())
        found[name] = opener.waiting.run(_rows(resource))
    return found


async def _rows(resource: Resource) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    bookmark: Bookmark | None = None
    more = True
    while more:
        page = await resource.read(bookmark)
        found |= {each.external_id: each.fields for each in page.records}
        bookmark, more = page.bookmark, page.more
    return found


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
