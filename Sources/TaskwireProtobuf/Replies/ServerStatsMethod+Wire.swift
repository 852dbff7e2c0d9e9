internal import CTaskwireProtos
package import Taskwire

extension ServerStats.Method: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__method_stats__init)

    init(_ message: Taskwire__V1__MethodStats) throws(TaskwireError) {
        unsafe self.init(name: String(wire: message.method))
        calls = message.calls
        errors = message.errors
        p50Microseconds = message.p50_us
        p90Microseconds = message.p90_us
        p99Microseconds = message.p99_us
        p999Microseconds = message.p999_us
        maxMicroseconds = message.max_us
    }

    func write(to message: inout Taskwire__V1__MethodStats, in arena: Arena) throws(TaskwireError) {
        unsafe message.method = try arena.string(name, "method")
        message.calls = calls
        message.errors = errors
        message.p50_us = p50Microseconds
        message.p90_us = p90Microseconds
        message.p99_us = p99Microseconds
        message.p999_us = p999Microseconds
        message.max_us = maxMicroseconds
    }
}
