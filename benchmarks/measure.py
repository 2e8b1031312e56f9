"""Measuring: CPU seconds and peak memory of a command, and the table in which claims stand beside their limits."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Compiled modules are kept, as pip keeps them for what it installs; else every run would compile all of ours."""


@dataclass(frozen=True)
class Cost:
    """CPU seconds (user + system) and peak resident memory (MB) of a process."""

    cpu: float
    memory: float


@dataclass
class Table:
    """Claims, each measured beside its limit."""

    rows: list[tuple[str, str, str, bool]] = field(default_factory=list)

    def add(self, claim: str, measured: float, limit: float, unit: str, note: str = "") -> None:
        """One claim: what was measured must not exceed the limit."""
        holds = measured <= limit
        shown = f"{measured:.3g} {unit}{f' ({note})' if note else ''}"
        self.rows.append((claim, shown, f"{limit:.3g} {unit}", holds))
        print(f"{'ok  ' if holds else 'MISS'}  {claim}: {shown}, limit {limit:.3g} {unit}", flush=True)

    @property
    def holds(self) -> bool:
        """Does every claim hold?"""
        return all(row[-1] for row in self.rows)


def run(command: Sequence[str], *, accept: Sequence[int] = (0,)) -> Cost:
    """The cost of one run. Raises RuntimeError where it ends with another exit code than accepted."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=_ENVIRONMENT)
    stderr = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in accept:
        raise RuntimeError(f"{command} ended with {process.returncode}: {stderr.decode()[-500:]}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median(command: Sequence[str], *, times: int = 7, accept: Sequence[int] = (0,)) -> Cost:
    """The median cost of several runs, after one that fills the caches."""
    run(command, accept=accept)
    costs = [run(command, accept=accept) for _ in range(times)]
    return Cost(statistics.median(c.cpu for c in costs), max(c.memory for c in costs))


def inside(code: str, *arguments: str) -> dict[str, float]:
    """Run Python code in a process of its own; it prints one JSON object of figures, to which ``memory`` is added."""
    # Not ru_maxrss: a process begins with that of the one which started it, large as that may be.
    tail = (
        "\nimport json, re, pathlib; status = pathlib.Path('/proc/self/status').read_text()"
        "\nprint(json.dumps({**figures, 'memory': int(re.search(r'VmHWM:\\s+(\\d+) kB', status)[1]) / 1024}))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code + tail, *arguments], check=True, capture_output=True, text=True, env=_ENVIRONMENT
    ).stdout
    figures: dict[str, float] = json.loads(output.splitlines()[-1])
    return figures
