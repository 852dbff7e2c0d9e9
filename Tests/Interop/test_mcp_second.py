"""MCP 2026-07-28 with the tasks extension, SEP-2663, line by line; and what both generations have in common."""

import unittest

from mcp_example import CAPABILITIES_KEY, FORMS, TASKS, VERSION_KEY, Lines, RPCFailed, without_times

COUNT_FOR_LONG = {"to": 10_000, "milliseconds": 1000}
QUESTION = {
    "method": "elicitation/create",
    "params": {
        "mode": "form",
        "message": "What is your name?",
        "requestedSchema": {
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "required": ["name"],
        },
    },
}
ACK = {"resultType": "complete"}


def tool_result(text, is_error=False):
    """A `CallToolResult` with one text."""
    return {"resultType": "complete", "content": [{"type": "text", "text": text}], "isError": is_error}


def missing(capabilities):
    """The error of a request that came without these capabilities."""
    data = {"requiredCapabilities": capabilities}
    return {"code": -32021, "message": "Missing required client capability", "data": data}


class LinesTest(unittest.TestCase):
    def setUp(self):
        self.server = Lines()
        self.addCleanup(self.server.__exit__)

    def assert_refused(self, error, call):
        """The call is refused with exactly this error, or with this code."""
        with self.assertRaises(RPCFailed) as caught:
            call()
        self.assertEqual(caught.exception.code if isinstance(error, int) else caught.exception.error, error)


