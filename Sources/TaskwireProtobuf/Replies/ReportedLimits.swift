internal import CTaskwireProtos
internal import Taskwire

/// The limits in the reply of `GetServerInfo`: those of the server and those of its store.
struct ReportedLimits: Sendable, Hashable {
    var server = ServerLimits()
    var tasks = TaskLimits()
}

extension ReportedLimits: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__limits__init)

    init(_ message: Taskwire__V1__Limits) throws(TaskwireError) {
        server.maxMessageBytes = Int(clamping: message.max_message_bytes)
        server.maxDecodeBytes = Int(clamping: message.max_decode_bytes)
        tasks.maxTTLMilliseconds = message.max_ttl_ms
        tasks.maxTasksPerOwner = Int(clamping: message.max_tasks_per_owner)
        tasks.maxMessagesPerTask = Int(clamping: message.max_messages_per_task)
        tasks.maxInputRequestsPerTask = Int(clamping: message.max_input_requests_per_task)
        tasks.maxWaitMilliseconds = message.max_wait_ms
        tasks.maxWaits = Int(clamping: message.max_waits)
        server.maxCallsPerSecondPerOwner = Int(clamping: message.max_calls_per_second_per_owner)
        server.maxBatchCalls = Int(clamping: message.max_batch_calls)
        server.maxBatchBytes = Int(clamping: message.max_batch_bytes)
        tasks.maxPageSize = Int(clamping: message.max_page_size)
        tasks.tombstoneMilliseconds = message.tombstone_ms
        tasks.deduplicationMilliseconds = message.deduplication_ms
        tasks.maxTombstones = Int(clamping: message.max_tombstones)
        server.defaultTimeoutMilliseconds = message.default_timeout_ms
        tasks.maxInteractionBytes = Int(clamping: message.max_interaction_bytes)
        server.maxCallsInProgress = Int(clamping: message.max_calls_in_progress)
        server.maxBytesInProgress = Int(clamping: message.max_bytes_in_progress)
        server.maxConnections = Int(clamping: message.max_connections)
        server.maxCallsPerConnection = Int(clamping: message.max_calls_per_connection)
        server.maxUnreadBytesPerConnection = Int(clamping: message.max_unread_bytes_per_connection)
        server.maxSkippedBytes = Int(clamping: message.max_skipped_bytes)
        server.greetingTimeoutMilliseconds = message.greeting_timeout_ms
        server.messageTimeoutMilliseconds = message.message_timeout_ms
        server.sendTimeoutMilliseconds = message.send_timeout_ms
    }

    func write(to message: inout Taskwire__V1__Limits, in arena: Arena) throws(TaskwireError) {
        message.max_message_bytes = Int64(server.maxMessageBytes)
        message.max_decode_bytes = Int64(server.maxDecodeBytes)
        message.max_ttl_ms = tasks.maxTTLMilliseconds
        message.max_tasks_per_owner = Int64(tasks.maxTasksPerOwner)
        message.max_messages_per_task = Int64(tasks.maxMessagesPerTask)
        message.max_input_requests_per_task = Int64(tasks.maxInputRequestsPerTask)
        message.max_wait_ms = tasks.maxWaitMilliseconds
        message.max_waits = Int64(tasks.maxWaits)
        message.max_calls_per_second_per_owner = Int64(server.maxCallsPerSecondPerOwner)
        message.max_batch_calls = Int64(server.maxBatchCalls)
        message.max_batch_bytes = Int64(server.maxBatchBytes)
        message.max_page_size = Int64(tasks.maxPageSize)
        message.tombstone_ms = tasks.tombstoneMilliseconds
        message.deduplication_ms = tasks.deduplicationMilliseconds
        message.max_tombstones = Int64(tasks.maxTombstones)
        message.default_timeout_ms = server.defaultTimeoutMilliseconds
        message.max_interaction_bytes = Int64(tasks.maxInteractionBytes)
        message.max_calls_in_progress = Int64(server.maxCallsInProgress)
        message.max_bytes_in_progress = Int64(server.maxBytesInProgress)
        message.max_connections = Int64(server.maxConnections)
        message.max_calls_per_connection = Int64(server.maxCallsPerConnection)
        message.max_unread_bytes_per_connection = Int64(server.maxUnreadBytesPerConnection)
        message.max_skipped_bytes = Int64(server.maxSkippedBytes)
        message.greeting_timeout_ms = server.greetingTimeoutMilliseconds
        message.message_timeout_ms = server.messageTimeoutMilliseconds
        message.send_timeout_ms = server.sendTimeoutMilliseconds
    }
}
