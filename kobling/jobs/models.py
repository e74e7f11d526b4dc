"""Jobs: what was asked for, who does it, how far it is, and what came of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class State(models.TextChoices):
    """How far a job is."""

    WAITING = "waiting"
    GOING = "going"
    DONE = "done"
    FAILED = "failed"


class Job(models.Model):
    """Something that a worker does because somebody asked.

    ``asked_by`` is an actor's key, ``only`` the one client that the actor acted for. ``once`` tells a job that waits or
    goes on from another one of the same; empty once it has ended. ``repeatable``: may be done again from its beginning.
    ``epoch`` counts the claims of workers; ``claimed_until`` is how long the last one holds.
    """

    kind = models.CharField(max_length=50)
    params = models.JSONField(default=dict)
    asked_by = models.CharField(max_length=200)
    only = models.BigIntegerField(null=True)
    once = models.CharField(max_length=128, null=True, unique=True)
    repeatable = models.BooleanField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    progress = models.JSONField(default=dict)
    result = models.JSONField(null=True)
    error = models.JSONField(null=True)
    worker = models.CharField(max_length=200, default="")
    epoch = models.PositiveIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "asked_at"], name="job_state_asked_at"),
            models.Index(fields=["kind", "-id"], name="job_latest"),
        ]


class FilePart(models.Model):
    """A part of a job's file. ``claim``: which claim of the job made it, 0 where it was given with the asking."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="file_parts")
    claim = models.PositiveIntegerField()
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["job", "claim", "number"], name="job_file_part")]
