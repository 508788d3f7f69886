"""What the agency keeps: its records, sealed at rest, their tags, and the tables of locators that
are made from the tags.

Law: no module of this room handles a query or an answer.
"""
