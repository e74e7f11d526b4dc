"""What a person must settle, or what waits."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kobling.hub.models.pairs import Table


class SyncIssue(models.Model):
    """Something a person must settle, or a record that waits. One open issue per record, table and kind.

    ``cause`` is the kind and code of a refusal: the same one twice parks the record. Empty: it heals by itself.
    """

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
    cause = models.CharField(max_length=150, default="")
    times = models.IntegerField(default=1)
    state = models.CharField(max_length=10, default="open")
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["table", "kind", "subject"], name="issue_once")]
        indexes: ClassVar = [
            models.Index(fields=["waits_id"], name="issue_waits"),
            models.Index(
                fields=["table", "opened_at"],
                name="issue_unsettled",
                condition=models.Q(state="open") | models.Q(state="parked"),
            ),
        ]
