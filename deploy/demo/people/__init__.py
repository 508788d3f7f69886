"""The people of the demonstration: two neighbouring areas, their agencies, children who never
lived.

Knows: FEBRL's generated persons (``published``), read from a wheel and turned into children
(``children``, ``lives``), who holds what about whom (``involvement``), and what each lookup must
show (``stories``). Never sees: a real person, a key, a socket, the matcher. The fixed lists
are in ``agencies``, ``kinds`` and ``names``, which read the tables in ``data``. ``build`` is the
way in: the same wheel, day and seed always give the same population.
"""

from deploy.demo.people.population import Figures, Population, build
from deploy.demo.people.stories import Story

__all__ = ["Figures", "Population", "Story", "build"]
