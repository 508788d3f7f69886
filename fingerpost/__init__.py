"""What the parties agree on: the only package that all of them share.

``wire`` is the generated contract, ``protocol`` the values and rules of it, ``private`` what only
requester and responder may touch; ``runtime`` is what any process needs, ``audit`` the chained log,
``membership`` what a member of a federation needs. A layer imports only those below it
(``docs/architecture.md``).
"""
