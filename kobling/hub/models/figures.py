"""What systems told of how a client stands, and which clients' figures are to be reckoned anew."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kobling.hub.models.connections import Connection


class Stale(models.Model):
    """A mark: something of this client has changed since its figures were reckoned.

    Marks are only ever added, each in the transaction of its change, and taken away one by one by whoever reckoned
    after it: two who change the same client never wait for each other here.
    """

    client = models.ForeignKey("access.Client", on_delete=models.CASCADE, related_name="+", db_index=False)


class ToldFigures(models.Model):
    """What a connection's system last told, when it is asked next, and why it did not tell the last time.

    ``figures``: name → ``number`` and ``amounts`` (currency → text). ``due_at`` None: it is not asked by itself, since
    it tells nothing or a person must act first. ``epoch`` grows with each asking, which is one worker's until
    ``asking_until``; an older answer is not taken.
    """

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="told_figures"
    )
    figures = models.JSONField(default=dict)
    told_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    asked_by = models.CharField(max_length=200, default="")
    epoch = models.IntegerField(default=0)
    asking_until = models.DateTimeField(null=True)
    error = models.JSONField(null=True)
    failed_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["due_at"], name="figures_due")]
