internal import CTaskwireProtos
package import Taskwire

extension TaskProgress: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__progress__init)

    init(_ message: Taskwire__V1__Progress) throws(TaskwireError) {
        self.init(
            current: message.current,
            total: message.total_oneof_case.member(message.total)
        )
    }

    func write(to message: inout Taskwire__V1__Progress, in arena: Arena) throws(TaskwireError) {
        message.current = current
        if let total {
            message.total_oneof_case = TASKWIRE__V1__PROGRESS__TOTAL_ONEOF_TOTAL
            message.total = total
        }
    }
}
