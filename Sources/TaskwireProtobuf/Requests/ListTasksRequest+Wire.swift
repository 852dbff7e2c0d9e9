internal import CTaskwireProtos
package import Taskwire

extension ListTasksRequest: MessageReadable, MessageWritable {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__list_tasks_request__init)

    init(_ message: Taskwire__V1__ListTasksRequest) throws(TaskwireError) {
        var statuses: Set<TaskStatus> = []
        let wireStatuses = unsafe UnsafeBufferPointer(start: message.statuses, count: message.n_statuses).span
        for index in wireStatuses.indices {
            statuses.insert(try TaskStatus(wire: wireStatuses[index], "statuses[\(index)]"))
        }
        unsafe self.init(
            pageSize: Int(message.page_size),
            cursor: String(wire: message.cursor),
            statuses: statuses,
            labels: [String: String](wire: message.labels, count: message.n_labels)
        )
    }

    func write(to message: inout Taskwire__V1__ListTasksRequest, in arena: Arena) throws(TaskwireError) {
        message.page_size = Int32(clamping: pageSize)
        unsafe message.cursor = try arena.string(cursor, "cursor")
        unsafe message.statuses = try arena.array(TaskStatus.allCases.filter(statuses.contains).map(\.wire))
        message.n_statuses = statuses.count
        unsafe message.labels = try arena.entries(labels, "labels")
        message.n_labels = labels.count
    }
}
