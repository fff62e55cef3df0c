from servicekit import migrations

migrations.run()
