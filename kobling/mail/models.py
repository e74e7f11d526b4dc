"""What waits to be sent and what was, who wants which digests and when, and who was reminded of what."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class State(models.TextChoices):
    """How far a mail is. going: its end was about to be sent. unknown: whether it was sent, nobody can tell."""

    WAITING = "waiting"
    GOING = "going"
    SENT = "sent"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Mail(models.Model):
    """A mail that is sent once. ``once``: what tells it from others, so that it is never put down twice.

    ``content`` is sealed, and empty once it is old. ``message_id`` is the mail's own for good. ``answer``: a sentence
    of ours with what belongs in it, the server's own words among it. ``epoch`` counts the claims of workers;
    ``claimed_until`` is how long the last one holds.
    """

    once = models.CharField(max_length=200, unique=True)
    to = models.EmailField()
    content = models.TextField()
    client = models.ForeignKey("access.Client", null=True, on_delete=models.CASCADE, related_name="+")
    message_id = models.CharField(max_length=200)
    asked_at = models.DateTimeField(db_index=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    tries = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    epoch = models.PositiveIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)
    answer = models.CharField(max_length=300, default="")
    answer_params = models.JSONField(default=dict)
    answered_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "next_at"], name="mail_state_next_at")]


class Subscription(models.Model):
    """A digest that a person wants of a client; without a client, one of all of theirs, which takes the others' place.

    ``kinds``: keys of ``mail.kinds``. ``due_at`` None: it is off, or its place is taken.
    """

    person = models.ForeignKey("access.Person", on_delete=models.CASCADE, related_name="subscriptions")
    client = models.ForeignKey("access.Client", null=True, on_delete=models.CASCADE, related_name="subscriptions")
    on = models.BooleanField(default=True)
    frequency = models.CharField(max_length=10)
    kinds = models.JSONField(default=list)
    due_at = models.DateTimeField(null=True, db_index=True)
    epoch = models.PositiveIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "client"], name="digest_once_per_client"),
            models.UniqueConstraint(fields=["person"], condition=Q(client=None), name="one_digest_of_all"),
        ]


class FirmCountry(models.Model):
    """The country whose holidays a firm has."""

    firm = models.OneToOneField("access.Firm", on_delete=models.CASCADE, primary_key=True, related_name="+")
    country = models.CharField(max_length=2)


class Reminder(models.Model):
    """An admin reminded a client's bookkeepers. ``token``: one press of the button. The comment went by mail alone."""

    client = models.ForeignKey("access.Client", on_delete=models.CASCADE, related_name="reminders")
    token = models.CharField(max_length=64)
    sent_at = models.DateTimeField()
    by = models.CharField(max_length=200)
    kinds = models.JSONField(default=list)
    recipients = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["client", "token"], name="reminded_once")]
        indexes: ClassVar = [models.Index(fields=["client", "-sent_at"], name="reminder_latest")]
