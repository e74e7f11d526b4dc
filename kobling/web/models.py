"""What pages keep for themselves."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class CacheEntry(models.Model):
    """The table of Django's database cache: what several web processes count together, as tries of a code."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "web_cache"


class SavedView(models.Model):
    """One person's name for one state of a list. ``address``: path and query; ``opens``: the list begins with it."""

    person = models.ForeignKey("access.Person", on_delete=models.CASCADE, related_name="+", db_index=False)
    listing = models.CharField(max_length=50)
    name = models.CharField(max_length=60)
    address = models.CharField(max_length=1000)
    opens = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "listing", "name"], name="saved_view_once"),
            models.UniqueConstraint(
                fields=["person", "listing"], condition=models.Q(opens=True), name="saved_view_opens"
            ),
        ]
