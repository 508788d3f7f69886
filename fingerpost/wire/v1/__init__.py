"""Version 1 of the wire contract, generated from ``proto/fingerpost/wire/v1`` by ``make proto``.

Never edited by hand: the architecture tests generate it again and compare the bytes.
"""
