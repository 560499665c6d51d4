"""The size of the house: ``python -m tests.benchmarks.house`` prints it for each part of the package."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median

import attrs

ROOT = Path(__file__).resolve().parents[2]


@attrs.define
class Size:
    """What is counted of some modules: lines without blank ones and comments, and functions by their lengths."""

    lines: int = 0
    anys: int = 0
    private: int = 0
    once: int = 0
    functions: list[int] = attrs.field(factory=list)
    modules: list[int] = attrs.field(factory=list)

    def add(self, text: str) -> None:
        """Count one module."""
        lines = [line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
        self.lines += len(lines)
        self.modules.append(text.count("\n"))
        self.anys += sum(len(re.findall(r"\bAny\b", line)) for line in lines if "import" not in line)
        nodes = list(ast.walk(ast.parse(text)))
        uses = Counter(node.id for node in nodes if isinstance(node, ast.Name))
        uses += Counter(node.attr for node in nodes if isinstance(node, ast.Attribute))
        for node in nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self.functions.append((node.end_lineno or node.lineno) - node.lineno + 1)
                if node.name.startswith("_") and not node.name.startswith("__"):
                    self.private += 1
                    self.once += uses[node.name] <= 1


def sizes(root: Path = ROOT) -> Mapping[str, Size]:
    """Return the sizes of the parts of a tree, and of ``all``."""
    found: dict[str, Size] = defaultdict(Size)
    for file in sorted([*root.glob("fuzzseq/**/*.py"), *root.glob("strategies/**/*.py")]):
        place = file.relative_to(root).parts
        text = file.read_text(encoding="utf-8")
        for part in ("/".join(place[:2]) if len(place) > 2 else place[0], "all"):
            found[part].add(text)
    return dict(sorted(found.items(), key=lambda entry: (entry[0] == "all", entry[0])))


def table(rows: Iterable[tuple[str, Size]]) -> str:
    """Return sizes as a table."""
    head = f"{'part':24}{'lines':>8}{'Any':>6}{'private':>9}{'once':>6}{'function':>10}{'module':>8}"
    return "\n".join(
        [head]
        + [
            f"{part:24}{size.lines:8}{size.anys:6}{size.private:9}{size.once:6}"
            f"{median(size.functions or [0]):10.0f}{median(size.modules):8.0f}"
            for part, size in rows
        ]
    )


if __name__ == "__main__":
    print(table(sizes().items()))
