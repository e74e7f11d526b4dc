"""What happened is kept as a key with parameters; until now it was an English sentence."""

from django.db import migrations, models


def as_keys(apps, _editor):
    """“issue settled: left” becomes issue_settled with its choice."""
    for event in apps.get_model("hub", "Event").objects.all().iterator():
        words, _, choice = event.what.partition(": ")
        event.what, event.params = words.replace(" ", "_"), {"choice": choice} if choice else {}
        event.save(update_fields=["what", "params"])


class Migration(migrations.Migration):
    dependencies = [("hub", "0007_health_params")]

    operations = [
        migrations.AddField(model_name="event", name="params", field=models.JSONField(default=dict)),
        migrations.RunPython(as_keys, migrations.RunPython.noop),
    ]
