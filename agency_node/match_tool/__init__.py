"""``fingerpost-match``: how well an agency's own files match, by the code of a node. No network.

This room reads tables, does three things with them (``evaluation``, ``explanation``,
``duplicates``), and writes the results on a screen and in a file. It has no rules of its own about
what a blocking key is, what agrees or what matches: those are in ``fingerpost.private.linkage``.

Law: a message about a file names line, column and number, and never the content of a field; it may
name columns.
"""
