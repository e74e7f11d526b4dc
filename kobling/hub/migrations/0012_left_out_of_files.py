from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('hub', '0011_moved'),
    ]

    operations = [
        migrations.AddField(
            model_name='fileexport',
            name='left',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='fileexport',
            name='left_out',
            field=models.JSONField(default=dict),
        ),
    ]
