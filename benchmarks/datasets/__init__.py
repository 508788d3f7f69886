"""Programs that write published data with known truth as pairs of files in the table of records.

No published data is in the repository: it is read where it lies (a package, a folder) and
written under ``.cache``.
"""
