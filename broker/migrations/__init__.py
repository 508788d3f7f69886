"""The broker's schema, revision by revision. Runs by ``fingerpost.runtime.database.migrate``."""
