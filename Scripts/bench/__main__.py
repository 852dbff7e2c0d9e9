"""Measures for Scripts/bench.sh: in rounds, each of which measures everything once, so that a machine that slows down
does so for all alike."""

import argparse
import contextlib
import dataclasses
import os
import signal
import sys
import tempfile
import time

import chart
import measurements
import report
import rows
from processes import Failure, say
from servers import Servers


@dataclasses.dataclass(frozen=True)
class Bench:
    """What the measurements need to know."""

    servers: Servers
    seconds: int
    task_count: int
    wait_count: int


def main():
    options = parse()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Leaves through everything that ends a process.
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    wanted = [
        row
        for row in rows.rows(options.task_count, options.wait_count)
        if not options.only or row.group in options.only
    ]
    needed = {figure for row in wanted for figure in row.figures}
    steps = [step for step in measurements.ALL if needed & set(step.figures)]
    figures = {name: [] for step in steps for name in step.figures}
    start = time.monotonic()

    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="taskwire-bench-", dir=os.environ.get("TMPDIR", "/var/tmp"))
        )
        machine = report.machine(folder)
        servers = Servers(options.programs, folder, stack)
        bench = Bench(servers, options.seconds, options.task_count, options.wait_count)
        for number in range(1, options.rounds + 1):
            for step in steps:
                for name, value in zip(step.figures, step.measure(bench), strict=True):
                    figures[name].append(value)
                    say(f"round {number} of {options.rounds}: {name}: {report.number(value)}")

    minutes = (time.monotonic() - start) / 60
    rounds = f"Medians of {options.rounds} rounds of {options.seconds} s"
    print(f"{machine}. {rounds}, in {minutes:.0f} minutes.\n")
    print(*report.comparison(wanted, figures), "", *report.details(figures), sep="\n")
    if options.rounds < rows.FEWEST_ROUNDS:
        say(f"no ratios: {options.rounds} rounds are too few, it takes {rows.FEWEST_ROUNDS}")
    if options.chart and not chart.draw(options.chart, figures, f"{machine}.\n{rounds}, payload of 200 bytes, ipc."):
        say("no chart: nothing of what it shows was measured")


def parse():
    """What the command line says."""
    groups = list(dict.fromkeys(row.group for row in rows.rows(0, 0)))
    parser = argparse.ArgumentParser(prog="Scripts/bench.sh", description="Compares the speed of Taskwire.")
    parser.add_argument("programs", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, help=f"how often to measure (default: {rows.FEWEST_ROUNDS})")
    parser.add_argument("--seconds", type=int, help="how long one load counts (default: 3)")
    parser.add_argument("--quick", action="store_true", help="one round of 1 s with a tenth of the tasks, for a look")
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=groups, help=f"which rows: {', '.join(groups)}")
    parser.add_argument("--chart", metavar="FILE", help="where to write a chart, as PNG")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else rows.FEWEST_ROUNDS)
    options.seconds = options.seconds or (1 if options.quick else 3)
    options.task_count = 100_000 if options.quick else 1_000_000
    options.wait_count = 1_000 if options.quick else 10_000
    if options.rounds < 1 or options.seconds < 1:
        parser.error("--rounds and --seconds are at least 1")
    return options


try:
    main()
except Failure as failure:
    sys.exit(f"bench.sh: {failure}")
