"""What pages keep for themselves."""

from __future__ import annotations

from django.db import models


class CacheEntry(models.Model):
    """The table of Django's database cache: what several web processes count together, as tries of a code."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "web_cache"
