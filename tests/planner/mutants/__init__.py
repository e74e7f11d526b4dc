"""Seeded bugs: each is one wrong line in the planner, and the properties must notice every one of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """In ``module`` (of kobling.sync), ``right`` reads ``wrong``."""

    name: str
    module: str
    right: str
    wrong: str


MUTANTS = [
    Mutant(
        "drops updates to the right", "plan", "for target in (Side.RIGHT, Side.LEFT):", "for target in (Side.LEFT,):"
    ),
    Mutant(
        "drops updates to the left", "plan", "for target in (Side.RIGHT, Side.LEFT):", "for target in (Side.RIGHT,):"
    ),
    Mutant(
        "forgets deletions",
        "plan",
        "elif pairing.left is None or pairing.right is None:",
        "elif pairing.left is None or pairing.right is None:\n        return\n    elif not pairing.left:",
    ),
    Mutant(
        "deletes what moved",
        "plan",
        "and not moved and not survivor.locked",
        "and not survivor.locked",
    ),
    Mutant("deletes what is posted", "plan", "and not moved and not survivor.locked", "and not moved"),
    Mutant(
        "restores without asking the policy",
        "plan",
        "elif policy is DeletionPolicy.RESTORE and mapping.may_create(gone):",
        "elif mapping.may_create(gone):",
    ),
    Mutant(
        "keeps couplings of two that are gone",
        "plan",
        "elif pairing.left is None and pairing.right is None:",
        "elif False:",
    ),
    Mutant("creates what is already there", "plan", 'elif found.kind == "nobody":', 'elif found.kind != "same":'),
    Mutant(
        "couples by name",
        "matching",
        'Verdict("maybe_same", (other_id,), rule)',
        'Verdict("same", (other_id,), rule)',
    ),
    Mutant(
        "couples by a number alone",
        "matching",
        "against = speaks_against(mapping, rule, loner.seen.values, other.values) if other else ()",
        "against = ()",
    ),
    Mutant("takes two empties for agreement", "evidence", "if is_empty(mine) or is_empty(theirs):", "if False:"),
    Mutant("does not look at legal numbers", "evidence", "if each.legal and _differ(each, one, other)", "if False"),
    Mutant("does not see rivals", "matching", "if len(others) == 1 and not hits.rivals:", "if len(others) >= 1:"),
    Mutant("creates duplicates of an identity", "matching", "if hits.rivals and rule.silent:", "if False:"),
    Mutant(
        "swaps sides",
        "merge",
        "value, loses = (here, there) if winner is Side.LEFT else (there, here)",
        "value, loses = (there, here) if winner is Side.LEFT else (here, there)",
    ),
    Mutant(
        "forgets the base",
        "merge",
        "left_moved, right_moved = not each.same(here, base_left), not each.same(there, base_right)",
        "left_moved, right_moved = True, True",
    ),
    Mutant("left always wins", "merge", "winner = Side.LEFT if left_moved else Side.RIGHT", "winner = Side.LEFT"),
    Mutant("clears what may not be cleared", "merge", "if value is None and not each.clear:", "if False:"),
    Mutant(
        "changes what is posted",
        "merge",
        "if seen is not None and seen.locked and each.key not in mapping.unlocked:",
        "if False:",
    ),
    Mutant(
        "takes absent for empty",
        "merge",
        "here, there = left.values.get(each.key, MISSING), right.values.get(each.key, MISSING)",
        "here, there = left.values.get(each.key), right.values.get(each.key)",
    ),
    Mutant(
        "never asks",
        "merge",
        "if policy is ConflictPolicy.ASK:\n        return None",
        "if policy is ConflictPolicy.ASK:\n        return Side.LEFT",
    ),
    Mutant(
        "the oldest wins",
        "merge",
        "Side.LEFT if left.modified_at > right.modified_at else Side.RIGHT",
        "Side.RIGHT if left.modified_at > right.modified_at else Side.LEFT",
    ),
    Mutant(
        "writes against the direction",
        "merge",
        "if not (each.direction.allows(target) and mapping.direction.allows(target)):",
        "if False:",
    ),
    Mutant(
        "an empty value beats a filled one at first",
        "merge",
        "    if here is None:\n        return Side.RIGHT\n    if there is None:\n        return Side.LEFT\n",
        "",
    ),
    Mutant("the following side leads", "merge", "return mapping.leading", "return mapping.leading.other"),
    Mutant("forgets what was agreed", "merge", "result.agreed[key] = value", "pass"),
    Mutant(
        "creates without some values",
        "plan",
        "if each.key in seen.values and not each.proof",
        'if each.key != "mail" and each.key in seen.values and not each.proof',
    ),
    Mutant(
        "takes up what is left out",
        "plan",
        'elif found.kind in ("same", "maybe_same") and _left_out(loner, found.candidates[0]):',
        "elif False:",
    ),
    Mutant(
        "plans what the filter leaves out", "plan", "if not seen.in_scope or loner.decision in", "if loner.decision in"
    ),
    Mutant(
        "restores what the filter leaves out",
        "plan",
        "if not mapping.may_create(target) or not seen.in_scope:",
        "if not mapping.may_create(target):",
    ),
    Mutant("takes up what nobody coupled", "plan", " or (mapping.only_coupled and not loner.decision):\n", ":\n"),
    Mutant("does not hear a person", "plan", 'if loner.decision == "create":', "if False:"),
    Mutant(
        "couples by its own rules",
        "plan",
        'if loner.decision and loner.decision.startswith("couple:"):',
        "if False:",
    ),
    Mutant(
        "writes what cannot be carried now",
        "merge",
        " or each.key in left.left_out or each.key in right.left_out:",
        ":",
    ),
    Mutant(
        "makes what was left alone a second time",
        "matching",
        "if alone := tuple(other for other in hits.left_alone if other not in loner.never):",
        "if alone := ():",
    ),
    Mutant("says nothing of what was made by hand", "plan", "and mapping.asks_about_new and", "and False and"),
    Mutant(
        "asks about what it could have made",
        "plan",
        "mapping.asks_about_new and not mapping.may_create(side.other):",
        "mapping.asks_about_new:",
    ),
]
