"""The demonstration: a whole federation on loopback, of councils, agencies and children that do not
exist.
"""
