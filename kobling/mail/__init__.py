"""Mail to people: put down in the transaction of what it tells, sent by a worker, never twice and never lost."""
