"""The node's records on the disk: tables, migrations, and the adaptors of the ports ``Records`` and
``Imports``.
"""
