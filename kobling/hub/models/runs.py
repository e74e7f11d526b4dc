"""Runs, the plans they made, and how far each table is."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kobling.hub.models.pairs import Pair, Table


class Run(models.Model):
    """One asked-for synchronisation of a pair. ``epoch`` grows with each attempt; older attempts may not write.

    ``asked_by`` is the key of an actor, as every other ``…_by`` in these models.
    """

    pair = models.ForeignKey(Pair, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=20, default="sync")
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=20, default="queued", db_index=True)
    phase = models.CharField(max_length=200, default="")
    epoch = models.IntegerField(default=0)
    asked_by = models.CharField(max_length=200)
    why = models.CharField(max_length=200, default="")
    summary = models.JSONField(default=dict)
    error = models.JSONField(null=True)
    cancel_asked = models.BooleanField(default=False)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["pair", "id"], name="run_of_pair")]


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


class Moved(models.Model):
    """What a pair has written in one day, as its chunks were finished: records, and the worth of documents it made.

    ``day`` ends where the bookkeeping does (Europe/Copenhagen). ``currency`` empty: the records; else the amount of
    documents in that currency, in major units.
    """

    pair = models.ForeignKey(Pair, on_delete=models.CASCADE, related_name="moved", db_index=False)
    day = models.DateField()
    currency = models.CharField(max_length=3, default="")
    records = models.BigIntegerField(default=0)
    amount = models.DecimalField(max_digits=24, decimal_places=5, default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["pair", "day", "currency"], name="moved_once")]
