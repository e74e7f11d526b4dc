import os, time, collections, pytest
from tests.simulation.scenario import play
pytestmark = pytest.mark.django_db(transaction=True)
def test_many():
    f=int(os.environ["F"]); n=int(os.environ["N"])
    from django.db import connection
    with connection.cursor() as c: c.execute("PRAGMA synchronous=OFF")
    t=time.process_time(); bad=[]
    for s in range(f,f+n):
        try:
            p=play(s)
        except Exception as e:
            import traceback; bad.append((s,["EXC "+repr(e)[:200]+traceback.format_exc()[-600:]])); continue
        if p.wrong: bad.append((s,p.wrong))
    print("cpu per seed", (time.process_time()-t)/n)
    for s,w in bad: print(s, w[0][:300])
    print(len(bad))
