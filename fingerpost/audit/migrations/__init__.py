"""Migrations of the audit log's file."""
