internal import CTaskwireProtos
package import Taskwire

extension ServerInfo: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__get_server_info_reply__init)

    init(_ message: Taskwire__V1__GetServerInfoReply) throws(TaskwireError) {
        let limits = try unsafe ReportedLimits.readRequired(message.limits, "limits")
        unsafe self.init(
            version: String(wire: message.version),
            storage: String(wire: message.storage),
            features: [String](wire: message.features, count: message.n_features),
            limits: limits.server,
            taskLimits: limits.tasks
        )
    }

    func write(to message: inout Taskwire__V1__GetServerInfoReply, in arena: Arena) throws(TaskwireError) {
        unsafe message.version = try arena.string(version, "version")
        unsafe message.storage = try arena.string(storage, "storage")
        unsafe message.features = try arena.strings(features, "features")
        message.n_features = features.count
        unsafe message.limits = try arena.message(ReportedLimits(server: limits, tasks: taskLimits), "limits")
    }
}
