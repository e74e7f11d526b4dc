"""Who refreshes a sign-in holds a lock by now, and no row that could end while it is stopped."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("hub", "0008_events_by_key")]

    operations = [migrations.DeleteModel(name="Refresh")]
