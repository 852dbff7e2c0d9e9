"""The tables of a run, in Markdown."""

import os
import platform
import statistics

from processes import output
from rows import FEWEST_ROUNDS


def comparison(rows, figures):
    """The table of targets, with what was measured."""
    yield "| payload of 200 bytes, ipc | target | measured | lowest to highest |"
    yield "|---|---|--:|--:|"
    for row in rows:
        values = row.values(figures)
        if not values:
            yield f"| {row.title} | {row.target} | takes {FEWEST_ROUNDS} rounds | |"
            continue
        mark = {True: "", False: ", missed", None: ""}[row.is_met(figures)]
        yield f"| {row.title} | {row.target} | {text(values)}{row.unit}{mark} | {extent(values)} |"


def details(figures):
    """The table of the figures themselves."""
    yield "| | median | lowest to highest |"
    yield "|---|--:|--:|"
    for name, values in figures.items():
        yield f"| {name} | {text(values)} | {extent(values)} |"


def text(values):
    """The median."""
    return number(statistics.median(values))


def extent(values):
    """From where to where they are."""
    return f"{number(min(values))} to {number(max(values))}"


def number(value):
    """To three digits, but whole above 100."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def machine(folder):
    """Says where this was measured."""
    with open("/proc/meminfo") as lines:
        memory = int(next(line for line in lines if line.startswith("MemTotal")).split()[1])
    with open("/proc/cpuinfo") as lines:
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    filesystem = output(["findmnt", "--noheadings", "--output", "FSTYPE", "--target", folder]).strip()
    redis = output(["redis-server", "--version"]).split("v=")[1].split()[0]
    return (
        f"{len(os.sched_getaffinity(0))} cores ({model}), {memory / 2**20:.1f} GiB of memory, "
        f"Linux {platform.release()}, data on {filesystem}, Redis {redis}, Python {platform.python_version()}"
    )
