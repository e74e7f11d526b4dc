import os, pytest
from tests.simulation import scenario
from kobling.hub.models import *
pytestmark = pytest.mark.django_db(transaction=True)
def test_dbg():
    p=scenario.play(int(os.environ["KOBLING_SEED"]))
    for i in SyncIssue.objects.order_by("pk"): print("ISSUE", i.table.name,i.kind,i.subject,i.left_id,i.right_id,i.state,i.details[:150])
    for d in Decision.objects.order_by("pk"): print("DEC", d.side,d.external_id,d.choice,d.other_id)
    for r in MirrorRow.objects.order_by("feed_id","rev"): print("ROW", r.feed.resource, r.external_id, r.rev, r.gone, r.fields[:150])
    for t in Table.objects.all(): print("TABLE", t.name, t.cursor_left, t.cursor_right, t.indexed_left, t.indexed_right)
    for m in MatchKey.objects.all(): print("KEY", m.side,m.external_id,m.rule,m.key[:6],m.coupled)
    for c in Coupling.objects.all(): print("COUPLING", c.table.name,c.left_id,c.right_id,c.base_left[:150], c.base_right)
    for w in WriteIntent.objects.order_by("pk"): print("INTENT", w.run_id,w.side,w.operation,w.source_id,w.external_id,w.state,w.sent,w.changes[:100],w.reason[:40],(w.error or "")[:60])
