"""How good an export is, for the people who can mend it: figures, a page, a trend over imports.

Law: what leaves this room holds counts, shares, lines of the file and words of our own, and never
what stood in a cell. It is for the agency alone: a small count, and the number of a line, can point
at a child.
"""
