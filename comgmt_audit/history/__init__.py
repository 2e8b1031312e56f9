"""The history of scans: kept in SQLite, or in a PostgreSQL that several machines share."""
