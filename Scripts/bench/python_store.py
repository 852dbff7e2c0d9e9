"""Lifecycles per second of the MCP Python SDK's InMemoryTaskStore, called in its own process."""

import argparse
import asyncio
import json
import time

from mcp.shared.experimental.tasks.in_memory_task_store import InMemoryTaskStore
from mcp.types import CallToolResult, TaskMetadata, TextContent


async def lifecycle(store, metadata, payload):
    """What `taskwire bench --mix lifecycle` does: create, two updates, complete with a result, read the result."""
    task = await store.create_task(metadata)
    for _ in range(2):
        await store.update_task(task.taskId, status_message=payload)
    await store.store_result(task.taskId, CallToolResult(content=[TextContent(type="text", text=payload)]))
    await store.update_task(task.taskId, status="completed")
    await store.get_result(task.taskId)
    return task.taskId


async def measure(live_count, seconds, warm_up):
    """Runs one lifecycle after the other; nothing in there waits, so more at once would not be faster."""
    store = InMemoryTaskStore()
    metadata = TaskMetadata(ttl=3_600_000)
    payload = "x" * 200
    # Each create looks at all tasks for expired ones; the time of so many would grow with the square of their number.
    store._cleanup_expired = lambda: None
    for _ in range(live_count):
        await store.create_task(metadata)
    del store._cleanup_expired

    async def run(duration):
        count = 0
        start = time.monotonic()
        while time.monotonic() < start + duration:
            # The next one finds as many live tasks as this one did.
            await store.delete_task(await lifecycle(store, metadata, payload))
            count += 1
        return count / (time.monotonic() - start)

    await run(warm_up)
    return await run(seconds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--live", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--warm-up", type=float, default=1)
    options = parser.parse_args()
    rate = asyncio.run(measure(options.live, options.seconds, options.warm_up))
    print(json.dumps({"operationsPerSecond": rate}))


if __name__ == "__main__":
    main()
