"""``fingerpost-match``: how well an agency's own files match, by the code of a node. No network.

What lives here: the reading of tables, the three questions that are asked of them (``evaluation``,
``explanation``, ``duplicates``), and how the answers look on a screen and in a file. What must not:
rules of its own about what a blocking key is, what agrees or what matches. Those are
``fingerpost.private.linkage``.
Invariant: a message about a file names line, column and number, and never the content of a field;
it may name columns.
"""
