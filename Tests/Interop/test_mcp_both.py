"""Both generations of MCP on the same tasks: two example servers, one Taskwire server."""

import asyncio
import signal
import unittest

import support
from mcp.types import CallToolResult, ElicitResult
from mcp_example import RELATED_TASK, Lines, poll_until, sdk_session

COUNT_FOR_LONG = {"to": 10_000, "milliseconds": 1000}
ANSWER = {"action": "accept", "content": {"name": "Ada"}}


def is_question(message):
    """Whether the server asks something."""
    return message.get("method") == "elicitation/create"


class BothGenerationsTest(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.running = support.server()
        cls.url = cls.running.__enter__()[0]

    @classmethod
    def tearDownClass(cls):
        cls.running.__exit__(None, None, None)

    def first(self, **capabilities):
        """Another server with a client of the first generation."""
        client = self.lines()
        client.initialize(**capabilities)
        return client

    def lines(self):
        """Another server."""
        client = Lines(self.url)
        self.addCleanup(client.__exit__)
        return client

    async def test_the_second_answers_what_a_task_of_the_first_asks(self):
        async def ask(*_):
            # Somebody else is quicker.
            await asyncio.Event().wait()

        second = self.lines()
        async with sdk_session(self.url, elicitation_callback=ask) as session:
            await session.initialize()
            task_id = (await session.experimental.call_tool_as_task("greet", ttl=60_000)).task.taskId
            task = await asyncio.to_thread(second.poll, task_id, "input_required")
            self.assertEqual(task["ttlMs"], 60_000)
            self.assertEqual(task["inputRequests"]["name"]["params"]["message"], "What is your name?")
            second.modern("tasks/update", {"taskId": task_id, "inputResponses": {"name": ANSWER}})
            await poll_until(session, task_id, "completed")
            result = await session.experimental.get_task_result(task_id, CallToolResult)
            self.assertEqual(result.content[0].text, "Hello, Ada!")
            seen = second.modern("tasks/get", {"taskId": task_id})["result"]
            self.assertEqual(seen["content"], [{"type": "text", "text": "Hello, Ada!"}])

    async def test_the_first_answers_what_a_task_of_the_second_asks(self):
        async def ask(*_):
            return ElicitResult(action="accept", content={"name": "Ada"})

        second = self.lines()
        task_id = second.call("greet")
        async with sdk_session(self.url, elicitation_callback=ask) as session:
            await session.initialize()
            result = await session.experimental.get_task_result(task_id, CallToolResult)
            self.assertEqual(result.content[0].text, "Hello, Ada!")
        self.assertEqual(second.poll(task_id, "completed")["result"]["content"][0]["text"], "Hello, Ada!")

    def test_the_same_end_in_the_words_of_each(self):
        first, second = self.first(), self.lines()
        expected = {"divide": ("failed", "completed"), "order": ("failed", "failed")}
        for name, (status_in_first, status_in_second) in expected.items():
            params = {"name": name, "arguments": {"dividend": 1, "divisor": 0}}
            of_first = first.request("tools/call", params | {"task": {}})["task"]["taskId"]
            for task_id in (of_first, second.call(name, params["arguments"])):
                self.assertEqual(second.poll(task_id, "completed", "failed")["status"], status_in_second)
                self.assertEqual(first.request("tasks/get", {"taskId": task_id})["status"], status_in_first)
                self.assertEqual(self.listed(first)[task_id], status_in_first)

    def test_each_cancels_what_the_other_began(self):
        first, second = self.first(), self.lines()
        params = {"name": "count", "arguments": COUNT_FOR_LONG}
        of_first = first.request("tools/call", params | {"task": {}})["task"]["taskId"]
        of_second = second.call("count", COUNT_FOR_LONG)
        # The worker is the other process: it is asked to stop, and it does.
        second.modern("tasks/cancel", {"taskId": of_first})
        second.poll(of_first, "cancelled")
        self.assertEqual(first.request("tasks/get", {"taskId": of_first})["status"], "cancelled")
        self.assertEqual(first.request("tasks/cancel", {"taskId": of_second})["status"], "cancelled")
        self.assertEqual(second.poll(of_second, "cancelled")["status"], "cancelled")
        second.modern("tasks/cancel", {"taskId": of_second})

    def test_a_question_outlives_the_client_that_was_asked(self):
        worker = self.lines()
        task_id = worker.call("greet")
        for _ in range(2):
            client = self.first(elicitation={})
            client.begin("tasks/result", {"taskId": task_id})
            client.receive(is_question)
            self.assertEqual(client.end(), 0)
        self.assertEqual(set(worker.poll(task_id, "input_required")["inputRequests"]), {"name"})

        client = self.first(elicitation={})
        waits = [client.begin("tasks/result", {"taskId": task_id}) for _ in range(2)]
        question = client.receive(is_question)
        self.assertEqual(question["params"]["_meta"], {RELATED_TASK: {"taskId": task_id}})
        client.send({"id": question["id"], "result": ANSWER | {"_meta": question["params"]["_meta"]}})
        for wait in waits:
            self.assertEqual(client.finish(wait)["content"], [{"type": "text", "text": "Hello, Ada!"}])
        # One client is asked once, however many of its requests wait.
        self.assertEqual(client.unclaimed, [])

    def test_what_others_queue_that_is_no_message_of_mcp_is_left_out(self):
        task_id = support.taskwire_json(self.url, "create")["taskId"]
        garbage = [["not JSON"], ["[1]", "--kind", "request", "--key", "k"], ['{"method":7}']]
        for message in garbage:
            support.taskwire_json(self.url, "messages", "enqueue", task_id, *message)
        client, other = self.first(elicitation={}), self.lines()
        wait = client.begin("tasks/result", {"taskId": task_id})
        # Its questions are there, but are none of MCP's.
        self.assertEqual(other.poll(task_id, "input_required")["inputRequests"], {})
        support.taskwire_json(self.url, "complete", task_id, "--data", '{"content":[]}')
        self.assertEqual(client.finish(wait)["content"], [])
        self.assertEqual(client.unclaimed, [])

    def test_a_client_that_cannot_ask_waits_for_one_that_can(self):
        worker, other = self.lines(), self.first()
        task_id = worker.call("greet")
        worker.poll(task_id, "input_required")
        wait = other.begin("tasks/result", {"taskId": task_id})
        worker.modern("tasks/update", {"taskId": task_id, "inputResponses": {"name": ANSWER}})
        self.assertEqual(other.finish(wait)["content"][0]["text"], "Hello, Ada!")
        self.assertEqual(other.unclaimed, [])

    def test_tasks_do_not_outlive_the_server_that_works_on_them(self):
        for ending in (None, signal.SIGTERM):
            worker, other = self.first(elicitation={}), self.lines()
            params = {"name": "count", "arguments": COUNT_FOR_LONG, "task": {}}
            slow = worker.request("tools/call", params)["task"]["taskId"]
            asking = other.call("greet")
            other.poll(asking, "input_required")
            worker.begin("tasks/result", {"taskId": asking})
            worker.receive(is_question)
            self.assertEqual(worker.end(ending), 0)
            task = other.poll(slow, "failed")
            message = "The server ended before the tool did"
            self.assertEqual(task["error"], {"code": -32603, "message": message})
            # That of the other server goes on.
            other.poll(asking, "input_required")

    def listed(self, client):
        """The status of every task, through all pages."""
        tasks, cursor = {}, {}
        while cursor is not None:
            page = client.request("tasks/list", cursor)
            tasks |= {task["taskId"]: task["status"] for task in page["tasks"]}
            cursor = {"cursor": page["nextCursor"]} if "nextCursor" in page else None
        return tasks


if __name__ == "__main__":
    unittest.main()
