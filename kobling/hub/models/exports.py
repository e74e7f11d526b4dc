"""Files that were made: their bytes for good, and which documents each holds."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

EXPORTED, ACCEPTED, REFUSED, WITHDRAWN = "exported", "accepted", "refused", "withdrawn"


class FileExport(models.Model):
    """One file. ``content`` never changes; ``totals`` are currency → amount (texts) of its documents.

    ``left_out`` counts what was left out by the kind of reason, ``left`` lists it with who, amount and sentence.
    """

    connection = models.ForeignKey("hub.Connection", on_delete=models.PROTECT, related_name="exports")
    profile = models.CharField(max_length=100)
    layout = models.JSONField(default=dict)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    number_of_documents = models.IntegerField()
    totals = models.JSONField(default=dict)
    left_out = models.JSONField(default=dict)
    left = models.JSONField(default=list)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=200)
    transferred_at = models.DateTimeField(null=True)
    transferred_by = models.CharField(max_length=200, default="")
    acknowledged_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "hub"


class ExportedDocument(models.Model):
    """One document of a file. A document is in one file at a time, unless a person said to take it ``again``."""

    export = models.ForeignKey(FileExport, on_delete=models.CASCADE, related_name="documents")
    connection = models.ForeignKey("hub.Connection", on_delete=models.PROTECT, related_name="exported_documents")
    resource = models.CharField(max_length=50)
    source_id = models.CharField(max_length=128)
    number = models.CharField(max_length=100)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, default=EXPORTED)
    reason = models.TextField(default="")
    again = models.BooleanField(default=False)

    class Meta:
        app_label = "hub"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "resource", "source_id"],
                condition=models.Q(again=False) & models.Q(state__in=[EXPORTED, ACCEPTED]),
                name="exported_once",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["connection", "resource", "source_id"], name="exported_document")]
