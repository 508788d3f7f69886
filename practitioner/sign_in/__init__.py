"""Who a practitioner is, before any passport: accounts with a password and a one-time code.

The passport's ``acr`` states what happened at sign-in. No other way to sign in is accepted here.
"""
