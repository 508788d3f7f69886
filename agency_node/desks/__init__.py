"""Whom to ring at an agency at this hour: its desks, its calendar, and the rule that chooses.

Law: pure rules over what a row of the agency's records says. No module of this room reads a child.
"""
