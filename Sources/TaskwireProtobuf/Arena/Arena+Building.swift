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
        let copy = try unsafe allocate(byteCount + 1)
        value.withUTF8 { utf8 in
            unsafe UnsafeMutableRawBufferPointer(start: copy, count: byteCount).copyBytes(from: utf8)
        }
        guard unsafe memchr(copy, 0, byteCount) == nil else {
            throw .invalidField(field, "contains a NUL byte")
        }
        unsafe copy.storeBytes(of: 0, toByteOffset: byteCount, as: UInt8.self)
        return unsafe copy.assumingMemoryBound(to: CChar.self)
    }

    /// A `bytes` field.
    func bytes(_ value: [UInt8]) throws(TaskwireError) -> ProtobufCBinaryData {
        unsafe ProtobufCBinaryData(len: value.count, data: try array(value))
    }

    /// A repeated field of numbers.
    func array<Element: BitwiseCopyable>(
        _ values: [Element]
    ) throws(TaskwireError) -> UnsafeMutablePointer<Element> {
        let copy = try unsafe allocate(values.count * MemoryLayout<Element>.stride)
        let elements = unsafe copy.bindMemory(to: Element.self, capacity: values.count)
        let list = unsafe UnsafeMutableBufferPointer(start: elements, count: values.count)
        _ = unsafe list.initialize(fromContentsOf: values)
        return unsafe elements
    }

    /// A generated struct with every field at its default.
    func blank<Generated>(
        _ descriptor: MessageDescriptor<Generated>
    ) throws(TaskwireError) -> UnsafeMutablePointer<Generated> {
        let memory = try unsafe allocate(MemoryLayout<Generated>.size)
        let message = unsafe memory.assumingMemoryBound(to: Generated.self)
        unsafe descriptor.initialize(message)
        return unsafe message
    }

    /// The generated struct of `value`.
    func message<Value: MessageWritable>(
        _ value: Value
    ) throws(TaskwireError) -> UnsafeMutablePointer<Value.Generated> {
        let message = try unsafe blank(Value.descriptor)
        try unsafe value.write(to: &message.pointee, in: self)
        return unsafe message
    }

    /// The generated struct of an optional submessage.
    func message<Value: MessageWritable>(
        _ value: Value?,
        _ field: String
    ) throws(TaskwireError) -> UnsafeMutablePointer<Value.Generated>? {
        guard let value else { return nil }
        do {
            return try unsafe message(value)
        } catch {
            throw error.inside(field)
        }
    }

    /// A repeated field of submessages.
    func messages<Value: MessageWritable>(
        _ values: [Value],
        _ field: String
    ) throws(TaskwireError) -> UnsafeMutablePointer<UnsafeMutablePointer<Value.Generated>?> {
        try unsafe pointers(values, field) { value throws(TaskwireError) in try unsafe message(value) }
    }

    /// A map of strings.
    func entries<Entry: StringEntry>(
        _ map: some Collection<(key: String, value: String)>,
        _ field: String
    ) throws(TaskwireError) -> UnsafeMutablePointer<UnsafeMutablePointer<Entry>?> {
        try unsafe pointers(map, field) { (key, value) throws(TaskwireError) in
            let entry = try unsafe blank(Entry.descriptor)
            unsafe entry.pointee.key = try string(key, "key")
            unsafe entry.pointee.value = try string(value, "value")
            return unsafe entry
        }
    }

    /// A repeated field of strings.
    func strings(
        _ values: [String],
        _ field: String
    ) throws(TaskwireError) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
        let list = try unsafe allocate(values.count * MemoryLayout<UnsafeMutablePointer<CChar>?>.stride)
            .bindMemory(to: UnsafeMutablePointer<CChar>?.self, capacity: values.count)
        for (index, value) in values.enumerated() {
            unsafe (list + index).initialize(to: try string(value, "\(field)[\(index)]"))
        }
        return unsafe list
    }

    private func pointers<Values: Collection, Pointee>(
        _ values: Values,
        _ field: String,
        _ build: (Values.Element) throws(TaskwireError) -> UnsafeMutablePointer<Pointee>
    ) throws(TaskwireError) -> UnsafeMutablePointer<UnsafeMutablePointer<Pointee>?> {
        let list = try unsafe allocate(values.count * MemoryLayout<UnsafeMutablePointer<Pointee>?>.stride)
            .bindMemory(to: UnsafeMutablePointer<Pointee>?.self, capacity: values.count)
        for (index, value) in values.enumerated() {
            do {
                unsafe (list + index).initialize(to: try build(value))
            } catch {
                throw error.inside("\(field)[\(index)]")
            }
        }
        return unsafe list
    }
}
