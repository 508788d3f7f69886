"""Being a member of a federation: bundle, credentials, member list, peppers, and the commands that
all members share.

Law: nothing here knows a query, an answer or a person.
"""
