"""Measures for Scripts/bench.sh: servers, rounds, medians and the table."""

import argparse
import contextlib
import csv
import json
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

FEWEST_ROUNDS = 5  # of which a ratio may be told


def main():
    parser = argparse.ArgumentParser(prog="Scripts/bench.sh")
    parser.add_argument("taskwire", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=FEWEST_ROUNDS, help="how often to measure (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=5, help="how long one measurement takes (default: %(default)s)")
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds < 1:
        parser.error("--rounds and --seconds are at least 1")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="taskwire-bench-", dir=os.environ.get("TMPDIR", "/var/tmp"))
        )

        def taskwire(store):
            port = free_port()
            url = f"tcp://127.0.0.1:{port}"
            command = [options.taskwire, "serve", "--listen", url, "--store", store, "--log-level", "warning"]
            stack.enter_context(server(command, port))

            def measure(mix, callers):
                arguments = ["--mix", mix, "--callers", callers, "--duration", f"{options.seconds}s"]
                report = output(options.taskwire, "bench", "--url", url, "--json", *arguments)
                return json.loads(report)["throughput"]

            return measure

        def redis():
            port = free_port()
            durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
            place = ["--bind", "127.0.0.1", "--port", str(port), "--dir", folder, "--loglevel", "warning"]
            stack.enter_context(server(["redis-server", *place, *durable], port))

            def measure(test):
                def rate(count):
                    arguments = ["-p", port, "-c", 64, "-d", 200, "-t", test, "-n", count, "--csv"]
                    return float(next(csv.DictReader(output("redis-benchmark", *arguments).splitlines()))["rps"])

                # It takes a count and no duration; warming up tells how many calls last as long.
                return rate(round(rate(5000) * options.seconds))

            return measure

        sqlite, memory, redis = taskwire(f"sqlite:{folder}/tasks.db"), taskwire("memory:"), redis()
        create_alone = "durable creates, one caller"
        create = "durable creates, 64 callers"
        update = "durable updates, 64 callers"
        redis_set = "Redis SET, appendfsync always, 64 clients"
        get_alone = "reads from memory, one caller"
        get = "reads from memory, 64 callers"
        redis_get = "Redis GET, 64 clients"
        rows = {
            create_alone: lambda: sqlite("create", 1),
            create: lambda: sqlite("create", 64),
            update: lambda: sqlite("update", 64),
            redis_set: lambda: redis("set"),
            get_alone: lambda: memory("get", 1),
            get: lambda: memory("get", 64),
            redis_get: lambda: redis("get"),
        }
        ratios = [
            (create, redis_set), (update, redis_set), (create, create_alone), (get, redis_get), (get, get_alone),
        ]

        rates = {name: [] for name in rows}
        for number in range(1, options.rounds + 1):
            # Each round measures everything once, so that a machine that slows down does so for all alike.
            for name, measure in rows.items():
                rates[name].append(measure())
                say(f"round {number} of {options.rounds}: {name}: {rates[name][-1]:,.0f} per second")
        print(f"{machine(folder)}.", f"Medians of {options.rounds} rounds of {options.seconds} s.", sep="\n")
    show(rates, ratios)


def show(rates, ratios):
    """Prints the tables."""
    print("\n| payload of 200 bytes, TCP on loopback | calls per second | lowest to highest |\n|---|--:|--:|")
    for name, values in rates.items():
        print(f"| {name} | {statistics.median(values):,.0f} | {min(values):,.0f} to {max(values):,.0f} |")
    rounds = len(next(iter(rates.values())))
    if rounds < FEWEST_ROUNDS:
        return say(f"no ratios: {rounds} rounds are too few, it takes {FEWEST_ROUNDS}")
    print("\n| in the same round | ratio | lowest to highest |\n|---|--:|--:|")
    for one, other in ratios:
        values = [a / b for a, b in zip(rates[one], rates[other])]
        print(f"| {one} : {other} | {statistics.median(values):.2f} | {min(values):.2f} to {max(values):.2f} |")


def machine(folder):
    """Says where this was measured."""
    with open("/proc/meminfo") as lines:
        memory = int(next(line for line in lines if line.startswith("MemTotal")).split()[1])
    filesystem = output("findmnt", "--noheadings", "--output", "FSTYPE", "--target", folder).strip()
    redis = output("redis-server", "--version").split("v=")[1].split()[0]
    return (
        f"{len(os.sched_getaffinity(0))} {platform.machine()} cores, {memory / 2**20:.1f} GiB of memory, "
        f"Linux {platform.release()}, data on {filesystem}, Redis {redis}"
    )


@contextlib.contextmanager
def server(command, port):
    """A server process that listens on the port, and ends with the context."""
    process = subprocess.Popen(command, stdout=sys.stderr)
    try:
        deadline = time.monotonic() + 30
        while socket.socket().connect_ex(("127.0.0.1", port)):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"bench.sh: this server does not start: {' '.join(command)}")
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def output(*command):
    """What a command prints; its failure is that of the run."""
    result = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    if result.returncode:
        sys.exit(f"bench.sh: {command[0]} ended with {result.returncode}")
    return result.stdout


def say(text):
    print(text, file=sys.stderr, flush=True)


try:
    main()
except KeyboardInterrupt:
    sys.exit(130)
