"""The whole life of a task over ipc and tcp, from a client in another language."""

import base64
import datetime
import functools
import subprocess
import threading
import unittest

import support
from google.protobuf import descriptor_pb2
from taskwire.v1 import rpc_pb2, task_pb2, task_service_pb2 as service
from taskwire_client import CallFailed, Client

EVERY_BYTE = bytes(range(256))


def over_each_transport(test):
    """Runs a test with a client over ipc, and again over tcp."""

    @functools.wraps(test)
    def run(self):
        for url in self.urls:
            with self.subTest(url=url.split(":")[0]), Client(url) as client:
                test(self, url, client)

    return run


class ProtocolTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.running = support.server()
        cls.urls = cls.running.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.running.__exit__(None, None, None)

    def assert_refused(self, code, reason, call):
        with self.assertRaises(CallFailed) as caught:
            call()
        self.assertEqual((caught.exception.status.code, caught.exception.status.reason), (code, reason))
        return caught.exception.status

    def assert_swift_sees(self, url, task):
        """Every field that Python has is what the Swift command line shows."""
        seen = support.taskwire_json(url, "get", task.id, "--full")
        extra = seen["_meta"]["io.taskwire/task"]
        name = task_pb2.TaskStatus.Name(task.status).removeprefix("TASK_STATUS_").lower()
        self.assertEqual(seen["taskId"], task.id)
        self.assertEqual(seen["status"], name)
        self.assertEqual(seen.get("statusMessage"), task.status_message if task.HasField("status_message") else None)
        self.assertEqual(seen["ttl"], task.ttl_ms if task.HasField("ttl_ms") else None)
        self.assertEqual(seen["pollInterval"], task.poll_interval_ms)
        self.assertEqual(extra["revision"], task.revision)
        self.assertEqual(extra.get("labels", {}), dict(task.labels))
        self.assertEqual(extra.get("cancelRequested", False), task.cancel_requested)
        self.assertEqual(self.milliseconds(seen["createdAt"]), task.created_at_unix_ms)
        self.assertEqual(self.milliseconds(seen["lastUpdatedAt"]), task.last_updated_at_unix_ms)
        if task.HasField("progress"):
            self.assertEqual(extra["progress"]["current"], task.progress.current)
            self.assertEqual(extra["progress"]["total"], task.progress.total)
        for field in ("request", "result"):
            self.assertEqual(field in extra, task.HasField(field), field)
            if field in extra:
                payload = getattr(task, field)
                shown = extra[field]
                data = shown["text"].encode() if "text" in shown else base64.b64decode(shown["base64"])
                self.assertEqual((shown["contentType"], data), (payload.content_type, payload.data))

    @staticmethod
    def milliseconds(text):
        moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        return round(moment.timestamp() * 1000)

    @over_each_transport
    def test_the_whole_life_of_a_task(self, url, client):
        created = client.call(
            "CreateTask",
            service.CreateTaskRequest(
                ttl_ms=60_000,
                poll_interval_ms=250,
                labels={"from": "python", "größe": "L"},
                request=task_pb2.Payload(content_type="application/octet-stream", data=EVERY_BYTE),
                immediate_response="soon",
                status_message="queued",
            ),
        ).task
        self.assertEqual(created.status, task_pb2.TASK_STATUS_WORKING)
        self.assertEqual((created.revision, created.ttl_ms, created.poll_interval_ms), (1, 60_000, 250))
        self.assertEqual(created.immediate_response, "soon")

        full = service.GetTaskRequest(task_id=created.id, view=task_pb2.TASK_VIEW_FULL)
        task = client.call("GetTask", full).task
        self.assertEqual(task.request.data, EVERY_BYTE)
        self.assert_swift_sees(url, task)

        updated = client.call(
            "UpdateTask",
            service.UpdateTaskRequest(
                task_id=created.id,
                status=task_pb2.TASK_STATUS_INPUT_REQUIRED,
                status_message="which?",
                progress=task_pb2.Progress(current=0.5, total=2),
                expected_revision=1,
            ),
        ).task
        self.assertEqual((updated.revision, updated.progress.total), (2, 2))
        self.assert_swift_sees(url, client.call("GetTask", full).task)

        asked = service.CancelTaskRequest(task_id=created.id, mode=task_pb2.CANCEL_MODE_REQUEST)
        self.assertTrue(client.call("CancelTask", asked).task.cancel_requested)

        pending = client.call("GetResult", service.GetResultRequest(task_id=created.id))
        self.assertFalse(pending.has_result)

        result = task_pb2.Payload(data=b'{"ok":true}')
        done = client.call("CompleteTask", service.CompleteTaskRequest(task_id=created.id, result=result)).task
        self.assertEqual(done.status, task_pb2.TASK_STATUS_COMPLETED)
        outcome = client.call("AwaitResult", service.AwaitResultRequest(task_id=created.id))
        self.assertTrue(outcome.has_result)
        self.assertEqual(outcome.result.content_type, "application/json")
        self.assertEqual(outcome.result.data, b'{"ok":true}')
        self.assert_swift_sees(url, client.call("GetTask", full).task)

        deleted = service.DeleteTaskRequest(task_id=created.id)
        self.assertTrue(client.call("DeleteTask", deleted).deleted)
        self.assertFalse(client.call("DeleteTask", deleted).deleted)
        status = self.assert_refused(5, "TASK_NOT_FOUND", lambda: client.call("GetTask", full))
        self.assertEqual(status.jsonrpc_code, -32602)

    @over_each_transport
    def test_a_worker_holds_its_task(self, url, client):
        task = client.call("CreateTask", service.CreateTaskRequest()).task
        claim = service.ClaimTaskRequest(
            task_id=task.id, worker="w-1", lease_ms=60_000, on_loss=task_pb2.LEASE_LOSS_POLICY_RELEASE
        )
        claimed = client.call("ClaimTask", claim)
        self.assertEqual(claimed.task.lease.worker, "w-1")
        status = self.assert_refused(9, "LEASE_HELD", lambda: client.call("ClaimTask", claim))
        self.assertEqual(status.task, claimed.task)
        self.assert_swift_sees(url, claimed.task)

        result = task_pb2.Payload(data=b"1")
        late = service.CompleteTaskRequest(task_id=task.id, result=result, lease_token=b"not this one")
        self.assert_refused(9, "LEASE_LOST", lambda: client.call("CompleteTask", late))
        renewal = service.RenewLeaseRequest(task_id=task.id, lease_token=claimed.lease_token)
        renewed = client.call("RenewLease", renewal).task
        self.assertGreaterEqual(renewed.lease.expires_at_unix_ms, claimed.task.lease.expires_at_unix_ms)
        self.assertEqual(renewed.revision, claimed.task.revision)
        release = service.ReleaseLeaseRequest(task_id=task.id, lease_token=claimed.lease_token)
        self.assertFalse(client.call("ReleaseLease", release).task.HasField("lease"))

        again = client.call("ClaimTask", claim)
        self.assertNotEqual(again.lease_token, claimed.lease_token)
        self.assert_refused(9, "LEASE_LOST", lambda: client.call("RenewLease", renewal))
        done = service.CompleteTaskRequest(task_id=task.id, result=result, lease_token=again.lease_token)
        self.assertEqual(client.call("CompleteTask", done).task.status, task_pb2.TASK_STATUS_COMPLETED)

    @over_each_transport
    def test_a_task_asks_and_is_answered(self, url, client):
        task = client.call("CreateTask", service.CreateTaskRequest()).task
        question = task_pb2.Payload(content_type="text/plain", data=EVERY_BYTE)
        asked = service.RequestInputRequest(task_id=task.id, key="city", payload=question)
        self.assertEqual(
            client.call("RequestInput", asked).task.status, task_pb2.TASK_STATUS_INPUT_REQUIRED
        )
        self.assert_refused(6, "INPUT_KEY_USED", lambda: client.call("RequestInput", asked))
        full = service.GetTaskRequest(task_id=task.id, view=task_pb2.TASK_VIEW_FULL)
        shown = client.call("GetTask", full).task
        self.assertEqual([(entry.key, entry.payload) for entry in shown.input_requests], [("city", question)])
        self.assert_swift_sees(url, shown)

        news = task_pb2.Payload(data=b"{}")
        client.call(
            "EnqueueMessage",
            service.EnqueueMessageRequest(
                task_id=task.id, kind=task_pb2.MESSAGE_KIND_NOTIFICATION, key="n", payload=news
            ),
        )
        waited = client.call("WaitMessage", service.WaitMessageRequest(task_id=task.id)).message
        self.assertEqual((waited.key, waited.kind), ("city", task_pb2.MESSAGE_KIND_REQUEST))
        taken = client.call("DequeueMessage", service.DequeueMessageRequest(task_id=task.id)).message
        self.assertEqual(taken, waited)
        peeked = client.call("PeekMessage", service.PeekMessageRequest(task_id=task.id)).message
        self.assertEqual((peeked.key, peeked.payload.data), ("n", b"{}"))
        cleared = client.call("ClearMessages", service.ClearMessagesRequest(task_id=task.id)).messages
        self.assertEqual(list(cleared), [peeked])
        empty = client.call("DequeueMessage", service.DequeueMessageRequest(task_id=task.id))
        self.assertFalse(empty.HasField("message"))

        answers = service.ProvideInputRequest(task_id=task.id)
        answers.responses["city"].data = EVERY_BYTE
        answers.responses["nobody asked"].data = b""
        receipt = client.call("ProvideInput", answers)
        self.assertEqual((list(receipt.accepted), receipt.task.status), (["city"], task_pb2.TASK_STATUS_WORKING))
        answer = client.call("AwaitInput", service.AwaitInputRequest(task_id=task.id, key="city"))
        self.assertEqual(answer.response.data, EVERY_BYTE)
        short = service.WaitMessageRequest(task_id=task.id, wait_ms=1)
        self.assert_refused(4, "DEADLINE_EXCEEDED", lambda: client.call("WaitMessage", short))

    @over_each_transport
    def test_a_failed_task_keeps_its_error(self, url, client):
        task = client.call("CreateTask", service.CreateTaskRequest()).task
        self.assertFalse(task.HasField("ttl_ms"))
        error = task_pb2.TaskError(code=-32001, message="no such city", data=b'{"city":"X"}')
        client.call("FailTask", service.FailTaskRequest(task_id=task.id, error=error))
        outcome = client.call("GetResult", service.GetResultRequest(task_id=task.id))
        self.assertEqual(outcome.error, error)
        self.assertEqual(outcome.task.status_message, "no such city")
        self.assert_swift_sees(url, outcome.task)
        status = self.assert_refused(
            9, "TASK_TERMINAL", lambda: client.call("CancelTask", service.CancelTaskRequest(task_id=task.id))
        )
        self.assertEqual(status.message, "Cannot cancel task in terminal state 'failed'")
        self.assertEqual((status.jsonrpc_code, status.task.id), (-32602, task.id))

    @over_each_transport
    def test_a_wait_is_woken_by_another_client(self, url, client):
        task = client.call("CreateTask", service.CreateTaskRequest()).task
        woken = []

        def wait():
            with Client(url) as waiter:
                request = service.WaitTaskRequest(task_id=task.id, after_revision=1, wait_ms=20_000)
                woken.append(waiter.call("WaitTask", request))

        waiting = threading.Thread(target=wait)
        waiting.start()
        update = service.UpdateTaskRequest(task_id=task.id, status_message="now")
        client.call("UpdateTask", update)
        waiting.join(30)
        self.assertTrue(woken[0].changed)
        self.assertEqual(woken[0].task.status_message, "now")

    @over_each_transport
    def test_a_repeat_changes_nothing(self, _, client):
        create = service.CreateTaskRequest(labels={"once": "only"})
        first = client.call("CreateTask", create, request_id=b"0123456789abcdef")
        self.assertEqual(client.call("CreateTask", create, request_id=b"0123456789abcdef"), first)
        client.call("DeleteTask", service.DeleteTaskRequest(task_id=first.task.id))

    @over_each_transport
    def test_pages(self, _, client):
        created = [
            client.call("CreateTask", service.CreateTaskRequest(labels={"page": "yes"})).task.id for _ in range(5)
        ]
        seen, cursor = [], ""
        while True:
            request = service.ListTasksRequest(page_size=2, cursor=cursor, labels={"page": "yes"})
            page = client.call("ListTasks", request)
            seen += [task.id for task in page.tasks]
            cursor = page.next_cursor
            if not cursor:
                break
        self.assertCountEqual(seen, created)
        for task_id in created:
            client.call("DeleteTask", service.DeleteTaskRequest(task_id=task_id))

    @over_each_transport
    def test_a_batch(self, _, client):
        task = client.call("CreateTask", service.CreateTaskRequest()).task
        get = service.GetTaskRequest(task_id=task.id)
        calls = [
            client.make_call("GetTask", get),
            client.make_call("GetTask", service.GetTaskRequest(task_id="nowhere")),
            client.make_call("CancelTask", service.CancelTaskRequest(task_id=task.id), request_id=b"short"),
            client.make_call("WaitTask", service.WaitTaskRequest(task_id=task.id)),
            client.make_call("CancelTask", service.CancelTaskRequest(task_id=task.id)),
        ]
        replies = client.exchange(rpc_pb2.Request(batch=rpc_pb2.Batch(calls=calls))).batch.replies
        self.assertEqual([reply.status.code for reply in replies], [0, 5, 3, 3, 0])
        self.assertIn("request_id", replies[2].status.message)
        cancelled = client.read_reply("CancelTask", replies[4]).task
        self.assertEqual(cancelled.status, task_pb2.TASK_STATUS_CANCELLED)

    @over_each_transport
    def test_bad_bytes_leave_the_connection_usable(self, _, client):
        for data in (b"", b"\xff\xff\xff", b"\x0a\xff", EVERY_BYTE):
            response = rpc_pb2.Response.FromString(client.exchange_bytes(data))
            self.assertEqual(response.reply.status.code, 3, data)
            self.assertTrue(response.reply.status.message)
        body = service.CreateTaskRequest(task_id="NUL").SerializeToString().replace(b"NUL", b"N\0L")
        call = rpc_pb2.Call(method="taskwire.v1.TaskService/CreateTask", body=body, request_id=bytes(16))
        status = client.exchange(rpc_pb2.Request(call=call)).reply.status
        self.assertEqual(status.code, 3)
        self.assertIn("task_id", status.message)
        client.call("Ping", service.PingRequest(), service="ServerService")

    @over_each_transport
    def test_methods_that_are_not_there(self, _, client):
        self.assert_refused(12, "UNKNOWN_METHOD", lambda: client.call("Nope", service.PingRequest()))

    @over_each_transport
    def test_the_server_describes_itself(self, _, client):
        info = client.call("GetServerInfo", service.GetServerInfoRequest(), service="ServerService")
        self.assertEqual(info.storage, "sqlite")
        self.assertEqual(info.limits.max_message_bytes, 4 << 20)
        reply = client.call("GetDescriptors", service.GetDescriptorsRequest(), service="ServerService")
        files = descriptor_pb2.FileDescriptorSet.FromString(reply.file_descriptor_set)
        services = {entry.name: entry for file in files.file for entry in file.service}
        self.assertEqual(set(services), {"TaskService", "ServerService"})
        known = {method.name for method in service.DESCRIPTOR.services_by_name["TaskService"].methods}
        self.assertEqual({method.name for method in services["TaskService"].method}, known)
        stats = client.call("GetStats", service.GetStatsRequest(), service="ServerService")
        self.assertGreater(stats.calls, 0)
        self.assertGreaterEqual(stats.connections, 1)


