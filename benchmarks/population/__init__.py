"""A seeded population of English children, and records of them with errors, to measure the matcher
on.

    from benchmarks.population.names import Names
    from benchmarks.population.population import build

    population = build(50_000, seed=1, names=Names.builtin())
    population.children[7].surname       # a ``Child``; its place is its id
    population.areas[0].schools[3]       # ids of a school's pupils; ``practices`` likewise
    population.areas[0].children         # ids of all children of an area
    population.groups                    # the names of the groups of origin

``errors``, ``spoiling`` and ``linkage`` make from a child what an agency wrote down. As a program:

    python -m benchmarks.population --children 50000 --seed 1 --errors typical --out FOLDER

No person is described: names are drawn from lists, everything else from chance.
"""
