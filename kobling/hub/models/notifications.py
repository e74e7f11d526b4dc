"""What processes tell each other about a connection: which notifications came already."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kobling.hub.models.connections import Connection


class Notification(models.Model):
    """A notification of a vendor that was taken in; ``mark`` is a hash of its id."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="notifications", db_index=False)
    mark = models.CharField(max_length=64)
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["connection", "mark"], name="notification_once")]
