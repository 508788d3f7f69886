"""What becomes of exports on their way: every damage by its name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import fakes.broken_files
import fakes.broken_grids  # noqa: F401 - each adds its damages
from fakes.damages import ALL, Damage

DAMAGES: Final[Mapping[str, Damage]] = MappingProxyType(ALL)
