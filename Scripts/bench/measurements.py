"""What is measured in each round, and what it is called."""

import json
import subprocess
import time

from processes import Failure, cpu_seconds, finish, resident_bytes, running, until
from servers import PATIENCE, together

LIVE_TASKS = 1000  # beside which the Python store works, and what many tasks are compared with
MORE_LIVE_TASKS = 10_000  # beside which the Python store works as well
OTHER_CALLERS = 4  # of an owner beside the flood of another one
IDLE_SECONDS = 5  # in which waits are looked at while nothing happens
EXPIRY_SECONDS = 2  # of a load beside the expiry of many tasks, which takes longer


class Measurement:
    """A step of each round, which finds out figures."""

    def __init__(self, figures, measure):
        self.figures = figures
        self.measure = measure

    @property
    def rate(self):
        """The name of what it did per second, which is the first figure of a load."""
        return self.figures[0]

    @property
    def latency(self):
        """The name of its median latency, which is the second one."""
        return self.figures[1]

    @property
    def cpu(self):
        """The name of what client and server computed for a call, which is the third one of a load of Taskwire."""
        return self.figures[2]


def load(name, measure):
    """A step that finds out what a load came to: calls per second, and the median latency."""

    def figures(bench):
        report = measure(bench)
        return [report["throughput"], report["p50Microseconds"]]

    return Measurement([f"{name}, per second", f"{name}, p50 in µs"], figures)


def taskwire_load(name, server, mix, callers, rate="throughput"):
    """A step that finds out the same of a load of Taskwire, and what a call costs."""

    def figures(bench):
        report, cpu = server(bench.servers).load_with_cpu(mix, callers, bench.seconds)
        return [report[rate], report["p50Microseconds"], cpu]

    return Measurement([f"{name}, per second", f"{name}, p50 in µs", f"{name}, CPU a call in µs"], figures)


def rate(name, measure):
    """A step that finds out a number per second."""
    return Measurement([f"{name}, per second"], lambda bench: [measure(bench)])


def nng_echo(callers):
    """The raw echo over nng's sockets, which is what other programs of its protocols use."""
    name = f"raw nng echo, {count(callers, 'caller')}"
    return load(name, lambda bench: bench.servers.nng_echo.load(callers, bench.seconds))


def stream_echo(callers):
    """The raw echo over nng's byte streams, which Taskwire uses."""
    name = f"raw stream echo, {count(callers, 'caller')}"
    return load(name, lambda bench: bench.servers.stream_echo.load(callers, bench.seconds))


def get(callers):
    """Get on the memory store."""
    return taskwire_load(f"Get, {count(callers, 'caller')}", lambda servers: servers.memory, "get", callers)


def redis_get(clients):
    """GET of Redis, unpipelined."""
    return rate(f"Redis GET, {clients} clients", lambda bench: bench.servers.redis.rate("get", clients, bench.seconds))


def lifecycles(name, server):
    """Whole lives of tasks."""
    return taskwire_load(f"lifecycles on {name}, 256 callers", server, "lifecycle", 256, "operationsPerSecond")


def python_lifecycles(live_count):
    """The same in the Python SDK's store, whose time grows with the live tasks."""
    name = f"lifecycles in the Python SDK's store, {live_count:,} live tasks"
    return rate(name, lambda bench: bench.servers.python_store(live_count, bench.seconds))


def durable(mix, callers):
    """Changes on SQLite."""
    name = f"{mix}s on SQLite, {count(callers, 'caller')}"
    return taskwire_load(name, lambda servers: servers.sqlite, mix, callers)


def fairness(kind):
    """An owner's Get without and with a flood of another owner's calls, and how much of a flood that is."""

    def measure(bench):
        protos = bench.servers.protos
        # A server of their own, which takes with it what the flood leaves behind.
        with bench.servers.owners("alice", "bob") as (alice, bob):
            alone = alice.load("get", OTHER_CALLERS, bench.seconds)
            with bob.flood(kind, protos) as flood:
                beside = alice.load("get", OTHER_CALLERS, bench.seconds)
                flood.terminate()
                report = json.loads(finish(flood, PATIENCE))
        return [alone["p99Microseconds"], beside["p99Microseconds"], report["throughput"]]

    return Measurement(
        [
            f"Get before another owner's {kind}, p99 in µs",
            f"Get beside another owner's {kind}, p99 in µs",
            f"another owner's {kind}, calls per second",
        ],
        measure,
    )


