"""The steps of the schema, as Alembic applies them."""
