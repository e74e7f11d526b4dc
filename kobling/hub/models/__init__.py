"""What Kobling remembers: connections, pairs, the mirror, couplings, the journal, runs and issues.

Hot tables (mirror, couplings, match keys, journal) are written by plain SQL in ``hub/store``; these classes give
their schema and migrations. JSON is kept as text with exact numbers.
"""

from kobling.hub.models.connections import Connection, Spent, StockLevel
from kobling.hub.models.couplings import Coupling, Decision, MatchKey, Pointing
from kobling.hub.models.exports import ExportedDocument, FileExport
from kobling.hub.models.figures import Stale, ToldFigures
from kobling.hub.models.issues import SyncIssue
from kobling.hub.models.journal import Event, EventRecord, WriteIntent
from kobling.hub.models.market import Activation, Price
from kobling.hub.models.mirror import Feed, MirrorRow
from kobling.hub.models.notifications import Notification
from kobling.hub.models.pairs import Pair, Schedule, Table
from kobling.hub.models.runs import Moved, PlanChunk, Run, SyncJob

__all__ = [
    "Activation",
    "Connection",
    "Coupling",
    "Decision",
    "Event",
    "EventRecord",
    "ExportedDocument",
    "Feed",
    "FileExport",
    "MatchKey",
    "MirrorRow",
    "Moved",
    "Notification",
    "Pair",
    "PlanChunk",
    "Pointing",
    "Price",
    "Run",
    "Schedule",
    "Spent",
    "Stale",
    "StockLevel",
    "SyncIssue",
    "SyncJob",
    "Table",
    "ToldFigures",
    "WriteIntent",
]
