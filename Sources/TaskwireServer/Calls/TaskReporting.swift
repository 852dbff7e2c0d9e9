internal import Taskwire
internal import TaskwireProtobuf

/// A reply with a task, of which parts can be left out where they have no room in a message.
protocol TaskReporting: WireEncodable {
    var task: TaskState { get set }
}

extension TaskReply: TaskReporting {}
extension TaskOutcome: TaskReporting {}
extension TaskChange: TaskReporting {}
extension TaskClaim: TaskReporting {}
extension MessageDelivery: TaskReporting {}
extension ClearedMessages: TaskReporting {}
extension InputReceipt: TaskReporting {}
extension InputAnswer: TaskReporting {}

extension TaskReporting {
    /// Leaves out one part of the task after the other until the reply has room.
    /// - Parameter tryOut: Called with each smaller reply; says whether it has room.
    func omitParts(until tryOut: (Self) -> Bool) {
        var reply = self
        for field in task.omissibleFields {
            reply.task.omit(field)
            if tryOut(reply) { return }
        }
    }
}