class WeatherTest(unittest.TestCase):
    """The example of the MCP specification, with three programs on one task."""

    REQUEST = (
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_weather",'
        b'"arguments":{"city":"New York"},"task":{"ttl":60000}}}'
    )
    RESULT = (
        b'{"content":[{"type":"text","text":"Current weather in New York:\\nTemperature: 72\\u00b0F\\n'
        b'Conditions: Partly cloudy"}],"isError":false}'
    )

    def test_python_creates_taskwire_run_works_and_swift_waits(self):
        with support.server() as urls:
            for url in urls:
                with self.subTest(url=url.split(":")[0]), Client(url) as client:
                    self.run_weather(url, client)

    def run_weather(self, url, client):
        payload = task_pb2.Payload(content_type="application/json", data=self.REQUEST)
        task = client.call("CreateTask", service.CreateTaskRequest(request=payload, ttl_ms=60_000)).task
        waiter = subprocess.Popen(
            [f"{support.BUILD}/wait-for-task", url, task.id], stdout=subprocess.PIPE, text=True
        )
        self.assertEqual(waiter.stdout.readline().strip(), f"{task.id} working")

        # The worker gets the request on its standard input; what it prints is the result.
        work = f"grep -q '\"city\":\"New York\"' && printf %s \"$RESULT\""
        worker = support.taskwire(
            url, "run", task.id, "--content-type", "application/json", "--", work,
            RESULT=self.RESULT.decode(),
        )
        self.assertEqual(worker.returncode, 0, worker.stderr)

        output, _ = waiter.communicate(timeout=30)
        self.assertEqual(output.splitlines(), [f"{task.id} completed", self.RESULT.decode()])
        outcome = client.call("AwaitResult", service.AwaitResultRequest(task_id=task.id))
        self.assertEqual(outcome.task.id, task.id)
        self.assertEqual(outcome.task.status, task_pb2.TASK_STATUS_COMPLETED)
        self.assertEqual(outcome.result.data, self.RESULT)
        seen = support.taskwire_json(url, "get", task.id, "--full")
        self.assertEqual(seen["_meta"]["io.taskwire/task"]["result"]["text"], self.RESULT.decode())


if __name__ == "__main__":
    unittest.main()
