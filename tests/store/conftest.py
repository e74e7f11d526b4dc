"""What the store's tests share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections as django_connections


@pytest.fixture
async def one_thread() -> AsyncIterator[None]:
    """The database is waited for on one thread, whose connection is closed in the end."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    yield
    await asyncio.to_thread(django_connections.close_all)