class SecondGenerationTest(LinesTest):
    def task(self, task_id, status, **more):
        """The JSON of a task in `tasks/get`, less its times."""
        task = {"taskId": task_id, "status": status, "ttlMs": 3_600_000, "pollIntervalMs": 200}
        return {"resultType": "complete", **task, **more}

    def test_discovery(self):
        self.assertEqual(
            self.server.modern("server/discover", capabilities={}),
            {
                "resultType": "complete",
                "supportedVersions": ["2026-07-28", "2025-11-25"],
                "capabilities": {"tools": {}, **TASKS},
                "ttlMs": 3_600_000,
                "cacheScope": "public",
            },
        )
        tools = self.server.modern("tools/list", capabilities={})
        self.assertEqual(set(tools), {"resultType", "tools", "ttlMs", "cacheScope"})
        self.assertEqual([tool["name"] for tool in tools["tools"]], ["count", "greet", "divide", "order"])
        for tool in tools["tools"]:
            self.assertEqual(set(tool), {"name", "description", "inputSchema"})

    def test_a_task_that_works_and_is_cancelled(self):
        created = self.server.modern("tools/call", {"name": "count", "arguments": COUNT_FOR_LONG})
        task_id = created["taskId"]
        self.assertEqual(without_times(created), self.task(task_id, "working", resultType="task"))
        self.assertEqual(without_times(self.server.poll(task_id, "working")), self.task(task_id, "working"))
        for _ in range(2):
            self.assertEqual(self.server.modern("tasks/cancel", {"taskId": task_id}), ACK)
        self.assertEqual(without_times(self.server.poll(task_id, "cancelled")), self.task(task_id, "cancelled"))
        self.assertEqual(self.server.modern("tasks/cancel", {"taskId": task_id}), ACK)

    def test_a_task_that_needs_input(self):
        task_id = self.server.call("greet")
        required = self.task(task_id, "input_required", inputRequests={"name": QUESTION})
        self.assertEqual(without_times(self.server.poll(task_id, "input_required")), required)
        answer = {"action": "accept", "content": {"name": "Ada"}}
        update = {"taskId": task_id, "inputResponses": {"other": answer}}
        self.assertEqual(self.server.modern("tasks/update", update), ACK)
        self.assertEqual(without_times(self.server.modern("tasks/get", {"taskId": task_id})), required)
        # Who cannot ask must not be shown the question.
        self.assert_refused(
            missing(FORMS), lambda: self.server.modern("tasks/get", {"taskId": task_id}, TASKS)
        )
        for _ in range(2):
            # The second time the task has ended, perhaps, and the answer counts for nothing in any case.
            update = {"taskId": task_id, "inputResponses": {"name": answer}}
            self.assertEqual(self.server.modern("tasks/update", update), ACK)
            self.assertEqual(
                without_times(self.server.poll(task_id, "completed")),
                self.task(task_id, "completed", result=tool_result("Hello, Ada!")),
            )
        self.assertEqual(self.server.modern("tasks/cancel", {"taskId": task_id}), ACK)
        self.assertEqual(self.server.poll(task_id, "completed")["result"], tool_result("Hello, Ada!"))

    def test_a_task_that_needs_input_and_is_cancelled(self):
        task_id = self.server.call("greet")
        self.server.poll(task_id, "input_required")
        self.assertEqual(self.server.modern("tasks/cancel", {"taskId": task_id}), ACK)
        self.assertEqual(without_times(self.server.poll(task_id, "cancelled")), self.task(task_id, "cancelled"))

    def test_a_task_whose_tool_returns_is_error_has_completed(self):
        task_id = self.server.call("divide", {"dividend": 1, "divisor": 0})
        text = "Nothing can be divided by zero."
        self.assertEqual(
            without_times(self.server.poll(task_id, "completed", "failed")),
            self.task(task_id, "completed", statusMessage=text, result=tool_result(text, is_error=True)),
        )

    def test_a_task_that_fails(self):
        task_id = self.server.call("order")
        text = "The kitchen does not answer."
        error = {"code": 503, "message": text, "data": {"retryAfterMs": 60_000}}
        self.assertEqual(
            without_times(self.server.poll(task_id, "completed", "failed")),
            self.task(task_id, "failed", statusMessage=text, error=error),
        )

    def test_a_task_tells_how_far_it_is(self):
        task_id = self.server.call("count", {"to": 2, "milliseconds": 1})
        self.assertEqual(
            without_times(self.server.poll(task_id, "completed")),
            self.task(task_id, "completed", statusMessage="2 of 2", result=tool_result("Counted to 2.")),
        )

    def test_calls_of_clients_without_tasks(self):
        divide = {"name": "divide", "arguments": {"dividend": 3, "divisor": 2}}
        self.assertEqual(self.server.modern("tools/call", divide, {}), tool_result("1.5"))
        # The first generation's way to ask for a task means nothing here.
        self.assertEqual(self.server.modern("tools/call", divide | {"task": {"ttl": 1}}, {}), tool_result("1.5"))
        self.assert_refused(503, lambda: self.server.modern("tools/call", {"name": "order"}, {}))
        self.assert_refused(-32602, lambda: self.server.modern("tools/call", {"name": "dance"}, {}))
        wrong = {"name": "divide", "arguments": 1}
        self.assert_refused(-32602, lambda: self.server.modern("tools/call", wrong, {}))

    def test_missing_capabilities(self):
        task_id = self.server.call("count", COUNT_FOR_LONG)
        legacy = {"tasks": {"list": {}, "cancel": {}}, **FORMS}
        for method in ("tasks/get", "tasks/update", "tasks/cancel"):
            params = {"taskId": task_id, "inputResponses": {}}
            self.assert_refused(missing(TASKS), lambda: self.server.modern(method, params, legacy))
        self.assert_refused(missing(TASKS), lambda: self.server.modern("tools/call", {"name": "greet"}, FORMS))
        self.assert_refused(missing(FORMS), lambda: self.server.modern("tools/call", {"name": "greet"}, TASKS))
        by_link = TASKS | {"elicitation": {"url": {}}}
        self.assert_refused(missing(FORMS), lambda: self.server.modern("tools/call", {"name": "greet"}, by_link))
        self.assertEqual(self.server.poll(task_id, "working")["status"], "working")

    def test_methods_of_the_first_generation_are_gone(self):
        task_id = self.server.call("divide", {"dividend": 1, "divisor": 2})
        for method in ("tasks/list", "tasks/result", "ping", "initialize"):
            self.assert_refused(-32601, lambda: self.server.modern(method, {"taskId": task_id}))

    def test_tasks_that_nobody_knows(self):
        for method in ("tasks/get", "tasks/update", "tasks/cancel"):
            for task_id in ("none", 1, None):
                params = {"taskId": task_id, "inputResponses": {}}
                self.assert_refused(-32602, lambda: self.server.modern(method, params))
        self.assert_refused(-32602, lambda: self.server.modern("tasks/update", {"taskId": "none"}))

    def test_versions(self):
        def discover(meta):
            return lambda: self.server.request("server/discover", {"_meta": meta})

        self.assert_refused(
            {
                "code": -32022,
                "message": "Unsupported protocol version",
                "data": {"supported": ["2026-07-28", "2025-11-25"], "requested": "1900-01-01"},
            },
            discover({VERSION_KEY: "1900-01-01", CAPABILITIES_KEY: {}}),
        )
        self.assert_refused(-32602, discover({VERSION_KEY: "2026-07-28"}))
        self.assert_refused(-32602, discover({CAPABILITIES_KEY: {}}))
        self.assert_refused(-32602, discover({}))


