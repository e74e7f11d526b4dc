"""Import circles: modules that need each other, also where the import is hidden in a function or for types alone."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path


def circles(root: Path, packages: tuple[str, ...]) -> Iterator[list[str]]:
    """Groups of modules below ``root`` of which each can be reached from every other, by name."""
    paths = {_name(root, path): path for package in packages for path in sorted((root / package).rglob("*.py"))}
    imports = {name: _imports(name, path, paths.keys()) for name, path in paths.items() if ".migrations." not in name}
    reached = {name: _reached(name, imports) for name in imports}
    told = set[str]()
    for name, others in reached.items():
        circle = sorted(each for each in others if name in reached[each])
        if name in others and name not in told:
            told.update(circle)
            yield circle


def _name(root: Path, path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(name: str, path: Path, known: Collection[str]) -> set[str]:
    """Modules of ours that a module names anywhere, without itself."""
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                inner = f"{node.module}.{each.name}"
                found.add(inner if inner in known else node.module)
    return {each for each in found if each in known and each != name}


def _reached(start: str, imports: Mapping[str, set[str]]) -> set[str]:
    found, waiting = set[str](), list(imports[start])
    while waiting:
        each = waiting.pop()
        if each not in found and each in imports:
            found.add(each)
            waiting += imports[each]
    return found
