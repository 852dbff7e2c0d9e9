"""MCP 2025-11-25: the example server, called by the Python SDK's own client."""

import unittest

from mcp.shared.exceptions import McpError
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    CallToolResult,
    ElicitResult,
    ErrorData,
    ProgressNotification,
)
from mcp_example import RELATED_TASK, SERVER, poll_until, sdk_session

COUNT_FOR_LONG = {"to": 10_000, "milliseconds": 1000}


def related_task(meta):
    """The task that a message's `_meta` names."""
    return meta.model_dump()[RELATED_TASK]["taskId"]


class FirstGenerationTest(unittest.IsolatedAsyncioTestCase):
    async def assert_refused(self, code, call):
        with self.assertRaises(McpError) as caught:
            await call
        self.assertEqual(caught.exception.error.code, code, caught.exception.error)
        return caught.exception.error

    async def test_what_the_server_says_it_can_do(self):
        async with sdk_session() as session:
            result = await session.initialize()
            self.assertEqual(result.protocolVersion, "2025-11-25")
            self.assertEqual(result.serverInfo.model_dump(exclude_none=True), SERVER)
            self.assertEqual(
                result.capabilities.model_dump(exclude_none=True),
                {"tools": {}, "tasks": {"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}}},
            )
            tools = (await session.list_tools()).tools
            self.assertEqual(
                {tool.name: tool.execution.taskSupport for tool in tools},
                {"count": "optional", "greet": "required", "divide": "optional", "order": "optional"},
            )
            await session.send_ping()

    async def test_a_slow_tool_as_a_task(self):
        progress = []

        async def note(message):
            if not isinstance(message, Exception) and isinstance(message.root, ProgressNotification):
                progress.append(message.root.params)

        async with sdk_session(message_handler=note) as session:
            await session.initialize()
            created = await session.experimental.call_tool_as_task(
                "count", {"to": 3, "milliseconds": 1}, ttl=60_000, meta={"progressToken": "count"}
            )
            task = created.task
            self.assertEqual((task.status, task.ttl, task.pollInterval), ("working", 60_000, 200))
            self.assertEqual(
                created.meta,
                {"io.modelcontextprotocol/model-immediate-response": "Counting has begun and takes a while."},
            )
            task = await poll_until(session, created.task.taskId, "completed")
            self.assertEqual(task.statusMessage, "3 of 3")
            # The messages of a task outlive it, until somebody collects them.
            result = await session.experimental.get_task_result(task.taskId, CallToolResult)
            self.assertEqual([block.text for block in result.content], ["Counted to 3."])
            self.assertFalse(result.isError)
            self.assertEqual(result.meta, {RELATED_TASK: {"taskId": task.taskId}})
            self.assertEqual(
                [(each.progressToken, each.progress, each.total) for each in progress],
                [("count", 1, 3), ("count", 2, 3), ("count", 3, 3)],
            )
            self.assertEqual({related_task(each.meta) for each in progress}, {task.taskId})
            # And the result can be had again, and the messages not.
            again = await session.experimental.get_task_result(task.taskId, CallToolResult)
            self.assertEqual((again, len(progress)), (result, 3))

    async def test_waiting_for_the_result_of_a_task_that_goes_on(self):
        async with sdk_session() as session:
            await session.initialize()
            created = await session.experimental.call_tool_as_task("count", {"to": 5, "milliseconds": 20})
            result = await session.experimental.get_task_result(created.task.taskId, CallToolResult)
            self.assertEqual(result.content[0].text, "Counted to 5.")
            task = await session.experimental.get_task(created.task.taskId)
            self.assertEqual(task.status, "completed")

    async def greet(self, answer):
        """Calls the tool that asks, and returns its result."""
        questions = []

        async def ask(_, params):
            questions.append(params)
            return answer

        async with sdk_session(elicitation_callback=ask) as session:
            await session.initialize()
            created = await session.experimental.call_tool_as_task("greet")
            task = await poll_until(session, created.task.taskId, "input_required")
            result = await session.experimental.get_task_result(task.taskId, CallToolResult)
            self.assertEqual((await session.experimental.get_task(task.taskId)).status, "completed")
            self.assertEqual(
                [(question.mode, question.message) for question in questions], [("form", "What is your name?")]
            )
            self.assertEqual(related_task(questions[0].meta), task.taskId)
            self.assertEqual(
                questions[0].requestedSchema,
                {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
            )
            return result.content[0].text

    async def test_a_tool_that_asks_for_input(self):
        answer = ElicitResult(action="accept", content={"name": "Ada"})
        self.assertEqual(await self.greet(answer), "Hello, Ada!")

    async def test_a_tool_whose_question_is_declined(self):
        self.assertEqual(await self.greet(ElicitResult(action="decline")), "Hello, whoever you are!")

    async def test_a_tool_whose_question_cannot_be_asked(self):
        answer = ErrorData(code=INTERNAL_ERROR, message="no")
        self.assertEqual(await self.greet(answer), "Hello, whoever you are!")

    async def test_a_tool_that_asks_needs_a_client_that_can_and_a_task(self):
        async with sdk_session() as session:
            await session.initialize()
            await self.assert_refused(INVALID_PARAMS, session.experimental.call_tool_as_task("greet"))

        async def ask(*_):
            raise AssertionError("nothing was to be asked")

        async with sdk_session(elicitation_callback=ask) as session:
            await session.initialize()
            await self.assert_refused(METHOD_NOT_FOUND, session.call_tool("greet"))

    async def test_a_tool_that_fails(self):
        async with sdk_session() as session:
            await session.initialize()
            created = await session.experimental.call_tool_as_task("order")
            task = await poll_until(session, created.task.taskId, "failed")
            self.assertEqual(task.statusMessage, "The kitchen does not answer.")
            result = session.experimental.get_task_result(task.taskId, CallToolResult)
            error = await self.assert_refused(503, result)
            self.assertEqual(error.message, "The kitchen does not answer.")
            self.assertEqual(error.data, {"retryAfterMs": 60_000})

    async def test_a_tool_that_returns_is_error(self):
        async with sdk_session() as session:
            await session.initialize()
            arguments = {"dividend": 1, "divisor": 0}
            created = await session.experimental.call_tool_as_task("divide", arguments)
            task = await poll_until(session, created.task.taskId, "failed")
            self.assertEqual(task.statusMessage, "Nothing can be divided by zero.")
            result = await session.experimental.get_task_result(task.taskId, CallToolResult)
            self.assertTrue(result.isError)
            self.assertEqual(result.content[0].text, "Nothing can be divided by zero.")
            self.assertEqual(result.meta, {RELATED_TASK: {"taskId": task.taskId}})
            self.assertEqual([task.status for task in (await session.experimental.list_tasks()).tasks], ["failed"])

    async def test_calls_that_are_no_tasks(self):
        async with sdk_session() as session:
            await session.initialize()
            result = await session.call_tool("divide", {"dividend": 3, "divisor": 2})
            self.assertEqual((result.content[0].text, result.isError, result.meta), ("1.5", False, None))
            self.assertTrue((await session.call_tool("divide", {"dividend": "much", "divisor": 2})).isError)
            await self.assert_refused(503, session.call_tool("order"))
            await self.assert_refused(INVALID_PARAMS, session.call_tool("dance"))
            self.assertEqual((await session.experimental.list_tasks()).tasks, [])

    async def test_cancelling(self):
        async with sdk_session() as session:
            await session.initialize()
            tasks = session.experimental
            task_id = (await tasks.call_tool_as_task("count", COUNT_FOR_LONG)).task.taskId
            cancelled = await tasks.cancel_task(task_id)
            self.assertEqual((cancelled.taskId, cancelled.status), (task_id, "cancelled"))
            self.assertEqual(cancelled.statusMessage, "The task was cancelled by request.")
            self.assertEqual((await tasks.get_task(task_id)).status, "cancelled")
            await self.assert_refused(INVALID_PARAMS, tasks.cancel_task(task_id))
            await self.assert_refused(INVALID_PARAMS, tasks.get_task_result(task_id, CallToolResult))

            arguments = {"dividend": 1, "divisor": 2}
            task_id = (await tasks.call_tool_as_task("divide", arguments)).task.taskId
            await poll_until(session, task_id, "completed")
            error = await self.assert_refused(INVALID_PARAMS, tasks.cancel_task(task_id))
            self.assertIn("completed", error.message)

    async def test_tasks_that_nobody_knows(self):
        async with sdk_session() as session:
            await session.initialize()
            tasks = session.experimental
            await self.assert_refused(INVALID_PARAMS, tasks.get_task("none"))
            await self.assert_refused(INVALID_PARAMS, tasks.cancel_task("none"))
            await self.assert_refused(INVALID_PARAMS, tasks.get_task_result("none", CallToolResult))

    async def test_a_list_in_pages(self):
        async with sdk_session() as session:
            await session.initialize()
            tasks = session.experimental
            created = [
                (await tasks.call_tool_as_task("divide", {"dividend": number, "divisor": 1})).task.taskId
                for number in range(51)
            ]
            first = await tasks.list_tasks()
            second = await tasks.list_tasks(first.nextCursor)
            self.assertEqual((len(first.tasks), len(second.tasks), second.nextCursor), (50, 1, None))
            self.assertCountEqual([task.taskId for task in first.tasks + second.tasks], created)
            await self.assert_refused(INVALID_PARAMS, tasks.list_tasks("no cursor"))


if __name__ == "__main__":
    unittest.main()
