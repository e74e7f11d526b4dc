"""What Kobling remembers: connections, pairs, the mirror, couplings, the journal, runs and issues.

Hot tables (mirror, couplings, match keys, journal) are written by plain SQL in ``hub/store``; these classes give
their schema and migrations. JSON is kept as text with exact numbers.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.db import models

from kobling.hub.exports import ExportedDocument, FileExport
from kobling.hub.offering import Activation, Price

__all__ = [
    "Activation",
    "Connection",
    "Coupling",
    "Decision",
    "Event",
    "ExportedDocument",
    "Feed",
    "FileExport",
    "MatchKey",
    "MirrorRow",
    "Pair",
    "PlanChunk",
    "Price",
    "Run",
    "Schedule",
    "Spent",
    "StockLevel",
    "SyncIssue",
    "SyncJob",
    "Table",
    "WriteIntent",
]


class Connection(models.Model):
    """One client's authorised use of a connector. ``secrets`` is encrypted; ``settings`` holds nothing secret.

    ``revoked_at``: its key was taken away, and nothing is asked of the system until somebody connects it again.
    """

    client = models.ForeignKey("access.Client", on_delete=models.PROTECT, related_name="connections")
    connector = models.CharField(max_length=50)
    name = models.CharField(max_length=100)
    settings = models.JSONField(default=dict)
    secrets = models.TextField(default="")
    grant = models.TextField(default="")
    grant_version = models.IntegerField(default=0)
    described = models.JSONField(default=dict)
    healthy = models.BooleanField(null=True)
    health_text = models.TextField(default="")
    account_name = models.CharField(max_length=200, default="")
    checked_at = models.DateTimeField(null=True)
    held_by = models.CharField(max_length=64, default="")
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["client", "name"], name="connection_name")]


class Feed(models.Model):
    """Reading of one resource of one connection: its bookmark, and the counter that marks changed mirror rows.

    ``unswept``: its feed broke off, so that ids must be compared before deletions are believed complete.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="feeds")
    resource = models.CharField(max_length=50)
    bookmark = models.TextField(default="")
    reading = models.BooleanField(default=False)
    rev = models.BigIntegerField(default=0)
    sweep = models.IntegerField(default=0)
    swept_at = models.DateTimeField(null=True)
    unswept = models.BooleanField(default=False)
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["connection", "resource"], name="feed_once")]


class MirrorRow(models.Model):
    """Last seen snapshot of one record. ``rev`` grows when its content moved by somebody else's hand."""

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="rows", db_index=False)
    external_id = models.CharField(max_length=128)
    version = models.CharField(max_length=200, null=True)
    modified_at = models.DateTimeField(null=True)
    fields = models.TextField()
    digest = models.CharField(max_length=32)
    gone = models.BooleanField(default=False)
    rev = models.BigIntegerField()
    sweep = models.IntegerField(default=0)
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["feed", "external_id"], name="mirror_once")]
        indexes: ClassVar = [
            models.Index(fields=["feed", "rev"], name="mirror_rev"),
            models.Index(fields=["feed", "gone"], name="mirror_there"),
        ]


class Pair(models.Model):
    """Two connections of one client kept in step. ``options`` are what a person chose; see ``pairs``."""

    uid = models.UUIDField(default=uuid4, unique=True)
    client = models.ForeignKey("access.Client", on_delete=models.PROTECT, related_name="pairs")
    pair_type = models.CharField(max_length=50)
    name = models.CharField(max_length=100)
    left = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="left_of")
    right = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="right_of")
    options = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["client", "name"], name="pair_name")]


class Table(models.Model):
    """One table mapping of one pair: how far planning has come on each side, and when its numbers were compared."""

    pair = models.ForeignKey(Pair, on_delete=models.CASCADE, related_name="tables")
    name = models.CharField(max_length=50)
    cursor_left = models.BigIntegerField(default=0)
    cursor_right = models.BigIntegerField(default=0)
    indexed_left = models.BigIntegerField(default=0)
    indexed_right = models.BigIntegerField(default=0)
    compared_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["pair", "name"], name="table_once")]


