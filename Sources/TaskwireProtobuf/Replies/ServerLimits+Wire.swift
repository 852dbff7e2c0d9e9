internal import CTaskwireProtos
package import Taskwire

extension ServerLimits: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__limits__init)

    init(_ message: Taskwire__V1__Limits) throws(TaskwireError) {
        self.init()
        maxMessageBytes = Int(clamping: message.max_message_bytes)
        maxDecodeBytes = Int(clamping: message.max_decode_bytes)
        tasks.maxTTLMilliseconds = message.max_ttl_ms
        tasks.maxTasksPerOwner = Int(clamping: message.max_tasks_per_owner)
        tasks.maxMessagesPerTask = Int(clamping: message.max_messages_per_task)
        tasks.maxInputRequestsPerTask = Int(clamping: message.max_input_requests_per_task)
        tasks.maxWaitMilliseconds = message.max_wait_ms
        tasks.maxWaits = Int(clamping: message.max_waits)
        maxCallsPerSecondPerOwner = Int(clamping: message.max_calls_per_second_per_owner)
        maxBatchCalls = Int(clamping: message.max_batch_calls)
        maxBatchBytes = Int(clamping: message.max_batch_bytes)
        tasks.maxPageSize = Int(clamping: message.max_page_size)
        tasks.tombstoneMilliseconds = message.tombstone_ms
        tasks.maxTombstones = Int(clamping: message.max_tombstones)
        defaultTimeoutMilliseconds = message.default_timeout_ms
        tasks.maxInteractionBytes = Int(clamping: message.max_interaction_bytes)
        maxCallsInProgress = Int(clamping: message.max_calls_in_progress)
        maxBytesInProgress = Int(clamping: message.max_bytes_in_progress)
        maxConnections = Int(clamping: message.max_connections)
        maxCallsPerConnection = Int(clamping: message.max_calls_per_connection)
        maxUnreadBytesPerConnection = Int(clamping: message.max_unread_bytes_per_connection)
        maxSkippedBytes = Int(clamping: message.max_skipped_bytes)
        greetingTimeoutMilliseconds = message.greeting_timeout_ms
        messageTimeoutMilliseconds = message.message_timeout_ms
        sendTimeoutMilliseconds = message.send_timeout_ms
    }

    func write(to message: inout Taskwire__V1__Limits, in arena: Arena) throws(TaskwireError) {
        message.max_message_bytes = Int64(maxMessageBytes)
        message.max_decode_bytes = Int64(maxDecodeBytes)
        message.max_ttl_ms = tasks.maxTTLMilliseconds
        message.max_tasks_per_owner = Int64(tasks.maxTasksPerOwner)
        message.max_messages_per_task = Int64(tasks.maxMessagesPerTask)
        message.max_input_requests_per_task = Int64(tasks.maxInputRequestsPerTask)
        message.max_wait_ms = tasks.maxWaitMilliseconds
        message.max_waits = Int64(tasks.maxWaits)
        message.max_calls_per_second_per_owner = Int64(maxCallsPerSecondPerOwner)
        message.max_batch_calls = Int64(maxBatchCalls)
        message.max_batch_bytes = Int64(maxBatchBytes)
        message.max_page_size = Int64(tasks.maxPageSize)
        message.tombstone_ms = tasks.tombstoneMilliseconds
        message.max_tombstones = Int64(tasks.maxTombstones)
        message.default_timeout_ms = defaultTimeoutMilliseconds
        message.max_interaction_bytes = Int64(tasks.maxInteractionBytes)
        message.max_calls_in_progress = Int64(maxCallsInProgress)
        message.max_bytes_in_progress = Int64(maxBytesInProgress)
        message.max_connections = Int64(maxConnections)
        message.max_calls_per_connection = Int64(maxCallsPerConnection)
        message.max_unread_bytes_per_connection = Int64(maxUnreadBytesPerConnection)
        message.max_skipped_bytes = Int64(maxSkippedBytes)
        message.greeting_timeout_ms = greetingTimeoutMilliseconds
        message.message_timeout_ms = messageTimeoutMilliseconds
        message.send_timeout_ms = sendTimeoutMilliseconds
    }
}
