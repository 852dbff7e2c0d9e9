"""The example MCP server as a real process, with a client of each generation of MCP."""

import asyncio
import contextlib
import datetime
import json
import os
import queue
import re
import subprocess
import threading
import time
import warnings

import support
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

# The SDK's client says that this generation of tasks ends with its version 2. That is why it is pinned.
warnings.filterwarnings("ignore", "The experimental tasks API is deprecated", DeprecationWarning)

COMMAND = os.path.join(support.BUILD, "mcp-example")
SERVER = {"name": "taskwire-mcp-example", "version": "1.0.0"}
RELATED_TASK = "io.modelcontextprotocol/related-task"
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
TASKS = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
FORMS = {"elicitation": {"form": {}}}
TIMEOUT = 30


class RPCFailed(Exception):
    """A response with an error."""

    def __init__(self, error):
        super().__init__(error)
        self.error = error
        self.code = error["code"]


class Lines:
    """A server that is spoken to in lines, as the stdio transport has them, so that nothing is hidden or added."""

    def __init__(self, url=None):
        arguments = [] if url else ["--store", "memory:"]
        environment = {name: value for name, value in os.environ.items() if name != "TASKWIRE_URL"}
        if url:
            environment["TASKWIRE_URL"] = url
        self.process = subprocess.Popen(
            [COMMAND, *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.last_id = 0
        self.unclaimed = []
        self.received = queue.Queue()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.end()

    def read(self):
        for line in self.process.stdout:
            self.received.put(json.loads(line))
        self.received.put(None)

    def end(self, signal=None):
        """Ends the server by the end of its input, or by a signal, and returns its exit code."""
        if signal is not None:
            self.process.send_signal(signal)
            code = self.process.wait(timeout=TIMEOUT)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        code = self.process.wait(timeout=TIMEOUT)
        self.reader.join(timeout=TIMEOUT)
        self.process.stdout.close()
        return code

    def write(self, line):
        """Writes these bytes and a line feed."""
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def send(self, message):
        """Writes a message."""
        self.write(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def receive(self, wanted=lambda message: True):
        """Returns the first message that fulfils `wanted`, without "jsonrpc"; keeps the others for later."""
        for index, message in enumerate(self.unclaimed):
            if wanted(message):
                return self.unclaimed.pop(index)
        while True:
            message = self.received.get(timeout=TIMEOUT)
            if message is None:
                raise EOFError("the server has ended")
            assert message.pop("jsonrpc") == "2.0", message
            if wanted(message):
                return message
            self.unclaimed.append(message)

    def begin(self, method, params=None):
        """Sends a request and returns its id."""
        self.last_id += 1
        self.send({"id": self.last_id, "method": method, **({} if params is None else {"params": params})})
        return self.last_id

    def finish(self, request_id):
        """Waits for the response to a request, and returns its result."""
        response = self.receive(lambda message: message.get("id") == request_id and "method" not in message)
        if "error" in response:
            assert set(response) == {"id", "error"}, response
            raise RPCFailed(response["error"])
        assert set(response) == {"id", "result"}, response
        return response["result"]

    def request(self, method, params=None):
        """Sends a request and returns the result of its response."""
        return self.finish(self.begin(method, params))

    def initialize(self, **capabilities):
        """Becomes a client of the first generation."""
        result = self.request(
            "initialize",
            {
                "protocolVersion": "2025-11-25",
                "capabilities": capabilities,
                "clientInfo": {"name": "lines", "version": "0"},
            },
        )
        self.send({"method": "notifications/initialized"})
        return result

    def modern(self, method, params=None, capabilities=TASKS | FORMS):
        """Sends a request of the second generation and returns its result, less the server's name."""
        result = self.finish(self.begin_modern(method, params, capabilities))
        assert result["_meta"].pop("io.modelcontextprotocol/serverInfo") == SERVER, result
        if not result["_meta"]:
            del result["_meta"]
        return result

    def begin_modern(self, method, params=None, capabilities=TASKS | FORMS):
        """Sends a request of the second generation and returns its id."""
        meta = {VERSION_KEY: "2026-07-28", CAPABILITIES_KEY: capabilities}
        return self.begin(method, {**(params or {}), "_meta": meta})

    def call(self, name, arguments=None):
        """Calls a tool in the second generation and returns the id of the task."""
        return self.modern("tools/call", {"name": name, "arguments": arguments or {}})["taskId"]

    def poll(self, task_id, *statuses):
        """Gets a task in the second generation, as often as it wants to be asked, until it has one of the statuses."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            task = self.modern("tasks/get", {"taskId": task_id})
            if task["status"] in statuses:
                return task
            time.sleep(task["pollIntervalMs"] / 1000)
        raise TimeoutError(f"the task is {task}")


def without_times(task):
    """A task less its timestamps, which are checked."""
    task = dict(task)
    times = [task.pop(name) for name in ("createdAt", "lastUpdatedAt")]
    for text in times:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text), text
    created, updated = (datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) for text in times)
    assert created <= updated, times
    return task


@contextlib.asynccontextmanager
async def sdk_session(url=None, **callbacks):
    """A session of the Python SDK's own client, which is of the first generation."""
    parameters = StdioServerParameters(
        command=COMMAND,
        args=[] if url else ["--store", "memory:"],
        env={"TASKWIRE_URL": url} if url else None,
    )
    with open(os.devnull, "w", encoding="utf-8") as log:
        async with (
            stdio_client(parameters, errlog=log) as (reader, writer),
            ClientSession(
                reader, writer, read_timeout_seconds=datetime.timedelta(seconds=TIMEOUT), **callbacks
            ) as session,
        ):
            yield session


async def poll_until(session, task_id, status):
    """Polls a task with the SDK's client until it has that status."""
    async with asyncio.timeout(TIMEOUT):
        async for task in session.experimental.poll_task(task_id):
            if task.status == status:
                return task
    raise AssertionError(f"the task has ended as {task}")
