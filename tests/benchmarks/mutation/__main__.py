"""Make mutants of the healthy zoo, ask the oracle and fuzzseq about each, and print how often both agree.

``python -m tests.benchmarks.mutation --list`` counts them, ``--for-each 3`` takes three at random of each operator, and
``--soak FILE`` keeps what is done and goes on from there.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from fuzzseq.causes.catalog import cause_named
from fuzzseq.protocol.serialization import dumps, from_data
from tests.benchmarks.detection import measure
from tests.benchmarks.mutation import attention, masks, sizes, states, training
from tests.benchmarks.mutation.mutant import Mutant, Operator, mutants
from tests.zoo import healthy

ROOT: Final = Path(__file__).resolve().parents[3]
OPERATORS: Final[tuple[Operator, ...]] = (
    *masks.OPERATORS,
    *attention.OPERATORS,
    *states.OPERATORS,
    *sizes.OPERATORS,
    *training.OPERATORS,
)


@attrs.frozen(kw_only=True)
class Answer:
    """What the oracle and fuzzseq say of a mutant.

    Attributes:
        mutant: its name; ``operator`` and ``model`` are what it is made of, ``line`` is where.
        verdict: the oracle's, ``wrong``, ``equivalent`` or ``other``; ``wrong`` says what it does wrong.
        causes: those of its findings, the first one first; warnings are left out.
        confidence: that of the first one.
        found_line: the line that the first one names, None where it names none.
        problem: why fuzzseq refused it.

    """

    mutant: str
    operator: str
    model: str
    line: int
    verdict: str
    wrong: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    confidence: float = 0.0
    found_line: int | None = None
    problem: str = ""


def made(asked: argparse.Namespace) -> list[Mutant]:
    """Return the mutants that are asked for, in one order for each seed."""
    chosen: dict[str, list[Mutant]] = defaultdict(list)
    for reference in healthy():
        for mutant in mutants(ROOT / reference.partition(":")[0], OPERATORS):
            if not asked.only or any(word in mutant.name for word in asked.only):
                chosen[mutant.operator.name].append(mutant)
    draw = random.Random(asked.seed)
    few = [draw.sample(each, min(len(each), asked.for_each or len(each))) for each in chosen.values()]
    return sorted((mutant for each in few for mutant in each), key=lambda mutant: (mutant.model, mutant.line))


def answers(group: Sequence[Mutant], asked: argparse.Namespace) -> Iterator[Answer]:
    """Yield what is said of the mutants of one healthy model."""
    with tempfile.TemporaryDirectory() as folder:
        files = {Path(folder) / f"mutant_{place}.py": mutant for place, mutant in enumerate(group)}
        for file, mutant in files.items():
            file.write_text(mutant.source, encoding="utf-8")
        model = ROOT / "tests" / "zoo" / "healthy" / f"{group[0].model}.py"
        verdicts = _verdicts(model, list(files))
        known = {f"{file}:build": mutant for file, mutant in files.items() if file.name in verdicts}
        for row in measure(list(known), asked.seed, asked.cases, asked.workers):
            mutant = known[row.target]
            said = verdicts[Path(row.target.partition(":")[0]).name]
            errors = [finding for finding in row.findings if finding.severity == "error"]
            first = errors[0] if errors else None
            yield Answer(
                mutant=mutant.name,
                operator=mutant.operator.name,
                model=mutant.model,
                line=mutant.line,
                verdict=said["verdict"],
                wrong=tuple(said["wrong"]),
                causes=tuple(finding.cause for finding in errors),
                confidence=first.diagnosis.confidence if first is not None and first.diagnosis is not None else 0.0,
                found_line=first.location.line if first is not None and first.location is not None else None,
                problem=row.problem,
            )


def _verdicts(model: Path, files: Sequence[Path]) -> dict[str, Mapping[str, list[str]]]:
    """Return what the oracle says of mutants by the names of their files; nothing of a model that it cannot run."""
    command = [sys.executable, "-m", "tests.benchmarks.mutation.oracle", str(model), *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"file"')]
    return {line["file"]: line for line in lines if line["verdict"] != "unknown"}


def table(answered: Iterable[Answer], key: Callable[[Answer], str]) -> Iterator[str]:
    """Yield a line for each kind of answers: of those that are wrong, how many were found, and how well."""
    kinds: dict[str, list[Answer]] = defaultdict(list)
    for answer in answered:
        kinds[key(answer)].append(answer)
    yield f"{'':32} wrong found cause group  line | equivalent, found | other, found"
    for name, several in sorted(kinds.items()):
        wrong = [each for each in several if each.verdict == "wrong"]
        found = [each for each in wrong if each.causes]
        cause = [each for each in found if each.causes[0] in _right(each)]
        group = [each for each in found if cause_named(each.causes[0]).group in _groups(each)]
        line = [each for each in found if each.found_line == each.line]
        said = {verdict: [each for each in several if each.verdict == verdict] for verdict in ("equivalent", "other")}
        counts = "  ".join(f"{len(each):9} {sum(bool(one.causes) for one in each):4}" for each in said.values())
        yield f"{name:32} {len(wrong):5} {len(found):5} {len(cause):5} {len(group):5} {len(line):5} | {counts}"


def _right(answer: Answer) -> frozenset[str]:
    return next(operator.causes for operator in OPERATORS if operator.name == answer.operator)


def _groups(answer: Answer) -> set[str]:
    return {cause_named(cause).group for cause in _right(answer)}


def calibration(answered: Iterable[Answer]) -> Iterator[str]:
    """Yield for each tenth of confidence how many first causes claim it, and which share of them is right."""
    claimed: dict[int, list[bool]] = defaultdict(list)
    for answer in answered:
        if answer.verdict == "wrong" and answer.causes:
            claimed[int(answer.confidence * 10)].append(answer.causes[0] in _right(answer))
    for tenth, right in sorted(claimed.items()):
        yield f"{tenth * 10:3} to {tenth * 10 + 10:3} %: {len(right):4} claimed, {sum(right) / len(right):.0%} right"


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="count the mutants, and run none")
    parser.add_argument("--for-each", type=int, default=0, help="how many of each operator, all unless it is given")
    parser.add_argument("--only", nargs="*", default=[], help="substrings of the mutants' names")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--soak", help="keep what is done in a file, and go on from there")
    asked = parser.parse_args()
    chosen = made(asked)
    if asked.list:
        counted = Counter(mutant.operator.name for mutant in chosen)
        print(*(f"{counted[operator.name]:5} {operator.name}" for operator in OPERATORS), sep="\n")
        print(f"{len(chosen):5} mutants of {len({mutant.model for mutant in chosen})} models")
        return
    file = Path(asked.soak) if asked.soak else None
    kept = file.read_text(encoding="utf-8").splitlines() if file is not None and file.exists() else []
    names = {mutant.name for mutant in chosen}
    answered = [answer for line in kept if (answer := from_data(json.loads(line), Answer)).mutant in names]
    done = {answer.mutant for answer in answered}
    groups: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in chosen:
        if mutant.name not in done:
            groups[mutant.model].append(mutant)
    for group in groups.values():
        for answer in answers(group, asked):
            answered.append(answer)
            print(f"{answer.mutant:60} {answer.verdict:10} {' '.join(answer.wrong):30} {' '.join(answer.causes)}")
            if file is not None:
                with file.open("a", encoding="utf-8") as stream:
                    stream.write(dumps(answer) + "\n")
    print(*table(answered, lambda answer: answer.operator), "", sep="\n")
    print(*table(answered, lambda answer: answer.model), "", sep="\n")
    print(*calibration(answered), sep="\n")


if __name__ == "__main__":
    main()
