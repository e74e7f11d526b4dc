"""Which records are the same, how lone ones are found, and what persons said of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kobling.hub.models.pairs import Table


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
    coupled_by = models.CharField(max_length=200, default="")

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


class Decision(models.Model):
    """What a person said of a record: create, ignore, couple with another, or never with another.

    ``ask``: matching found several; the record is left alone until a person says which it is.
    """

    table = models.ForeignKey(Table, on_delete=models.CASCADE, related_name="decisions")
    side = models.CharField(max_length=5)
    external_id = models.CharField(max_length=128)
    choice = models.CharField(max_length=10)
    other_id = models.CharField(max_length=128, default="")
    decided_by = models.CharField(max_length=200)
    why = models.TextField(default="")
    decided_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["table", "side", "external_id", "choice", "other_id"], name="decided_once")
        ]


class Pointing(models.Model):
    """A field of a record points to one that is not coupled yet; once that is (``due``), it is planned again."""

    table = models.ForeignKey(Table, on_delete=models.CASCADE, related_name="pointings", db_index=False)
    side = models.CharField(max_length=5)
    external_id = models.CharField(max_length=128)
    awaited_id = models.CharField(max_length=128)
    due = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["table", "side", "external_id", "awaited_id"], name="pointing_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["awaited_id"], name="pointing_awaited"),
            models.Index(fields=["table"], name="pointing_due", condition=models.Q(due=True)),
        ]
