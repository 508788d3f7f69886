"""What an agency's agreements say about who may be told what.

Knows: the rules in a file of the agency's. Never sees: a child, a record, a name. Trusts: the file.
"""
