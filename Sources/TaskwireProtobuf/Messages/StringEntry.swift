internal import CTaskwireProtos

/// One entry of a `map<string, string>`: protoc-c makes a struct of its own for every such field.
protocol StringEntry {
    /// The key.
    var key: UnsafeMutablePointer<CChar>! { get set }
    /// What it stands for.
    var value: UnsafeMutablePointer<CChar>! { get set }
    /// Describes the entry.
    static var descriptor: MessageDescriptor<Self> { get }
}

extension Taskwire__V1__TaskState__LabelsEntry: StringEntry {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__task_state__labels_entry__init)
}

extension Taskwire__V1__CreateTaskRequest__LabelsEntry: StringEntry {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__create_task_request__labels_entry__init)
}

extension Taskwire__V1__ListTasksRequest__LabelsEntry: StringEntry {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__list_tasks_request__labels_entry__init)
}

extension Taskwire__V1__Call__MetadataEntry: StringEntry {
    static let descriptor = unsafe MessageDescriptor(taskwire__v1__call__metadata_entry__init)
}