class Coupling(models.Model):
    """The stored link between two external ids, with the values each side last agreed on."""

    table = models.ForeignKey(Table, on_delete=models.CASCADE, related_name="couplings", db_index=False)
    uid = models.CharField(max_length=36)
    left_id = models.CharField(max_length=128)
    right_id = models.CharField(max_length=128)
    base_left = models.TextField()
    base_right = models.TextField(null=True)
    policy = models.CharField(max_length=10, null=True)
    coupled_at = models.DateTimeField()
    coupled_by = models.CharField(max_length=100, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["table", "uid"], name="coupling_uid"),
            models.UniqueConstraint(fields=["table", "left_id"], name="coupling_left"),
            models.UniqueConstraint(fields=["table", "right_id"], name="coupling_right"),
        ]


class MatchKey(models.Model):
    """The key of a match rule. Of coupled records only identity keys are kept, so that nobody doubles them."""

    table = models.ForeignKey(Table, on_delete=models.CASCADE, related_name="match_keys", db_index=False)
    side = models.CharField(max_length=5)
    rule = models.SmallIntegerField()
    key = models.CharField(max_length=32)
    external_id = models.CharField(max_length=128)
    coupled = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["table", "side", "external_id", "rule"], name="match_key_once")
        ]
        indexes: ClassVar = [models.Index(fields=["table", "side", "rule", "key"], name="match_key_lookup")]


class Run(models.Model):
    """One asked-for synchronisation of a pair. ``epoch`` grows with each attempt; older attempts may not write."""

    pair = models.ForeignKey(Pair, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=20, default="sync")
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=20, default="queued", db_index=True)
    phase = models.CharField(max_length=200, default="")
    epoch = models.IntegerField(default=0)
    asked_by = models.CharField(max_length=100)
    why = models.CharField(max_length=200, default="")
    summary = models.JSONField(default=dict)
    error = models.JSONField(null=True)
    cancel_asked = models.BooleanField(default=False)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)


class SyncJob(models.Model):
    """One run of one table mapping, counted.

    ``state`` is the table's (running, done, failed, stopped, blocked); ``to_left`` and ``to_right`` are those of the
    two directions (running, done, errors). ``error`` says why a table failed, or which tables it waits for.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="jobs")
    table = models.ForeignKey(Table, on_delete=models.CASCADE, related_name="jobs")
    inserted = models.IntegerField(default=0)
    modified = models.IntegerField(default=0)
    deleted = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    skipped = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    coupled = models.IntegerField(default=0)
    uncoupled = models.IntegerField(default=0)
    total = models.IntegerField(default=0)
    state = models.CharField(max_length=10, default="")
    to_left = models.CharField(max_length=10, default="")
    to_right = models.CharField(max_length=10, default="")
    error = models.JSONField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "table"], name="job_once")]


class PlanChunk(models.Model):
    """A stretch of a plan, stored as shown and executed as stored. ``cursors`` is how far it brings the table."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="chunks")
    table = models.ForeignKey(Table, on_delete=models.CASCADE, related_name="chunks")
    seq = models.IntegerField()
    actions = models.TextField()
    size = models.IntegerField(default=0)
    side = models.CharField(max_length=5)
    after = models.BigIntegerField(default=0)
    upto = models.BigIntegerField(default=0)
    other_upto = models.BigIntegerField(default=0)
    rows = models.IntegerField(default=0)
    done = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "table", "seq"], name="chunk_once")]


