"""The broker's schema, revision by revision. Runs by ``fingerpost.service.database.migrate``."""
