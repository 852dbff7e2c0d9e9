"""Makes calls over 64 contexts of one socket until it is killed: busy_client.py URL [CA-FILE]

It prints a line once a thousand of them have been answered.
"""

import asyncio
import secrets
import sys

import pynng
from taskwire.v1 import rpc_pb2, task_service_pb2 as service

CONTEXTS = 64
CALLS = 1000


def request(method, body):
    call = rpc_pb2.Call(
        method=f"taskwire.v1.TaskService/{method}", body=body.SerializeToString(), request_id=secrets.token_bytes(16)
    )
    return rpc_pb2.Request(call=call).SerializeToString()


class BusyClient:
    def __init__(self):
        self.count = 0

    async def call_for_ever(self, socket):
        with socket.new_context() as context:
            while True:
                await context.asend(request("CreateTask", service.CreateTaskRequest()))
                created = rpc_pb2.Response.FromString(await context.arecv())
                task_id = service.CreateTaskReply.FromString(created.reply.body).task.id
                await context.asend(request("GetTask", service.GetTaskRequest(task_id=task_id)))
                await context.arecv()
                self.count += 2
                if self.count == CALLS:
                    print("busy", flush=True)

    async def run(self, url, ca=None):
        tls = ca and pynng.TLSConfig(pynng.TLSConfig.MODE_CLIENT, server_name="localhost", ca_files=[ca])
        with pynng.Req0(tls_config=tls) as socket:
            socket.dial(url, block=True)
            await asyncio.gather(*(self.call_for_ever(socket) for _ in range(CONTEXTS)))


if __name__ == "__main__":
    asyncio.run(BusyClient().run(*sys.argv[1:]))
