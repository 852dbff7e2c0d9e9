"""The rows of the comparison: figures, and what they are to be at least or at most."""

import dataclasses
import statistics

from measurements import (
    COLD_START, DURABLE, FAIRNESS, GET, GET_ON_SQLITE, GET_WITH_TOKEN, LIFECYCLES, LIVE_TASKS, MANY_TASKS,
    MORE_LIVE_TASKS, NNG_ECHO, PYTHON_LIFECYCLES, REDIS_GET, REDIS_GET_PIPELINED, REDIS_SET, SHARED, STREAM_ECHO, WAITS,
    WAKE_UP,
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

    def lifecycle(store, live_count, least=None):
        title = (
            f"lifecycles on {store}, 256 callers, over the Python SDK's store in its own process "
            f"with {live_count:,} live tasks"
        )
        return Row("lifecycle", title, LIFECYCLES[store].rate, PYTHON_LIFECYCLES[live_count].rate, least=least)

    def durable(mix, least):
        changes = DURABLE[mix, 64].rate
        redis = f"durable {mix}s, 64 callers, over `redis-benchmark -c 64 -t set`, appendfsync always"
        yield Row("durable", redis, changes, REDIS_SET.rate, least=least)
        yield Row("durable", f"durable {mix}s, 64 callers, over one caller", changes, DURABLE[mix, 1].rate, least=25)

    def cpu(call, load, how="", most=None):
        return Row("cpu", f"CPU a {call}, client and server together{how}", load.cpu, most=most, unit=" µs")

    def fairness(kind, what):
        before, beside, _ = FAIRNESS[kind].figures
        title = f"Get, p99, beside another owner's flood of {what}, over the same before"
        return Row("fairness", title, beside, before, most=3)

    def shared(servers, number):
        title = f"creates through {number} of one Redis, 64 callers, over its SET, appendfsync always, 64 clients"
        return Row("shared", title, SHARED[servers].rate, REDIS_SET.rate)

    return [
        *echo("raw nng echo", NNG_ECHO),
        *echo("raw stream echo", STREAM_ECHO),
        Row("alone", "Get, one caller, p50, over raw nng echo's", GET[1].latency, NNG_ECHO[1].latency, most=0.6),
        Row("alone", "Get, one caller, p50, over raw stream echo's", GET[1].latency, STREAM_ECHO[1].latency),
        over_nng(64, 3),
        over_nng(256, 5),
        over_nng(1024, 6),
        over_stream(64),
        over_stream(256),
        Row(
            "concurrent", "Get on SQLite, of tasks changed lately, 64 callers, throughput over the same on memory",
            GET_ON_SQLITE.rate, GET[64].rate,
        ),
        redis(64, 3),
        redis(256, 5),
        Row(
            "redis", "Get, 1,024 callers, throughput over `redis-benchmark -t get -P 16 -c 64`, with as many in flight",
            GET[1024].rate, REDIS_GET_PIPELINED.rate, least=0.4,
        ),
        lifecycle("memory", LIVE_TASKS, 15),
        lifecycle("memory", MORE_LIVE_TASKS, 150),
        lifecycle("SQLite", LIVE_TASKS),
        lifecycle("Redis", LIVE_TASKS),
        Row("scale", f"Get, p50, at {tasks} live tasks over the same at {LIVE_TASKS:,}", many, few, most=1.1),
        *durable("create", 1),
        *durable("update", 1.5),
        Row("memory", "memory per live task, memory store, request and result", task_bytes, most=900, unit=" bytes"),
        Row("waits", f"{waits}: server memory over idle", wait_memory, most=30, unit=" MiB"),
        Row("waits", f"{waits}: CPU while nothing happens", wait_cpu, most=0.5, unit=" %"),
        Row("waits", f"{waits}: all woken after one change each", wait_end, most=0.3, unit=" s"),
        Row("expiry", f"expiry of {tasks} tasks at once: p99 of Get meanwhile over before", meanwhile, before, most=2),
        Row("start", "cold start with an empty store, until the first answer", COLD_START.figures[0], most=100, unit=" ms"),
        cpu("Get, 256 callers", GET_WITH_TOKEN, ", with a token", most=1.8),
        *(cpu(f"Get, {callers:,} callers", GET[callers]) for callers in (64, 256, 1024)),
        cpu("call of lifecycles on memory, 256 callers", LIFECYCLES["memory"]),
        cpu("call of lifecycles on SQLite, 256 callers", LIFECYCLES["SQLite"]),
        cpu("durable create, 64 callers", DURABLE["create", 64]),
        cpu("durable update, 64 callers", DURABLE["update", 64]),
        fairness("lists", "pages with a filter"),
        fairness("batches", "batches of 64 Gets and Updates"),
        fairness("creates", "creates with 3 MB"),
        shared(1, "one server"),
        shared(2, "two servers"),
        shared(3, "three servers"),
        Row("shared", "wake-up across two servers of one Redis, p50", WAKE_UP.figures[0], most=50, unit=" ms"),
        Row("shared", "wake-up across two servers of one Redis, p99", WAKE_UP.figures[1], unit=" ms"),
    ]  # fmt: skip