class TransportTest(LinesTest):
    def test_both_generations_on_one_connection(self):
        self.assert_refused(-32602, lambda: self.server.request("tools/list"))
        self.assertEqual(self.server.request("ping"), {})
        self.assertEqual(self.server.initialize()["protocolVersion"], "2025-11-25")
        task_id = self.server.call("divide", {"dividend": 1, "divisor": 0})
        self.assertEqual(self.server.poll(task_id, "completed")["status"], "completed")
        self.assertEqual(self.server.request("tasks/get", {"taskId": task_id})["status"], "failed")
        self.assert_refused(-32601, lambda: self.server.request("tasks/update", {"taskId": task_id}))
        self.assert_refused(-32601, lambda: self.server.request("server/discover"))

    def test_the_json_of_a_task_in_the_first_generation(self):
        self.server.initialize()
        params = {"name": "divide", "arguments": {"dividend": 1, "divisor": 2}, "task": {}}
        created = self.server.request("tools/call", params)
        self.assertEqual(set(created), {"task"})
        task_id = created["task"]["taskId"]
        task = {"taskId": task_id, "status": "working", "ttl": 3_600_000, "pollInterval": 200}
        self.assertEqual(without_times(created["task"]), task)
        self.server.request("tasks/result", {"taskId": task_id})
        task["status"] = "completed"
        self.assertEqual(without_times(self.server.request("tasks/get", {"taskId": task_id})), task)
        listed = self.server.request("tasks/list", {})
        self.assertEqual((set(listed), [without_times(each) for each in listed["tasks"]]), ({"tasks"}, [task]))
        for wrong in (1, {"ttl": 0}, {"ttl": -1}, {"ttl": "long"}):
            self.assert_refused(-32602, lambda: self.server.request("tools/call", params | {"task": wrong}))

    def test_lines_that_are_no_requests(self):
        for line, code in (
            (b"{", -32700),
            (b"\xff\xfe", -32700),
            (b'{"jsonrpc":"2.0","id":1,"method":"ping"' + b"[" * 10_000, -32700),
            (b"1", -32600),
            (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600),
            (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600),
            (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600),
            (b'"' + b"x" * (4 << 20) + b'"', -32600),
        ):
            self.server.write(line)
            response = self.server.receive()
            self.assertEqual((set(response), response["error"]["code"]), ({"error"}, code), line[:50])
        for line in (
            b'{"id":"a","method":"ping"}',
            b'{"jsonrpc":"1.0","id":"a","method":"ping"}',
            b'{"jsonrpc":"2.0","id":"a"}',
            b'{"jsonrpc":"2.0","id":"a","method":1}',
            b'{"jsonrpc":"2.0","id":"a","method":"ping","params":[1]}',
        ):
            self.server.write(line)
            response = self.server.receive()
            self.assertEqual((response["id"], response["error"]["code"]), ("a", -32600), line)
        # Nothing is said to what expects no answer.
        self.server.write(b"")
        self.server.write(b'{"jsonrpc":"2.0","method":"notifications/unknown"}')
        self.server.write(b'{"jsonrpc":"2.0","id":77,"result":{}}')
        self.server.write(b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"none"}}\r')
        self.assertEqual(self.server.request("ping"), {})
        self.assertEqual(self.server.unclaimed, [])

    def test_requests_are_answered_as_they_are_done(self):
        self.server.initialize()
        slow = self.server.begin("tools/call", {"name": "count", "arguments": COUNT_FOR_LONG})
        fast = {
            self.server.begin(
                "tools/call", {"name": "divide", "arguments": {"dividend": number, "divisor": 1}}
            ): number
            for number in range(200)
        }
        for request_id, number in reversed(fast.items()):
            self.assertEqual(self.server.finish(request_id)["content"][0]["text"], f"{number}.0")
        self.server.send({"id": slow, "method": "ping"})
        again = self.server.receive()
        self.assertEqual((again["id"], again["error"]["code"]), (slow, -32600))
        self.server.send({"method": "notifications/cancelled", "params": {"requestId": slow}})
        self.server.request("ping")
        self.assertEqual(self.server.unclaimed, [])

    def test_a_cancelled_call_leaves_no_task_and_a_cancelled_wait_leaves_the_task(self):
        self.server.initialize()
        params = {"name": "count", "arguments": COUNT_FOR_LONG}
        task_id = self.server.request("tools/call", params | {"task": {}})["task"]["taskId"]
        call = self.server.begin("tools/call", params)
        wait = self.server.begin("tasks/result", {"taskId": task_id})
        while len(tasks := self.server.request("tasks/list")["tasks"]) != 2:
            self.assertEqual([task["taskId"] for task in tasks], [task_id])
        for request_id in (call, wait):
            self.server.send({"method": "notifications/cancelled", "params": {"requestId": request_id}})
        while len(tasks := self.server.request("tasks/list")["tasks"]) == 2:
            pass
        self.assertEqual([(task["taskId"], task["status"]) for task in tasks], [(task_id, "working")])
        self.assertEqual(self.server.unclaimed, [])


if __name__ == "__main__":
    unittest.main()
