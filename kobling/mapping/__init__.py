"""Field mappings, codecs, match rules: pure data and pure functions."""

from kobling.mapping.codecs import Codec, Resolver, Unresolved
from kobling.mapping.model import (
    Balance,
    Comparison,
    Condition,
    ConflictPolicy,
    DeletionPolicy,
    Direction,
    End,
    Evidence,
    FieldMapping,
    LivesOn,
    MatchRule,
    Posting,
    Side,
    TableMapping,
    end,
)
from kobling.mapping.translate import Reading, failing, holds, read, write

__all__ = [
    "Balance",
    "Codec",
    "Comparison",
    "Condition",
    "ConflictPolicy",
    "DeletionPolicy",
    "Direction",
    "End",
    "Evidence",
    "FieldMapping",
    "LivesOn",
    "MatchRule",
    "Posting",
    "Reading",
    "Resolver",
    "Side",
    "TableMapping",
    "Unresolved",
    "end",
    "failing",
    "holds",
    "read",
    "write",
]
