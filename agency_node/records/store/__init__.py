"""The node's records on the disk: tables, migrations, and the adaptor of the ports ``Records`` and
``Imports``.
"""
