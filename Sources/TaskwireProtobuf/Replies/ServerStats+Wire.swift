internal import CTaskwireProtos
package import Taskwire

extension ServerStats: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__get_stats_reply__init)

    init(_ message: Taskwire__V1__GetStatsReply) throws(TaskwireError) {
        self.init()
        uptimeMilliseconds = message.uptime_ms
        tasks = message.tasks
        tombstones = message.tombstones
        waits = message.waits
        connections = message.connections
        calls = message.calls
        errors = message.errors
        methods = try unsafe Method.readAll(message.methods, count: message.n_methods, "methods")
    }

    func write(to message: inout Taskwire__V1__GetStatsReply, in arena: Arena) throws(TaskwireError) {
        message.uptime_ms = uptimeMilliseconds
        message.tasks = tasks
        message.tombstones = tombstones
        message.waits = waits
        message.connections = connections
        message.calls = calls
        message.errors = errors
        unsafe message.methods = try arena.messages(methods, "methods")
        message.n_methods = methods.count
    }
}
