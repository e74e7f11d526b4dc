"""What was last seen of every record, and how far reading has come."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kobling.hub.models.connections import Connection


class Feed(models.Model):
    """Reading of one resource of one connection: its bookmark, and the counter that marks changed mirror rows.

    ``unswept``: its feed broke off, so that ids must be compared before deletions are believed complete. ``failures``
    counts readings in a row that broke off at the vendor's fault.
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
    failures = models.SmallIntegerField(default=0)

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