class WriteIntent(models.Model):
    """Journal row made before a write, closed with what came back: confirmed, refused, or still unknown."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="intents")
    chunk = models.ForeignKey(PlanChunk, on_delete=models.CASCADE, related_name="intents", db_index=False)
    position = models.IntegerField()
    table = models.ForeignKey(Table, on_delete=models.CASCADE, related_name="intents", db_index=False)
    side = models.CharField(max_length=5)
    operation = models.CharField(max_length=10)
    key = models.CharField(max_length=64)
    source_id = models.CharField(max_length=128)
    external_id = models.CharField(max_length=128, null=True)
    coupling = models.CharField(max_length=36, null=True)
    changes = models.TextField()
    reason = models.TextField(default="")
    state = models.CharField(max_length=10, default="open")
    error = models.TextField(null=True)
    epoch = models.IntegerField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["chunk", "position"], name="intent_once")]
        indexes: ClassVar = [
            models.Index(fields=["table", "source_id"], name="intent_source"),
            models.Index(fields=["table", "external_id"], name="intent_external"),
            models.Index(
                fields=["table"], name="intent_open", condition=models.Q(state="open") | models.Q(state="unknown")
            ),
        ]


class SyncIssue(models.Model):
    """Something a person must settle, or a record that waits. One open issue per record, table and kind."""

    table = models.ForeignKey(Table, on_delete=models.CASCADE, related_name="issues")
    kind = models.CharField(max_length=30)
    subject = models.CharField(max_length=140)
    left_id = models.CharField(max_length=128, null=True)
    right_id = models.CharField(max_length=128, null=True)
    coupling = models.CharField(max_length=36, null=True)
    title = models.TextField(default="")
    reason = models.TextField(default="")
    params = models.TextField(default="{}")
    details = models.TextField(default="{}")
    waits_table = models.CharField(max_length=50, null=True)
    waits_id = models.CharField(max_length=128, null=True)
    times = models.IntegerField(default=1)
    state = models.CharField(max_length=10, default="open")
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["table", "kind", "subject"], name="issue_once")]
        indexes: ClassVar = [models.Index(fields=["waits_id"], name="issue_waits")]


class Decision(models.Model):
    """What a person said of a record: create, ignore, couple with another, or never with another.

    ``ask``: matching found several; the record is left alone until a person says which it is.
    """

    table = models.ForeignKey(Table, on_delete=models.CASCADE, related_name="decisions")
    side = models.CharField(max_length=5)
    external_id = models.CharField(max_length=128)
    choice = models.CharField(max_length=10)
    other_id = models.CharField(max_length=128, default="")
    decided_by = models.CharField(max_length=100)
    why = models.TextField(default="")
    decided_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["table", "side", "external_id", "choice", "other_id"], name="decided_once")
        ]


class Schedule(models.Model):
    """When a pair runs by itself. ``cron`` has five fields in the time zone named."""

    pair = models.OneToOneField(Pair, on_delete=models.CASCADE, related_name="schedule")
    cron = models.CharField(max_length=100, default="0 */3 * * *")
    time_zone = models.CharField(max_length=50, default="Europe/Copenhagen")
    enabled = models.BooleanField(default=False)
    next_at = models.DateTimeField(null=True)


class Spent(models.Model):
    """What is used of a vendor's budget by one connection in one window, shared by all workers."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, primary_key=True, related_name="spent")
    window = models.BigIntegerField(default=0)
    used = models.IntegerField(default=0)
    before = models.IntegerField(default=0)
    closed_until = models.FloatField(default=0)


class StockLevel(models.Model):
    """What a system last said was in stock of an item, kept for a short while."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="stock_levels")
    number = models.CharField(max_length=50)
    amount = models.DecimalField(max_digits=24, decimal_places=5, null=True)
    unit = models.CharField(max_length=20, default="")
    asked_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["connection", "number"], name="stock_once")]


class Event(models.Model):
    """Who did what, when and why: settings, couplings, decisions, runs. Append-only."""

    client = models.ForeignKey("access.Client", null=True, on_delete=models.PROTECT, related_name="events")
    who = models.CharField(max_length=100)
    what = models.CharField(max_length=50)
    subject = models.CharField(max_length=200, default="")
    before = models.TextField(default="")
    after = models.TextField(default="")
    why = models.TextField(default="")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["client", "at"], name="event_client")]
