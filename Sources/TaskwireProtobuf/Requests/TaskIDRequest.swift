internal import CTaskwireProtos
internal import Taskwire

/// A request that names a task and nothing else.
protocol TaskIDRequest: MessageReadable, MessageWritable where Generated: TaskIDMessage {
    /// Which task.
    var taskID: String { get }
    /// A request about one task.
    init(taskID: String)
}

/// The generated struct of such a request.
protocol TaskIDMessage {
    /// Which task.
    var task_id: UnsafeMutablePointer<CChar>! { get set }
}

extension TaskIDRequest {
    init(_ message: Generated) throws(TaskwireError) {
        unsafe self.init(taskID: String(wire: message.task_id))
    }

    func write(to message: inout Generated, in arena: Arena) throws(TaskwireError) {
        unsafe message.task_id = try arena.string(taskID, "task_id")
    }
}
