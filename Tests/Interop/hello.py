import secrets
import sys

import pynng
from taskwire.v1 import rpc_pb2, task_pb2, task_service_pb2 as service


def call(method, request):
    body = request.SerializeToString()
    call = rpc_pb2.Call(method=f"taskwire.v1.TaskService/{method}", body=body, request_id=secrets.token_bytes(16))
    socket.send(rpc_pb2.Request(call=call).SerializeToString())
    reply = rpc_pb2.Response.FromString(socket.recv()).reply
    if reply.status.code:
        raise RuntimeError(f"{reply.status.reason}: {reply.status.message}")
    return getattr(service, f"{method}Reply").FromString(reply.body)


with pynng.Req0(dial=sys.argv[1], recv_timeout=40_000) as socket:
    request = task_pb2.Payload(content_type="application/json", data=b'{"city": "New York"}')
    task = call("CreateTask", service.CreateTaskRequest(ttl_ms=60_000, request=request)).task
    print("created:", task_pb2.TaskStatus.Name(task.status))

    # The work, which could be done by any other process that knows the task's id.
    result = task_pb2.Payload(content_type="text/plain", data=b"Sunny, 22 degrees")
    call("CompleteTask", service.CompleteTaskRequest(task_id=task.id, result=result))

    # Whoever waits for the result, here or elsewhere.
    outcome = call("AwaitResult", service.AwaitResultRequest(task_id=task.id))
    print("ended:", task_pb2.TaskStatus.Name(outcome.task.status), outcome.result.data.decode())
