internal import CTaskwireProtos
package import Taskwire

extension TaskError: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__task_error__init)

    init(_ message: Taskwire__V1__TaskError) throws(TaskwireError) {
        unsafe self.init(
            code: message.code,
            message: String(wire: message.message),
            data: message.data_oneof_case.member([UInt8](wire: message.data))
        )
    }

    func write(to message: inout Taskwire__V1__TaskError, in arena: Arena) throws(TaskwireError) {
        message.code = code
        unsafe message.message = try arena.string(self.message, "message")
        if let data {
            message.data_oneof_case = TASKWIRE__V1__TASK_ERROR__DATA_ONEOF_DATA
            message.data = try arena.bytes(data)
        }
    }
}
