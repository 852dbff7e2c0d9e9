internal import CTaskwireProtos
internal import Glibc
internal import Taskwire

/// What a generated struct is filled with: copies in the arena, so that nothing points into a Swift value.
extension Arena {
    /// A C string.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD where a NUL byte in `value` would cut it short.
    func string(_ value: String, _ field: String) throws(TaskwireError) -> UnsafeMutablePointer<CChar> {
        var value = value
        let byteCount = value.utf8.count
        let copy = try allocate(byteCount + 1)
        value.withUTF8 { utf8 in
            UnsafeMutableRawBufferPointer(start: copy, count: byteCount).copyBytes(from: utf8)
        }
        guard memchr(copy, 0, byteCount) == nil else {
            throw .invalidField(field, "contains a NUL byte")
        }
        copy.storeBytes(of: 0, toByteOffset: byteCount, as: UInt8.self)
        return copy.assumingMemoryBound(to: CChar.self)
    }

    /// A `bytes` field.
    func bytes(_ value: [UInt8]) throws(TaskwireError) -> ProtobufCBinaryData {
        ProtobufCBinaryData(len: value.count, data: try array(value))
    }

    /// A repeated field of numbers.
    func array<Element: BitwiseCopyable>(
        _ values: [Element]
    ) throws(TaskwireError) -> UnsafeMutablePointer<Element> {
        let copy = try allocate(values.count * MemoryLayout<Element>.stride)
        let elements = copy.bindMemory(to: Element.self, capacity: values.count)
        let list = UnsafeMutableBufferPointer(start: elements, count: values.count)
        _ = list.initialize(fromContentsOf: values)
        return elements
    }

    /// A generated struct with every field at its default.
    func blank<Generated>(
        _ descriptor: MessageDescriptor<Generated>
    ) throws(TaskwireError) -> UnsafeMutablePointer<Generated> {
        let message = try allocate(MemoryLayout<Generated>.size).assumingMemoryBound(to: Generated.self)
        descriptor.initialize(message)
        return message
    }

    /// The generated struct of `value`.
    func message<Value: MessageWritable>(
        _ value: Value
    ) throws(TaskwireError) -> UnsafeMutablePointer<Value.Generated> {
        let message = try blank(Value.descriptor)
        try value.write(to: &message.pointee, in: self)
        return message
    }

    /// The generated struct of an optional submessage.
    func message<Value: MessageWritable>(
        _ value: Value?,
        _ field: String
    ) throws(TaskwireError) -> UnsafeMutablePointer<Value.Generated>? {
        guard let value else { return nil }
        do {
            return try message(value)
        } catch {
            throw error.inside(field)
        }
    }

    /// A repeated field of submessages.
    func messages<Value: MessageWritable>(
        _ values: [Value],
        _ field: String
    ) throws(TaskwireError) -> UnsafeMutablePointer<UnsafeMutablePointer<Value.Generated>?> {
        try pointers(values, field) { value throws(TaskwireError) in try message(value) }
    }

    /// A map of strings.
    func entries<Entry: StringEntry>(
        _ map: [String: String],
        _ field: String
    ) throws(TaskwireError) -> UnsafeMutablePointer<UnsafeMutablePointer<Entry>?> {
        try pointers(map, field) { (key, value) throws(TaskwireError) in
            let entry = try blank(Entry.descriptor)
            entry.pointee.key = try string(key, "key")
            entry.pointee.value = try string(value, "value")
            return entry
        }
    }

    /// A repeated field of strings.
    func strings(
        _ values: [String],
        _ field: String
    ) throws(TaskwireError) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
        let list = try allocate(values.count * MemoryLayout<UnsafeMutablePointer<CChar>?>.stride)
            .bindMemory(to: UnsafeMutablePointer<CChar>?.self, capacity: values.count)
        for (index, value) in values.enumerated() {
            (list + index).initialize(to: try string(value, "\(field)[\(index)]"))
        }
        return list
    }

    private func pointers<Values: Collection, Pointee>(
        _ values: Values,
        _ field: String,
        _ build: (Values.Element) throws(TaskwireError) -> UnsafeMutablePointer<Pointee>
    ) throws(TaskwireError) -> UnsafeMutablePointer<UnsafeMutablePointer<Pointee>?> {
        let list = try allocate(values.count * MemoryLayout<UnsafeMutablePointer<Pointee>?>.stride)
            .bindMemory(to: UnsafeMutablePointer<Pointee>?.self, capacity: values.count)
        for (index, value) in values.enumerated() {
            do {
                (list + index).initialize(to: try build(value))
            } catch {
                throw error.inside("\(field)[\(index)]")
            }
        }
        return list
    }
}