def shared(server_count):
    """Changes through so many servers of one Redis, all together."""

    def measure(bench):
        options = ["--duration", f"{bench.seconds}s"]
        servers = bench.servers.on_redis[:server_count]
        loads = [server.load_command("create", 64 // server_count, *options) for server in servers]
        return sum(report["throughput"] for report in together(loads, bench.seconds + PATIENCE))

    return rate(f"creates through {count(server_count, 'server')} of one Redis, 64 callers", measure)


def wake_up(bench):
    """How soon a call that waits at one server of a Redis hears of a change made at another."""
    one, other = bench.servers.on_redis[:2]
    report = one.load("wait", 1, bench.seconds, "--change-at", other.url)
    return [report["p50Microseconds"] / 1e3, report["p99Microseconds"] / 1e3]


def cold_start(bench):
    """From the start of the process to its first answer, with a new file."""
    start = time.monotonic()
    with bench.servers.taskwire(f"sqlite:{bench.servers.path('db')}"):
        return [(time.monotonic() - start) * 1e3]


def many_tasks(bench):
    """One life of a server: few tasks, many tasks, and all of these expiring at once."""
    with bench.servers.taskwire("memory:", "--max-tasks-per-owner", bench.task_count + 100_000) as server:
        few = server.load("get", 1, bench.seconds, "--tasks", LIVE_TASKS)
        memory = resident_bytes(server.process)
        # The tasks have to live until what is measured before their end is over. Each is made in two calls.
        creation_rate = server.counted_load("create", 1024, 20_000)["throughput"]
        lifetime = round(2 * bench.task_count / creation_rate * 1.5 + bench.seconds + EXPIRY_SECONDS + 6)
        expiry = time.monotonic() + lifetime
        kept = ["--tasks", bench.task_count, "--keep", "--expire-after", f"{lifetime}s"]
        many = server.load("get", 1, bench.seconds, *kept)
        memory = resident_bytes(server.process) - memory

        before = server.load("get", 1, EXPIRY_SECONDS, "--tasks", LIVE_TASKS)
        rest = expiry - time.monotonic()
        if rest < 0:
            raise Failure("the machine became slower, and tasks expired too soon")
        # The server sets about them within a second, which is when the load has warmed up and starts to count.
        time.sleep(rest)
        meanwhile = server.load("get", 1, EXPIRY_SECONDS, "--tasks", LIVE_TASKS)
        # Callers see all of them as expired at once; only what it computes shows how long that keeps the server busy.
        until(lambda: is_idle(server.process), "the end of all tasks", patience=PATIENCE)
        busy = time.monotonic() - expiry
    return [
        few["p50Microseconds"],
        many["p50Microseconds"],
        memory / bench.task_count,
        before["p99Microseconds"],
        meanwhile["p99Microseconds"],
        busy,
    ]


def waits(bench):
    """Many calls that wait at the same time: their memory, what they cost while nothing happens, and their waking up."""
    with bench.servers.taskwire("memory:") as server:
        # With what one call left behind.
        server.stats()
        memory = resident_bytes(server.process)
        hold = IDLE_SECONDS + 10
        options = ["--hold", f"{hold}s", "--connections", 4]
        command = server.load_command("wait", bench.wait_count, *options)
        with running(command, stdout=subprocess.PIPE, text=True) as load:
            until(lambda: server.stats()["waits"] == bench.wait_count, "all waits", load, pause=0.2)
            memory = resident_bytes(server.process) - memory
            time.sleep(0.5)
            computed = cpu_seconds(server.process)
            time.sleep(IDLE_SECONDS)
            computed = cpu_seconds(server.process) - computed
            if server.stats()["waits"] != bench.wait_count:
                raise Failure("the machine became slower, and waits ended before they had been looked at")
            report = json.loads(load.communicate(timeout=PATIENCE)[0])
    if report["errors"]:
        raise Failure(f"{report['errors']} of {bench.wait_count} waits failed")
    return [memory / 2**20, computed / IDLE_SECONDS * 100, report["seconds"]]


def is_idle(process):
    """Whether a process has next to nothing to do."""
    computed = cpu_seconds(process)
    time.sleep(0.5)
    return cpu_seconds(process) - computed < 0.05


def count(number, noun):
    """So many of them."""
    return f"{number:,} {noun}" + ("s" if number != 1 else "")


NNG_ECHO = {callers: nng_echo(callers) for callers in (1, 64, 256)}
STREAM_ECHO = {callers: stream_echo(callers) for callers in (1, 64, 256)}
GET = {callers: get(callers) for callers in (1, 64, 256, 1024)}
GET_WITH_TOKEN = taskwire_load(
    "Get with a token, 256 callers", lambda servers: servers.memory_with_token, "get", 256
)
GET_ON_SQLITE = taskwire_load(
    "Get on SQLite, of tasks changed lately, 64 callers", lambda servers: servers.sqlite, "get", 64
)
REDIS_GET = {clients: redis_get(clients) for clients in (64, 256)}
REDIS_GET_PIPELINED = rate(
    "Redis GET, 64 clients with 16 in flight each",
    lambda bench: bench.servers.redis.rate("get", 64, bench.seconds, pipeline=16),
)
LIFECYCLES = {
    "memory": lifecycles("memory", lambda servers: servers.memory),
    "SQLite": lifecycles("SQLite", lambda servers: servers.sqlite),
    "Redis": lifecycles("Redis, appendfsync always", lambda servers: servers.on_redis[0]),
}
PYTHON_LIFECYCLES = {live_count: python_lifecycles(live_count) for live_count in (LIVE_TASKS, MORE_LIVE_TASKS)}
DURABLE = {(mix, callers): durable(mix, callers) for mix in ("create", "update") for callers in (1, 64)}
REDIS_SET = rate(
    "Redis SET, appendfsync always, 64 clients",
    lambda bench: bench.servers.durable_redis.rate("set", 64, bench.seconds),
)
FAIRNESS = {kind: fairness(kind) for kind in ("lists", "batches", "creates")}
SHARED = {servers: shared(servers) for servers in (1, 2, 3)}
WAKE_UP = Measurement(
    ["wake-up across two servers of one Redis, p50 in ms", "wake-up across two servers of one Redis, p99 in ms"],
    wake_up,
)
COLD_START = Measurement(["cold start until the first answer, in ms"], cold_start)
WAITS = Measurement(["memory of waits, in MiB", "CPU of idle waits, in %", "all waits woken, in s"], waits)
MANY_TASKS = Measurement(
    [
        "Get beside few tasks, p50 in µs",
        "Get beside many tasks, p50 in µs",
        "memory per live task, in bytes",
        "Get before tasks expire, p99 in µs",
        "Get while tasks expire, p99 in µs",
        "expiry of all tasks, in s",
    ],
    many_tasks,
)

# In the order of a round: what is compared with each other is next to each other.
ALL = [
    NNG_ECHO[1], GET[1], STREAM_ECHO[1],
    NNG_ECHO[64], GET[64], STREAM_ECHO[64], GET_ON_SQLITE, REDIS_GET[64],
    NNG_ECHO[256], GET[256], GET_WITH_TOKEN, STREAM_ECHO[256], REDIS_GET[256], GET[1024], REDIS_GET_PIPELINED,
    LIFECYCLES["memory"], *PYTHON_LIFECYCLES.values(), LIFECYCLES["SQLite"], LIFECYCLES["Redis"],
    DURABLE["create", 1], DURABLE["create", 64], REDIS_SET, DURABLE["update", 64], DURABLE["update", 1],
    SHARED[1], SHARED[2], SHARED[3], WAKE_UP,
    COLD_START, WAITS, MANY_TASKS, *FAIRNESS.values(),
]  # fmt: skip
