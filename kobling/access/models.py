"""People, firms, clients and who may do what to whom."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models


class Person(AbstractUser):
    """Someone who signs in. ``language`` is da, sv, nb or en."""

    language = models.CharField(max_length=5, default="da")


class Firm(models.Model):
    """An accounting firm: sees the clients that are its own."""

    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Client(models.Model):
    """A company whose data is kept in step; the tenant boundary."""

    name = models.CharField(max_length=200)
    number = models.CharField(max_length=100, blank=True)
    firm = models.ForeignKey(Firm, null=True, blank=True, on_delete=models.PROTECT, related_name="clients")
    created_at = models.DateTimeField(auto_now_add=True)

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


class Assignment(models.Model):
    """Bookkeeper ↔ client."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="assignments")
    member = models.ForeignKey(FirmMember, on_delete=models.CASCADE, related_name="assignments")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["client", "member"], name="assigned_once")]
