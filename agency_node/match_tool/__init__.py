"""``fingerpost-match``: how well an agency's own files match, by the code that decides in earnest. No network.

What lives here: reading tables of records, the three questions that are asked of them (``evaluation``, ``explanation``,
``duplicates``), and how the answers look on a screen and in a file. What must not: a rule of its own about what a key
is, what agrees or what matches; those are ``fingerpost.private.linkage`` and ``agency_node.answering.matching``.
Invariant: what is wrong with a file is told by line, column and number, never with what stood there,
the names of columns apart.
"""
