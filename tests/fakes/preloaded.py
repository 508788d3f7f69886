"""A small library of C that is loaded before the system's into a process that a test starts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def library(folder: Path, name: str, source: str) -> Path | None:
    """Make ``name`` in ``folder``; return None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    text, made = folder / f"{name}.c", folder / f"{name}.so"
    text.write_text(source)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", made, text, "-ldl"], check=True)
    return made
