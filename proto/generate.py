"""Generates ``fingerpost/wire`` from the wire contract, or checks that it is fresh.

The folder path below ``proto`` equals the Python package path, so that the generated imports need
no patching. The generated code is committed: whoever runs the programs needs no compiler. Nothing
here edits what the compiler wrote, and a file without its ``.proto`` is removed.

    python proto/generate.py            write
    python proto/generate.py --check    compare, name what is stale, end with 1
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

SOURCE = Path(__file__).resolve().parent
TREE = SOURCE.parent
PACKAGE = Path("fingerpost/wire")
GENERATED = ("*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py", "*_pb2_grpc.pyi")
_SERVICE = re.compile(r"^service\s", re.MULTILINE)


class CompilerFailed(Exception):
    """The protobuf compiler refused the contract; it has printed why."""


def contract() -> list[Path]:
    """Every ``.proto`` file, relative to ``proto``, in a fixed order."""
    return sorted(path.relative_to(SOURCE) for path in SOURCE.rglob("*.proto"))


def generate(target: Path) -> None:
    """Writes the package below ``target``, which must exist. Raises ``CompilerFailed``."""
    protos = contract()
    if not protos:
        raise CompilerFailed("no .proto file found")
    services = [path for path in protos if _SERVICE.search((SOURCE / path).read_text("utf-8"))]
    _compile(protos, f"--python_out={target}", f"--mypy_out=quiet:{target}")
    if services:
        _compile(
            services, f"--grpc_python_out={target}", f"--mypy_grpc_out=quiet,only_async:{target}"
        )


def generated(tree: Path) -> dict[Path, bytes]:
    """The generated files below ``tree`` and what stands in them."""
    return {
        path.relative_to(tree): path.read_bytes()
        for pattern in GENERATED
        for path in (tree / PACKAGE).rglob(pattern)
    }


def stale(tree: Path = TREE) -> list[Path]:
    """The files of ``tree`` that the contract would write differently, or would not write."""
    with tempfile.TemporaryDirectory() as scratch:
        generate(Path(scratch))
        fresh = generated(Path(scratch))
    committed = generated(tree)
    return sorted(
        path for path in fresh.keys() | committed.keys() if fresh.get(path) != committed.get(path)
    )


def _compile(protos: list[Path], *outputs: str) -> None:
    beside_python = Path(sys.executable).parent
    plugins = [
        f"--plugin={name}={beside_python / name}"
        for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")
    ]
    includes = [f"-I{SOURCE}", f"-I{files('grpc_tools') / '_proto'}"]
    arguments = ["protoc", *includes, *plugins, *outputs, *(path.as_posix() for path in protos)]
    if protoc.main(arguments) != 0:
        raise CompilerFailed("protoc refused the contract")


def main() -> int:
    parser = argparse.ArgumentParser(description="Generate the wire package from proto/.")
    parser.add_argument("--check", action="store_true", help="only compare; end with 1 if stale")
    if parser.parse_args().check:
        differing = stale()
        for path in differing:
            print(f"stale: {path} (run make proto)", file=sys.stderr)
        return 1 if differing else 0
    # First all of it into a scratch folder: a contract that does not compile changes nothing.
    with tempfile.TemporaryDirectory() as scratch:
        generate(Path(scratch))
        fresh = generated(Path(scratch))
    for path in generated(TREE).keys() - fresh.keys():
        (TREE / path).unlink()
    for path, content in fresh.items():
        (TREE / path).write_bytes(content)
    print(f"{len(fresh)} files from {len(contract())} of the contract")
    return 0


if __name__ == "__main__":
    sys.exit(main())
