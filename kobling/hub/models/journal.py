"""What is about to be written and what came back: never changed afterwards, never forgotten."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kobling.hub.models.pairs import Table
from kobling.hub.models.runs import PlanChunk, Run


class WriteIntent(models.Model):
    """Journal row made before a write, closed with what came back: confirmed, refused, or still unknown.

    ``sent`` counts how often it was sent while nothing of it was found.
    """

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
    sent = models.SmallIntegerField(default=1)
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


class Event(models.Model):
    """Who did what, when and why: settings, couplings, decisions, runs. Append-only.

    ``who_kind`` and ``who_id`` say who it was; ``who`` is only what that one was called then. ``what`` is a key of
    ``kobling.hub.happened``, ``params`` what belongs in its sentence.
    """

    client = models.ForeignKey("access.Client", null=True, on_delete=models.PROTECT, related_name="events")
    who = models.CharField(max_length=200)
    who_kind = models.CharField(max_length=20, default="unknown")
    who_id = models.CharField(max_length=200, default="")
    what = models.CharField(max_length=50)
    params = models.JSONField(default=dict)
    subject = models.CharField(max_length=200, default="")
    before = models.TextField(default="")
    after = models.TextField(default="")
    why = models.TextField(default="")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["client", "at"], name="event_client")]


class EventRecord(models.Model):
    """Which records an event is about, so that a record's history finds it."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="records")
    table = models.ForeignKey(Table, on_delete=models.CASCADE, related_name="+", db_index=False)
    side = models.CharField(max_length=5)
    external_id = models.CharField(max_length=128)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["table", "external_id"], name="event_record")]
