"""The rows of the comparison: figures, and what they are to be at least or at most."""

import dataclasses
import statistics

from measurements import (
    COLD_START, DURABLE, GET, GET_ON_SQLITE, LIFECYCLES, LIVE_TASKS, MANY_TASKS, NNG_ECHO, PYTHON_LIFECYCLES, REDIS_GET,
    REDIS_SET, SHARED, STREAM_ECHO, WAITS, WAKE_UP,
)  # fmt: skip

FEWEST_ROUNDS = 5  # of which a ratio may be told


@dataclasses.dataclass(frozen=True)
class Row:
    """A figure, as it is or over another one of the same round."""

    group: str  # what --only takes
    title: str
    figure: str
    over: str | None = None
    least: float | None = None
    most: float | None = None
    unit: str = ""

    @property
    def figures(self):
        """What has to be measured for it."""
        return [self.figure] + ([self.over] if self.over else [])

    @property
    def target(self):
        """What it should be, in words."""
        if self.least is not None:
            return f"at least {self.least:g}{self.unit}"
        return f"at most {self.most:g}{self.unit}" if self.most is not None else ""

    def values(self, figures):
        """One for each round, or none, where they are ratios of too few rounds."""
        values = figures[self.figure]
        if not self.over:
            return values
        if len(values) < FEWEST_ROUNDS:
            return []
        return [one / other for one, other in zip(values, figures[self.over], strict=True)]

    def is_met(self, figures):
        """Whether the median is what it should be; None where that is not known."""
        values = self.values(figures)
        if not values or (self.least is None and self.most is None):
            return None
        median = statistics.median(values)
        return median >= self.least if self.least is not None else median <= self.most


def rows(task_count, wait_count):
    """All rows, in the order of the table."""
    few, many, task_bytes, before, meanwhile, _ = MANY_TASKS.figures
    wait_memory, wait_cpu, wait_end = WAITS.figures
    tasks, waits = f"{task_count:,}", f"{wait_count:,} waiting calls"

    def echo(name, loads):
        yield Row("echo", f"{name}, one caller, p50", loads[1].latency, unit=" µs")
        yield Row("echo", f"{name}, 64 in flight", loads[64].rate, unit=" per second")
        yield Row("echo", f"{name}, 256 in flight", loads[256].rate, unit=" per second")

    def over_nng(callers, least):
        title = f"Get, {callers:,} callers, throughput over raw nng echo's best, 64 in flight"
        return Row("concurrent", title, GET[callers].rate, NNG_ECHO[64].rate, least=least)

    def over_stream(callers):
        title = f"Get, {callers} callers, throughput over raw stream echo's with as many in flight"
        return Row("concurrent", title, GET[callers].rate, STREAM_ECHO[callers].rate)

    def redis(callers, least):
        title = f"Get, {callers} callers, throughput over `redis-benchmark -t get` with as many clients"
        return Row("redis", title, GET[callers].rate, REDIS_GET[callers].rate, least=least)

    def lifecycle(store, least=None):
        title = f"lifecycles on {store}, 256 callers, over the Python SDK's store in its own process"
        return Row("lifecycle", title, LIFECYCLES[store].rate, PYTHON_LIFECYCLES.rate, least=least)

    def durable(mix):
        changes = DURABLE[mix, 64].rate
        redis = f"durable {mix}s, 64 callers, over `redis-benchmark -c 64 -t set`, appendfsync always"
        yield Row("durable", redis, changes, REDIS_SET.rate, least=1)
        yield Row("durable", f"durable {mix}s, 64 callers, over one caller", changes, DURABLE[mix, 1].rate, least=15)

    def shared(servers, number):
        title = f"creates through {number} of one Redis, 64 callers, over its SET, appendfsync always, 64 clients"
        return Row("shared", title, SHARED[servers].rate, REDIS_SET.rate)

    return [
        *echo("raw nng echo", NNG_ECHO),
        *echo("raw stream echo", STREAM_ECHO),
        Row("alone", "Get, one caller, p50, over raw nng echo's", GET[1].latency, NNG_ECHO[1].latency, most=0.9),
        Row("alone", "Get, one caller, p50, over raw stream echo's", GET[1].latency, STREAM_ECHO[1].latency),
        over_nng(64, 0.8),
        over_nng(256, 3),
        over_nng(1024, 4),
        over_stream(64),
        over_stream(256),
        Row(
            "concurrent", "Get on SQLite, of tasks changed lately, 64 callers, throughput over the same on memory",
            GET_ON_SQLITE.rate, GET[64].rate,
        ),
        redis(64, 1.2),
        redis(256, 2),
        lifecycle("memory", 50),
        lifecycle("SQLite"),
        lifecycle("Redis"),
        Row("scale", f"Get, p50, at {tasks} live tasks over the same at {LIVE_TASKS:,}", many, few, most=1.2),
        *durable("create"),
        *durable("update"),
        Row("memory", "memory per live task, memory store, request and result", task_bytes, most=1000, unit=" bytes"),
        Row("waits", f"{waits}: server memory over idle", wait_memory, most=40, unit=" MiB"),
        Row("waits", f"{waits}: CPU while nothing happens", wait_cpu, most=1, unit=" %"),
        Row("waits", f"{waits}: all woken after one change each", wait_end, most=1, unit=" s"),
        Row("expiry", f"expiry of {tasks} tasks at once: p99 of Get meanwhile over before", meanwhile, before, most=3),
        Row("start", "cold start with an empty store, until the first answer", COLD_START.figures[0], most=150, unit=" ms"),
        shared(1, "one server"),
        shared(2, "two servers"),
        shared(3, "three servers"),
        Row("shared", "wake-up across two servers of one Redis, p50", WAKE_UP.figures[0], most=50, unit=" ms"),
        Row("shared", "wake-up across two servers of one Redis, p99", WAKE_UP.figures[1], unit=" ms"),
    ]  # fmt: skip
