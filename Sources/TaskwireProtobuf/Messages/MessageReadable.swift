internal import Taskwire

/// A value that is read from a generated struct; that makes it ``WireDecodable``.
protocol MessageReadable: WireDecodable {
    /// The generated C struct.
    associatedtype Generated
    /// Describes `Generated`.
    static var descriptor: MessageDescriptor<Generated> { get }
    /// Reads a struct that was unpacked from checked bytes.
    init(_ message: Generated) throws(TaskwireError)
}

extension MessageReadable {
    /// Checks the bytes by the schema, unpacks them and reads the struct.
    /// - Throws: INVALID_ARGUMENT / MALFORMED_MESSAGE, INVALID_FIELD or TOO_LARGE.
    package init(wire bytes: UnsafeRawBufferPointer, arena: Arena) throws(TaskwireError) {
        try unsafe Self.descriptor.check(bytes)
        try unsafe self.init(arena.unpack(bytes, as: Self.descriptor).pointee)
    }

    /// Reads an optional submessage.
    static func read(
        _ message: UnsafeMutablePointer<Generated>?,
        _ field: String
    ) throws(TaskwireError) -> Self? {
        guard let message = unsafe message else { return nil }
        do {
            return try unsafe Self(message.pointee)
        } catch {
            throw error.inside(field)
        }
    }

    /// Reads a submessage that must be there.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD where it is not.
    static func readRequired(
        _ message: UnsafeMutablePointer<Generated>?,
        _ field: String
    ) throws(TaskwireError) -> Self {
        guard let value = try unsafe read(message, field) else { throw .invalidField(field, "required") }
        return value
    }

    /// Reads a repeated field of submessages.
    static func readAll(
        _ messages: UnsafeMutablePointer<UnsafeMutablePointer<Generated>?>?,
        count: Int,
        _ field: String
    ) throws(TaskwireError) -> [Self] {
        var values: [Self] = []
        values.reserveCapacity(count)
        let messages = unsafe UnsafeBufferPointer(start: messages, count: count)
        for index in messages.indices {
            guard let message = unsafe messages[index] else { continue }
            do {
                unsafe values.append(try Self(message.pointee))
            } catch {
                throw error.inside("\(field)[\(index)]")
            }
        }
        return values
    }
}
