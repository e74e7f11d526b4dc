"""People, firms, clients and who may do what to whom."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower

from kobling.access.collating import LANGUAGES, LONGEST, search_key, sort_key


class Theme(models.TextChoices):
    """How pages look; by default as the person's system does."""

    SYSTEM = ""
    LIGHT = "light"
    DARK = "dark"


class Person(AbstractUser):
    """Someone who signs in. ``language`` is da, sv, nb or en; ``time_zone`` a name of the tz database.

    ``shortcuts``: keys of one letter work on pages.
    """

    language = models.CharField(max_length=5, default="da")
    time_zone = models.CharField(max_length=50, default="Europe/Copenhagen")
    theme = models.CharField(max_length=5, choices=Theme.choices, default=Theme.SYSTEM, blank=True)
    shortcuts = models.BooleanField(default=True)

    class Meta(AbstractUser.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="one_person_per_email", condition=~models.Q(email="")),
        ]

    @property
    def called(self) -> str:
        """What people call the person."""
        return self.get_full_name() or self.email or self.username


class Firm(models.Model):
    """An accounting firm: sees the clients that are its own."""

    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Client(models.Model):
    """A company whose data is kept in step; the tenant boundary. ``danish`` …: what its name is sorted by."""

    name = models.CharField(max_length=200)
    number = models.CharField(max_length=100, blank=True)
    firm = models.ForeignKey(Firm, null=True, blank=True, on_delete=models.PROTECT, related_name="clients")
    created_at = models.DateTimeField(auto_now_add=True)
    danish = models.CharField(max_length=LONGEST, default="", editable=False, db_index=True)
    swedish = models.CharField(max_length=LONGEST, default="", editable=False, db_index=True)
    english = models.CharField(max_length=LONGEST, default="", editable=False, db_index=True)

    looked_for = models.CharField(max_length=2 * LONGEST, default="", editable=False)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django does, with the keys that the name is sorted by and looked for."""
        self.looked_for = search_key(f"{self.name} {self.number}")[: 2 * LONGEST]
        for alphabet in set(LANGUAGES.values()):
            setattr(self, alphabet, sort_key(self.name, alphabet))
        if {"name", "number"} & set(kwargs.get("update_fields") or ()):
            kwargs["update_fields"] = {*kwargs["update_fields"], *LANGUAGES.values(), "looked_for"}
        super().save(*args, **kwargs)

    def __str__(self) -> str:
        return self.name


class FirmRole(models.TextChoices):
    """What a colleague is in a firm."""

    ADMIN = "firm_admin"
    BOOKKEEPER = "bookkeeper"


class FirmMember(models.Model):
    """A person working in a firm."""

    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="members")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="firms")
    role = models.CharField(max_length=20, choices=FirmRole.choices)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["firm", "person"], name="one_role_per_firm")]


class ClientRole(models.TextChoices):
    """What a person is in a client company."""

    ADMIN = "company_admin"
    USER = "company_user"


class ClientMember(models.Model):
    """A person of the client company itself."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="members")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="companies")
    role = models.CharField(max_length=20, choices=ClientRole.choices)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["client", "person"], name="one_role_per_client")]


class Invitation(models.Model):
    """A link that lets somebody in, once: as a colleague of a firm, as a person of a client, or as the first of all.

    Only the hash of the link's secret is kept. ``firm`` or ``client`` with its ``role``; neither for the first.
    """

    secret_hash = models.CharField(max_length=64, unique=True)
    email = models.EmailField(blank=True)
    name = models.CharField(max_length=150, blank=True)
    firm = models.ForeignKey(Firm, null=True, on_delete=models.CASCADE, related_name="invitations")
    client = models.ForeignKey(Client, null=True, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=5, default="da")
    invited_by = models.CharField(max_length=200)
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="invitations")
    withdrawn_at = models.DateTimeField(null=True)


class Assignment(models.Model):
    """Bookkeeper ↔ client."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="assignments")
    member = models.ForeignKey(FirmMember, on_delete=models.CASCADE, related_name="assignments")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["client", "member"], name="assigned_once")]
