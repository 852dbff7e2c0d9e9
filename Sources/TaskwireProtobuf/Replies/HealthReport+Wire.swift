internal import CTaskwireProtos
package import Taskwire

extension HealthReport: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__check_health_reply__init)

    init(_ message: Taskwire__V1__CheckHealthReply) throws(TaskwireError) {
        unsafe self.init(
            isReady: message.ready != 0,
            checks: try HealthCheck.readAll(message.checks, count: message.n_checks, "checks")
        )
    }

    func write(to message: inout Taskwire__V1__CheckHealthReply, in arena: Arena) throws(TaskwireError) {
        message.ready = isReady ? 1 : 0
        unsafe message.checks = try arena.messages(checks, "checks")
        message.n_checks = checks.count
    }
}

extension HealthCheck: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__health_check__init)

    init(_ message: Taskwire__V1__HealthCheck) throws(TaskwireError) {
        unsafe self.init(
            name: String(wire: message.name),
            isOK: message.ok != 0,
            message: String(wire: message.message)
        )
    }

    func write(to message: inout Taskwire__V1__HealthCheck, in arena: Arena) throws(TaskwireError) {
        unsafe message.name = try arena.string(name, "name")
        message.ok = isOK ? 1 : 0
        unsafe message.message = try arena.string(self.message, "message")
    }
}
