"""Floods a server of Taskwire with the calls of one owner until SIGTERM, and tells how many it answered per second.

What it calls is put together by the code that protoc makes of Protos/, which has to be among the modules."""

import argparse
import contextlib
import itertools
import json
import secrets
import signal
import sys
import time

import wire
from taskwire.v1 import rpc_pb2, task_service_pb2 as service

CONNECTIONS = 4
REQUESTS = 4  # of each connection, in flight
TASK_IDS = [f"flood-{number}" for number in range(20_000)]
BATCH_CALLS = 64
PAGE_SIZE = 1000  # the largest one
LARGE_BYTES = 3_000_000
PATIENCE = 60  # seconds for one reply


class Calls:
    """Calls of an owner."""

    def __init__(self, token):
        self.token = token

    def read(self, method, request):
        """A call that changes nothing."""
        name = f"taskwire.v1.TaskService/{method}"
        return rpc_pb2.Call(method=name, body=request.SerializeToString(), token=self.token)

    def mutation(self, method, request):
        """A call that is applied once."""
        call = self.read(method, request)
        call.request_id = secrets.token_bytes(16)
        return call


# What each of the requests in flight does, one after the other: it yields its calls and is sent their replies.


def tasks(calls):
    """Makes the tasks that others need."""
    for ids in batched(TASK_IDS):
        yield [calls.mutation("CreateTask", service.CreateTaskRequest(task_id=id)) for id in ids]


def lists(calls):
    """Pages of the tasks with a label that none has, each of which looks at as many tasks as a page may."""
    request = service.ListTasksRequest(page_size=PAGE_SIZE, labels={"flood": "none"})
    while True:
        (reply,) = yield [calls.read("ListTasks", request)]
        request.cursor = service.ListTasksReply.FromString(reply.body).next_cursor


def batches(calls):
    """Batches of which one half reads tasks and the other changes them."""
    for ids in itertools.cycle(batched(TASK_IDS)):
        half = len(ids) // 2
        reads = [calls.read("GetTask", service.GetTaskRequest(task_id=id)) for id in ids[:half]]
        updates = [
            calls.mutation("UpdateTask", service.UpdateTaskRequest(task_id=id, status_message="x" * 200))
            for id in ids[half:]
        ]
        yield reads + updates


def creates(calls):
    """Tasks with a large payload, each of which is deleted as soon as it is there."""
    payload = {"content_type": "application/octet-stream", "data": bytes(LARGE_BYTES)}
    request = service.CreateTaskRequest(request=payload)
    while True:
        (reply,) = yield [calls.mutation("CreateTask", request)]
        task = service.CreateTaskReply.FromString(reply.body).task
        yield [calls.mutation("DeleteTask", service.DeleteTaskRequest(task_id=task.id))]


KINDS = {kind.__name__: kind for kind in (lists, batches, creates)}


def batched(ids):
    """As many of them at a time as a batch has calls."""
    return [ids[start : start + BATCH_CALLS] for start in range(0, len(ids), BATCH_CALLS)]


def send(connection, number, calls):
    """Sends one call by itself, and several as a batch."""
    batch = rpc_pb2.Batch(calls=calls)
    request = rpc_pb2.Request(call=calls[0]) if len(calls) == 1 else rpc_pb2.Request(batch=batch)
    connection.send(number, request.SerializeToString())


def receive(connection):
    """The next replies, none of which may be a refusal, and the number of their request."""
    number, answer = connection.receive()
    response = rpc_pb2.Response.FromString(answer)
    replies = [response.reply] if response.HasField("reply") else response.batch.replies
    for reply in replies:
        if reply.status.code:
            sys.exit(f"flood.py: {reply.status.reason}: {reply.status.message}")
    return number, replies


def flood(connections, calls, kind):
    """Keeps all requests in flight, and tells the number of calls that were answered, again and again."""
    works = [[kind(calls) for _ in range(REQUESTS)] for _ in connections]
    for connection, requests in zip(connections, works, strict=True):
        for number, work in enumerate(requests):
            send(connection, number, next(work))
    # The server has other requests of a connection while this waits for a reply on the one before.
    for connection, requests in itertools.cycle(zip(connections, works, strict=True)):
        number, replies = receive(connection)
        send(connection, number, requests[number].send(replies))
        yield len(replies)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--path", required=True)
    parser.add_argument("--token-file", required=True)
    options = parser.parse_args()
    with open(options.token_file) as file:
        calls = Calls(file.read().strip())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(wire.connect(options.path, PATIENCE)) for _ in range(CONNECTIONS)]
        for batch in tasks(calls):
            send(connections[0], 0, batch)
            receive(connections[0])
        run(flood(connections, calls, KINDS[options.kind]))


def run(flood):
    """Has it go on until the end, and prints the report then."""
    next(flood)
    print("flooding", flush=True)
    count = 0
    start = time.monotonic()
    try:
        for answered in flood:
            count += answered
    finally:
        print(json.dumps({"throughput": count / (time.monotonic() - start)}))


if __name__ == "__main__":
    main()
