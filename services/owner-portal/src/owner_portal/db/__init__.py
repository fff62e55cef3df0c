"""The database: connections, statements for batches, migrations."""
