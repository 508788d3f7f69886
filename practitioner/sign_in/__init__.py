"""Who a practitioner is, before any passport: accounts with a password and a one-time code.

What happened is what the passport's ``acr`` states, and nothing else is accepted here.
"""
