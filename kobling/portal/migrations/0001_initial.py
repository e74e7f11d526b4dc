"""A row for each client of what a list of clients shows, and what people enter for it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('access', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Wallet',
            fields=[
                ('client', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='wallet', serialize=False, to='access.client')),
                ('threshold', models.DecimalField(decimal_places=5, max_digits=24)),
            ],
        ),
        migrations.CreateModel(
            name='ClientFigures',
            fields=[
                ('client', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='figures', serialize=False, to='access.client')),
                ('state', models.CharField(default='never', max_length=10)),
                ('urgency', models.SmallIntegerField(default=99)),
                ('state_at', models.DateTimeField(null=True)),
                ('state_until', models.DateTimeField(null=True)),
                ('state_by', models.CharField(default='', max_length=200)),
                ('run', models.BigIntegerField(null=True)),
                ('open_issues', models.IntegerField(default=0)),
                ('oldest_issue_at', models.DateTimeField(null=True)),
                ('last_good_run_at', models.DateTimeField(null=True)),
                ('expected_at', models.DateTimeField(null=True)),
                ('missing_receipts', models.IntegerField(null=True)),
                ('ready_count', models.IntegerField(null=True)),
                ('ready_sum', models.DecimalField(decimal_places=5, max_digits=24, null=True)),
                ('ready_currency', models.CharField(default='', max_length=3)),
                ('ready_more', models.BooleanField(default=False)),
                ('wallet', models.DecimalField(decimal_places=5, max_digits=24, null=True)),
                ('wallet_currency', models.CharField(default='', max_length=3)),
                ('wallet_threshold', models.DecimalField(decimal_places=5, max_digits=24, null=True)),
                ('low_balance', models.BooleanField(default=False)),
                ('figures_at', models.DateTimeField(null=True)),
                ('sign_in_until', models.DateTimeField(null=True)),
                ('next_deadline', models.DateField(null=True)),
                ('next_deadline_kind', models.CharField(default='', max_length=20)),
                ('systems', models.JSONField(default=list)),
                ('changes_at', models.DateTimeField(null=True)),
                ('renewed_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['urgency', 'client'], name='figures_urgency'), models.Index(fields=['open_issues', 'client'], name='figures_open_issues'), models.Index(fields=['oldest_issue_at', 'client'], name='figures_oldest_issue_at'), models.Index(fields=['last_good_run_at', 'client'], name='figures_last_good_run_at'), models.Index(fields=['missing_receipts', 'client'], name='figures_missing_receipts'), models.Index(fields=['ready_count', 'client'], name='figures_ready_count'), models.Index(fields=['ready_sum', 'client'], name='figures_ready_sum'), models.Index(fields=['wallet', 'client'], name='figures_wallet'), models.Index(fields=['sign_in_until', 'client'], name='figures_sign_in_until'), models.Index(fields=['next_deadline', 'client'], name='figures_next_deadline'), models.Index(fields=['changes_at'], name='figures_changes_at')],
            },
        ),
        migrations.CreateModel(
            name='Deadline',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=20)),
                ('day', models.DateField()),
                ('client', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deadlines', to='access.client')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('client', 'day', 'kind'), name='deadline_once')],
            },
        ),
    ]
