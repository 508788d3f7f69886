"""A lookup from question to outcome: client, plan, query, desk, outcome, and the outcomes kept.

Law: "asked" is recorded before anything leaves the gateway.
"""
