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


class Sorted(models.Model):
    """Has a name that lists are sorted by in each alphabet (``danish`` …) and searched in (``looked_for``)."""

    danish = models.CharField(max_length=LONGEST, default="", editable=False, db_index=True)
    swedish = models.CharField(max_length=LONGEST, default="", editable=False, db_index=True)
    english = models.CharField(max_length=LONGEST, default="", editable=False, db_index=True)
    looked_for = models.CharField(max_length=2 * LONGEST, default="", editable=False)
    NAMED_BY: ClassVar[frozenset[str]] = frozenset()
    """Fields that the keys are made of."""

    class Meta:
        abstract = True

    def names(self) -> tuple[str, str]:
        """What it is sorted by, and what else it is found by."""
        raise NotImplementedError

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django does, with the keys that the name is sorted by and looked for."""
        name, more = self.names()
        self.looked_for = search_key(f"{name} {more}")[: 2 * LONGEST]
        for alphabet in set(LANGUAGES.values()):
            setattr(self, alphabet, sort_key(name, alphabet))
        if self.NAMED_BY & set(kwargs.get("update_fields") or ()):
            kwargs["update_fields"] = {*kwargs["update_fields"], *LANGUAGES.values(), "looked_for"}
        super().save(*args, **kwargs)


class Person(Sorted, AbstractUser):
    """Someone who signs in. ``language`` is da, sv, nb or en; ``time_zone`` a name of the tz database.

    ``shortcuts``: keys of one letter work on pages.
    """

    NAMED_BY: ClassVar[frozenset[str]] = frozenset({"first_name", "last_name", "email", "username"})

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
        return self.called_by(self.first_name, self.last_name, self.email, self.username)

    @staticmethod
    def called_by(first: str, last: str, email: str, username: str) -> str:
        """What people call somebody of whom no more was read: a page names hundreds."""
        return f"{first} {last}".strip() or email or username

    def names(self) -> tuple[str, str]:
        """By what people call them; found by address as well."""
        return self.called, self.email


class Firm(models.Model):
    """An accounting firm: sees the clients that are its own.

    ``demands_second_factor``: its people need one. ``join_code``: what a company that adds the firm by itself has to
    know; empty until an administrator asks for it.
    """

    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    demands_second_factor = models.BooleanField(default=False)
    join_code = models.CharField(max_length=20, default="", blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["join_code"], name="one_firm_per_code", condition=~models.Q(join_code="")),
        ]

    def __str__(self) -> str:
        return self.name


class Stage(models.TextChoices):
    """How far a client and its firm are with each other.

    invited: the firm has asked. incoming: the company has asked. accepted: the other one said yes. verification: the
    company has begun to say who it is. active: both are done. archived: over, and kept.
    """

    INVITED = "invited"
    INCOMING = "incoming"
    ACCEPTED = "accepted"
    VERIFICATION = "verification"
    ACTIVE = "active"
    ARCHIVED = "archived"


class Client(Sorted):
    """A company whose data is kept in step; the tenant boundary.

    ``origin`` tells it from every other client of every installation, once it was exported.
    """

    name = models.CharField(max_length=200)
    number = models.CharField(max_length=100, blank=True)
    firm = models.ForeignKey(Firm, null=True, blank=True, on_delete=models.PROTECT, related_name="clients")
    created_at = models.DateTimeField(auto_now_add=True)
    stage = models.CharField(max_length=15, choices=Stage.choices, default=Stage.ACTIVE, db_index=True)
    origin = models.CharField(max_length=36, default="", blank=True, editable=False)
    NAMED_BY: ClassVar[frozenset[str]] = frozenset({"name", "number"})

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["origin"], name="one_client_per_origin", condition=~models.Q(origin="")),
        ]

    def names(self) -> tuple[str, str]:
        """By its name; found by number as well."""
        return self.name, self.number

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
    ``opened_at`` is when somebody first looked at it.
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
    opened_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    used_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="invitations")
    withdrawn_at = models.DateTimeField(null=True)


class Assignment(models.Model):
    """Bookkeeper ↔ client."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="assignments")
    member = models.ForeignKey(FirmMember, on_delete=models.CASCADE, related_name="assignments")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["client", "member"], name="assigned_once")]


class Access(models.TextChoices):
    """What a company lets its firm do in its systems."""

    LIMITED = "limited"
    EXTENDED = "extended"


class Onboarding(models.Model):
    """How a client and its firm came together: who asked whom, and what the company has said since.

    ``begun_by`` and the others ending so are keys of who did it; ``incoming``: the company began. ``asked_access`` is
    what the firm would like, ``access`` what the company gives. ``power_name`` is the name typed under the power of
    attorney.
    """

    client = models.OneToOneField(Client, on_delete=models.CASCADE, primary_key=True, related_name="onboarding")
    begun_by = models.CharField(max_length=200)
    begun_at = models.DateTimeField()
    incoming = models.BooleanField(default=False)
    contact_name = models.CharField(max_length=150, blank=True)
    contact_email = models.EmailField(blank=True)
    language = models.CharField(max_length=5, default="da")
    comment = models.TextField(blank=True)
    country = models.CharField(max_length=2, default="dk")
    registered_number = models.CharField(max_length=30, blank=True)
    asked_access = models.CharField(max_length=10, choices=Access.choices, default=Access.LIMITED)
    asks_power = models.BooleanField(default=True)
    start_day = models.DateField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=200, blank=True)
    company_at = models.DateTimeField(null=True)
    company_by = models.CharField(max_length=200, blank=True)
    person_at = models.DateTimeField(null=True)
    person_by = models.CharField(max_length=200, blank=True)
    person_title = models.CharField(max_length=100, blank=True)
    access = models.CharField(max_length=10, choices=Access.choices, blank=True)
    access_at = models.DateTimeField(null=True)
    access_by = models.CharField(max_length=200, blank=True)
    power_at = models.DateTimeField(null=True)
    power_by = models.CharField(max_length=200, blank=True)
    power_name = models.CharField(max_length=150, blank=True)
    reminded_at = models.DateTimeField(null=True)


class Permitted(models.TextChoices):
    """How a further permission stands. none: taken back, or never asked for."""

    NONE = "none"
    REQUESTED = "requested"
    GRANTED = "granted"
    DECLINED = "declined"


class Permission(models.Model):
    """One more thing that a company lets its firm do. ``by_firm``: the firm asked, so the company answers."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="permissions")
    name = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=Permitted.choices, default=Permitted.NONE)
    by_firm = models.BooleanField(default=True)
    asked_by = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=200, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["client", "name"], name="one_permission_per_name")]


class Declined(models.Model):
    """A firm that said no to a company: its code is none for that company until the firm has a new one."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="declined_by")
    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="declined")
    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    reason = models.TextField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["client", "firm"], name="declined_once")]


class Archive(models.Model):
    """A client that is over, and kept. ``paused``: schedules that were on, so that they are again if it comes back."""

    client = models.OneToOneField(Client, on_delete=models.CASCADE, primary_key=True, related_name="archive")
    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    why = models.TextField(blank=True)
    paused = models.JSONField(default=list)
