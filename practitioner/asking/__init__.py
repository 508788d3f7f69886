"""A lookup from question to outcome: plan, rounds, queries, evaluation, outcome, and the outcomes
that are kept.

Law: "asked" is recorded before anything leaves the gateway.
"""
