"""What the parties agree on, in four layers, each importing only those below it.

``service`` is the chassis of a process, ``private`` what only the two ends may touch, ``protocol`` the
values and rules, ``wire`` the generated contract. The only package that all parties share.
"""
