"""Knocks: what an agency's desk is told of lookups about children who are known there, and of whom
it disclosed nothing.

Law: it follows from what is written into the agencies' logs, when it is written. No answer waits
for it, and no answer depends on it.
"""
