internal import CTaskwireProtos
package import Taskwire

extension WaitTaskRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__wait_task_request__init)

    init(_ message: Taskwire__V1__WaitTaskRequest) throws(TaskwireError) {
        unsafe self.init(
            taskID: String(wire: message.task_id),
            afterRevision: message.after_revision,
            view: TaskView(wire: message.view)
        )
        waitMilliseconds = message.wait_ms
    }

    func write(to message: inout Taskwire__V1__WaitTaskRequest, in arena: Arena) throws(TaskwireError) {
        unsafe message.task_id = try arena.string(taskID, "task_id")
        message.after_revision = afterRevision
        message.wait_ms = waitMilliseconds
        message.view = view.wire
    }
}
