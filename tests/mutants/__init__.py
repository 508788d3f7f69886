"""Mutants: small faults planted in the code that decides trust, and whether a test notices each.

``claims`` is a table by hand: for each claim of ``docs/threat-model.md`` at least one change of the
code that breaks the claim, and the named test that must then fail. ``mutators`` makes all small
changes of a module by rule; ``modules`` lists the modules, the tests that answer for each, and the
mutants that change nothing, each with its reason. ``run`` tries them: ``make mutants``.

Why this is our own is decision 0034.
"""
