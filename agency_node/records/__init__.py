"""What the agency keeps: its records, sealed at rest, their tags and the locator tables made from
them.

Law: nothing here knows a query or an answer.
"""
