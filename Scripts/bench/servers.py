"""The servers of a run, each on sockets in a folder of its own, and the loads that are put on them."""

import contextlib
import csv
import functools
import glob
import itertools
import json
import os
import socket
import subprocess
import sys
import time

from ping import ping
from processes import Failure, cpu_seconds, finish, output, running, until

FOLDER = os.path.dirname(__file__)
PAYLOAD = 200  # bytes, in all loads
WARM_UP = 1  # seconds of `taskwire bench`, before it counts
PATIENCE = 300  # seconds that a load may take beside what it says


class Taskwire:
    """A server of Taskwire over ipc, as the owner of a token sees it, where it takes tokens."""

    def __init__(self, programs, process, path, token_file=None):
        self.programs = programs
        self.program = os.path.join(programs, "taskwire")
        self.process = process
        self.path = path
        self.url = f"ipc://{path}"
        self.token_file = token_file

    def seen_with(self, token_file):
        """The same server, as the owner of another token sees it."""
        return Taskwire(self.programs, self.process, self.path, token_file)

    def load_command(self, mix, callers, *options):
        """`taskwire bench` on this server."""
        load = ["--mix", mix, "--callers", callers, "--payload", PAYLOAD, "--url", self.url, "--json"]
        access = ["--token-file", self.token_file] if self.token_file else []
        return [self.program, "bench", *load, *access, *options]

    def load(self, mix, callers, seconds, *options):
        """What a load of so many seconds came to."""
        return json.loads(
            output(self.load_command(mix, callers, "--duration", f"{seconds}s", *options), seconds + PATIENCE)
        )

    def load_with_cpu(self, mix, callers, seconds):
        """What a load of so many seconds came to, and the microseconds that client and server compute for a call."""
        command = self.load_command(mix, callers, "--warm-up", f"{WARM_UP}s", "--duration", f"{seconds}s")
        with running(command, stdout=subprocess.PIPE, text=True) as client:
            # The callers have made their tasks by then, and begin to count or are about to. So the time that is looked
            # at lies within the load, and what the start, the tasks and their deletion cost outside of it.
            time.sleep(WARM_UP)
            start, computed = time.monotonic(), cpu_seconds(self.process) + cpu_seconds(client)
            time.sleep(seconds * 0.9)
            computed = cpu_seconds(self.process) + cpu_seconds(client) - computed
            load = computed / (time.monotonic() - start)
            report = json.loads(finish(client, seconds + PATIENCE))
        return report, load / report["throughput"] * 1e6

    def counted_load(self, mix, callers, count, *options):
        """What a load of so many operations came to."""
        return json.loads(
            output(self.load_command(mix, callers, "--count", count, "--warm-up", "0s", *options), PATIENCE)
        )

    def stats(self):
        """The server's counters."""
        return json.loads(output([self.program, "stats", "--url", self.url, "--json"]))

    @contextlib.contextmanager
    def flood(self, kind, protos):
        """A flood of the owner's calls, whose process is told to end."""
        script = os.path.join(FOLDER, "flood.py")
        command = [sys.executable, script, kind, "--path", self.path, "--token-file", self.token_file]
        environment = {**os.environ, "PYTHONPATH": protos}
        with running(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            # It has a line to say as soon as it is one.
            if not process.stdout.readline():
                raise Failure(f"no flood of {kind}")
            yield process


class Echo:
    """A server of the raw echo over ipc, and the load of the same kind."""

    def __init__(self, program, url, options):
        self.program = program
        self.url = url
        self.options = options

    def load(self, callers, seconds):
        """What a load of so many seconds came to."""
        load = [*self.options, "--url", self.url, "--callers", callers, "--seconds", seconds]
        return json.loads(output([self.program, "load", *load], seconds + PATIENCE))


class Redis:
    """A server of Redis, and redis-benchmark over its socket."""

    def __init__(self, process, path, port):
        self.process = process
        self.path = path
        self.url = f"redis://127.0.0.1:{port}"

    def rate(self, test, clients, seconds, pipeline=1):
        """Requests per second, so many at a time on each connection."""
        load = ["-c", clients, "-P", pipeline, "-d", PAYLOAD, "-t", test]

        def run(count):
            command = ["redis-benchmark", "-s", self.path, *load, "-n", count, "--csv"]
            return float(next(csv.DictReader(output(command, seconds + PATIENCE).splitlines()))["rps"])

        # It takes a count and no duration; warming up tells how many requests last as long.
        return run(round(run(20_000 * pipeline) * seconds))

    def is_ready(self):
        """Whether it answers."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            try:
                connection.connect(self.path)
            except (FileNotFoundError, ConnectionRefusedError):
                return False
            connection.sendall(b"PING\r\n")
            return connection.recv(100) == b"+PONG\r\n"


class Servers:
    """Starts servers as they are needed. Those that are named here live as long as the run, idle while it is not their
    turn."""

    def __init__(self, programs, folder, stack):
        self.programs = programs
        self.folder = folder
        self.stack = stack
        self.numbers = itertools.count(1)

    @contextlib.contextmanager
    def taskwire(self, store, *options, token_file=None, patience=60):
        """A Taskwire on a store, as the owner of the token sees it."""
        path = self.path("sock")
        command = [os.path.join(self.programs, "taskwire"), "serve", "--listen", f"ipc://{path}", "--store", store]
        with running([*command, "--log-level", "warning", *options], stdout=sys.stderr) as process:
            token = read(token_file) if token_file else ""
            until(lambda: ping(path, token), "the first answer of Taskwire", process, patience, pause=0.001)
            yield Taskwire(self.programs, process, path, token_file)

    @contextlib.contextmanager
    def owners(self, *names):
        """A Taskwire that keeps tasks in memory and takes tokens, as each of these owners sees it."""
        tokens = self.path("tokens")
        files = [self.token_file(name, tokens) for name in names]
        with self.taskwire("memory:", "--tokens", tokens, token_file=files[0]) as server:
            yield [server.seen_with(file) for file in files]

    def token_file(self, owner, tokens):
        """A file with a new token of an owner, which is added to those that a server takes."""
        path = self.path("token")
        command = [os.path.join(self.programs, "taskwire"), "token", "create", owner, "--tokens", tokens]
        with open(path, "w") as file:
            # What it says beside is for people.
            file.write(output(command, stderr=subprocess.DEVNULL))
        return path

    @functools.cached_property
    def memory(self):
        """A Taskwire that keeps tasks in memory."""
        return self.stack.enter_context(self.taskwire("memory:"))

    @functools.cached_property
    def memory_with_token(self):
        """A Taskwire that keeps tasks in memory and takes tokens, with one."""
        return self.stack.enter_context(self.owners("alice"))[0]

    @functools.cached_property
    def sqlite(self):
        """A Taskwire on a file, where every change is synced."""
        return self.stack.enter_context(self.taskwire(f"sqlite:{self.path('db')}"))

    @functools.cached_property
    def on_redis(self):
        """Three Taskwires on one Redis, where every change is synced."""
        return [self.stack.enter_context(self.taskwire(self.durable_redis.url)) for _ in range(3)]

    @functools.cached_property
    def redis(self):
        """A Redis that keeps everything in memory, and has what `redis-benchmark -t get` reads."""
        redis = self.stack.enter_context(self.running_redis())
        redis.rate("set", 1, 0.1)
        return redis

    @functools.cached_property
    def durable_redis(self):
        """A Redis where every change is synced."""
        return self.stack.enter_context(self.running_redis("--appendonly", "yes", "--appendfsync", "always"))

    @contextlib.contextmanager
    def running_redis(self, *options):
        """A Redis in a folder of its own."""
        folder, path, port = self.path("redis"), self.path("sock"), free_port()
        os.mkdir(folder)
        place = ["--bind", "127.0.0.1", "--port", port, "--unixsocket", path, "--dir", folder]
        command = ["redis-server", *place, "--loglevel", "warning", "--save", "", *options]
        with running(command, stdout=sys.stderr) as process:
            redis = Redis(process, path, port)
            until(redis.is_ready, "the first answer of Redis", process)
            yield redis

    @functools.cached_property
    def nng_echo(self):
        """The raw echo over nng's sockets."""
        return self.echo()

    @functools.cached_property
    def stream_echo(self):
        """The raw echo over nng's byte streams."""
        return self.echo("--stream")

    def echo(self, *options):
        """A raw echo that lives as long as the run. The first load waits until it listens."""
        program, url = os.path.join(self.programs, "taskwire-baseline"), f"ipc://{self.path('sock')}"
        self.stack.enter_context(running([program, "serve", "--url", url, *options], stderr=subprocess.DEVNULL))
        return Echo(program, url, options)

    def python_store(self, live_count, seconds):
        """Lifecycles per second of the Python SDK's store in its own process."""
        script = os.path.join(FOLDER, "python_store.py")
        command = [sys.executable, script, "--live", live_count, "--seconds", seconds]
        return json.loads(output(command, seconds + PATIENCE))["operationsPerSecond"]

    @functools.cached_property
    def protos(self):
        """A folder with what protoc makes of the messages for Python."""
        folder, source = self.path("protos"), os.path.join(FOLDER, "../../Protos")
        os.mkdir(folder)
        files = glob.glob(os.path.join(source, "taskwire/v1/*.proto"))
        output(["protoc", f"--proto_path={source}", f"--python_out={folder}", *files])
        return folder

    def path(self, ending):
        """A new name in the folder of the run."""
        return os.path.join(self.folder, f"{next(self.numbers)}.{ending}")


def free_port():
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def together(commands, patience):
    """The reports of loads that run at the same time."""
    with contextlib.ExitStack() as stack:
        processes = [
            stack.enter_context(running(command, stdout=subprocess.PIPE, text=True)) for command in commands
        ]
        return [json.loads(finish(process, patience)) for process in processes]


def read(path):
    """The word in a file."""
    with open(path) as file:
        return file.read().strip()
