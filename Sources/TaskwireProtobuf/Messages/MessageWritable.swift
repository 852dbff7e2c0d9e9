internal import Taskwire

/// A value that fills a generated struct; that makes it ``WireEncodable``.
protocol MessageWritable: WireEncodable {
    /// The generated C struct.
    associatedtype Generated
    /// Describes `Generated`.
    static var descriptor: MessageDescriptor<Generated> { get }
    /// Fills a struct whose fields are all at their defaults.
    func write(to message: inout Generated, in arena: Arena) throws(TaskwireError)
}

extension MessageWritable {
    /// Fills a struct in the arena.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD where a string contains a NUL byte, RESOURCE_EXHAUSTED /
    ///   TOO_LARGE past the arena's limit.
    package func prepared(in arena: Arena) throws(TaskwireError) -> PreparedMessage {
        unsafe PreparedMessage(try arena.message(self))
    }
}
