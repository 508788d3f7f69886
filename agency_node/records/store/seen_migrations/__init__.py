"""The seen store's schema, in alembic's files. A file of its own, so a schema of its own."""
