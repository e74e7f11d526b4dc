"""What systems tell of how a client stands, marks of clients whose figures are to be reckoned, and what these need."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0001_initial'),
        ('hub', '0009_sign_in_locks'),
    ]

    operations = [
        migrations.CreateModel(
            name='Stale',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='access.client')),
            ],
        ),
        migrations.CreateModel(
            name='ToldFigures',
            fields=[
                ('connection', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='told_figures', serialize=False, to='hub.connection')),
                ('figures', models.JSONField(default=dict)),
                ('told_at', models.DateTimeField(null=True)),
                ('due_at', models.DateTimeField(null=True)),
                ('asked_at', models.DateTimeField(null=True)),
                ('asked_by', models.CharField(default='', max_length=200)),
                ('epoch', models.IntegerField(default=0)),
                ('asking_until', models.DateTimeField(null=True)),
                ('error', models.JSONField(null=True)),
                ('failed_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name='connection',
            name='health_kind',
            field=models.CharField(default='', max_length=50),
        ),
        migrations.AddField(
            model_name='connection',
            name='sign_in_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='pair',
            name='direction',
            field=models.CharField(default='both', max_length=10),
        ),
        migrations.AddField(
            model_name='schedule',
            name='on_since',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='schedule',
            name='paused_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='schedule',
            name='paused_by',
            field=models.CharField(default='', max_length=200),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['pair', 'id'], name='run_of_pair'),
        ),
        migrations.AddIndex(
            model_name='syncissue',
            index=models.Index(condition=models.Q(('state', 'open'), ('state', 'parked'), _connector='OR'), fields=['table', 'opened_at'], name='issue_unsettled'),
        ),
        migrations.AddIndex(
            model_name='toldfigures',
            index=models.Index(fields=['due_at'], name='figures_due'),
        ),
        # Clients that there are already have no figures yet: the workers reckon them, a batch at a time.
        migrations.RunSQL("INSERT INTO hub_stale (client_id) SELECT id FROM access_client", migrations.RunSQL.noop),
    ]
