internal import CTaskwireProtos
internal import Glibc
internal import Taskwire

/// The walk over encoded bytes that comes before unpacking. protobuf-c lets pass what would surprise later,
/// such as text that is no UTF-8 or that a NUL cuts short, and does not say what it refuses.
///
/// A singular submessage that appears twice is refused, although Protobuf would merge the two: protobuf-c
/// 1.4.1 loses numbers then, fails where a oneof is unset, and takes quadratic time. No encoder does that.
///
/// The schema has no recursive message, so that it bounds the depth of this walk and of unpacking.
enum WireCheck {
    /// Checks one encoded message.
    /// - Throws: INVALID_ARGUMENT / MALFORMED_MESSAGE or INVALID_FIELD with the path of the field.
    static func check(
        _ bytes: UnsafeRawBufferPointer,
        as descriptor: UnsafePointer<ProtobufCMessageDescriptor>
    ) throws(TaskwireError) {
        do {
            try unsafe walk(bytes, as: descriptor)
        } catch {
            throw unsafe error.refusal(of: String(cString: descriptor.pointee.short_name))
        }
    }

    private static func walk(
        _ bytes: UnsafeRawBufferPointer,
        as descriptor: UnsafePointer<ProtobufCMessageDescriptor>
    ) throws(WireFault) {
        var reader = unsafe WireReader(bytes)
        var seenMessages: UInt64 = 0
        while !reader.isAtEnd {
            let start = reader.offset
            let tag = try reader.tag()
            guard let field = unsafe field(tag.field, of: descriptor) else {
                try reader.skip(tag.wireType)
                continue
            }
            do throws(WireFault) {
                if unsafe field.pointee.type == PROTOBUF_C_TYPE_MESSAGE, unsafe !field.pointee.isRepeated {
                    // A 65th field would have no bit and never count. The schema's largest message has 18.
                    let bit: UInt64 = unsafe 1 << (field - UnsafePointer(descriptor.pointee.fields))
                    guard seenMessages & bit == 0 else { throw .malformed("appears more than once") }
                    seenMessages |= bit
                }
                try unsafe checkField(field, framedAs: tag.wireType, from: &reader)
            } catch {
                let name = unsafe String(cString: field.pointee.name)
                guard unsafe field.pointee.isRepeated, unsafe !field.pointee.isPacked(as: tag.wireType) else {
                    throw error.inside(name)
                }
                let before = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<start])
                let index = unsafe count(of: tag.field, in: before)
                throw error.inside("\(name)[\(index)]")
            }
        }
    }

    /// The description of a field; nil where the message has none of that number.
    @inline(__always)
    private static func field(
        _ number: UInt32,
        of descriptor: UnsafePointer<ProtobufCMessageDescriptor>
    ) -> UnsafePointer<ProtobufCFieldDescriptor>? {
        // Where no number is left out before it, a field is at the place of its number.
        if unsafe number <= descriptor.pointee.n_fields {
            let field = unsafe descriptor.pointee.fields + Int(number) - 1
            if unsafe field.pointee.id == number { return unsafe field }
        }
        return unsafe protobuf_c_message_descriptor_get_field(descriptor, number)
    }

    @inline(__always)
    private static func checkField(
        _ field: UnsafePointer<ProtobufCFieldDescriptor>,
        framedAs wireType: WireType,
        from reader: inout WireReader
    ) throws(WireFault) {
        if unsafe field.pointee.isPacked(as: wireType) {
            var elements = unsafe WireReader(try reader.lengthDelimited())
            var index = 0
            while !elements.isAtEnd {
                do {
                    try unsafe checkValue(of: field, from: &elements)
                } catch {
                    throw error.inside("[\(index)]")
                }
                index += 1
            }
        } else if unsafe wireType == field.pointee.wireType {
            try unsafe checkValue(of: field, from: &reader)
        } else {
            let expected = unsafe field.pointee.wireType.rawValue
            throw .malformed("has wire type \(wireType.rawValue) instead of \(expected)")
        }
    }

    @inline(__always)
    private static func checkValue(
        of field: UnsafePointer<ProtobufCFieldDescriptor>,
        from reader: inout WireReader
    ) throws(WireFault) {
        switch unsafe field.pointee.type {
        case PROTOBUF_C_TYPE_STRING:
            try unsafe checkText(try reader.lengthDelimited())
        case PROTOBUF_C_TYPE_MESSAGE:
            try unsafe walk(
                try reader.lengthDelimited(),
                as: field.pointee.descriptor.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)
            )
        case PROTOBUF_C_TYPE_ENUM:
            let number = Int64(bitPattern: try reader.varint())
            let values = unsafe field.pointee.descriptor.assumingMemoryBound(to: ProtobufCEnumDescriptor.self)
            let isKnown = Int32(exactly: number).map {
                unsafe protobuf_c_enum_descriptor_get_value(values, $0) != nil
            }
            guard isKnown == true else {
                let name = unsafe String(cString: values.pointee.short_name)
                throw .invalid("\(number) is not a value of \(name)")
            }
        default:
            try unsafe reader.skip(field.pointee.wireType)
        }
    }

    private static func checkText(_ bytes: UnsafeRawBufferPointer) throws(WireFault) {
        guard let start = bytes.baseAddress else { return }
        guard unsafe memchr(start, 0, bytes.count) == nil else { throw .invalid("contains a NUL byte") }
        if unsafe isASCII(bytes) { return }
        do {
            _ = try unsafe UTF8Span(validating: bytes.assumingMemoryBound(to: UInt8.self).span)
        } catch {
            throw .invalid("is not UTF-8")
        }
    }

    /// Returns true for text that needs no further look, which most is.
    private static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var bits: UInt64 = 0
        var offset = 0
        while offset + 8 <= bytes.count {
            bits |= unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        while offset < bytes.count {
            bits |= unsafe UInt64(bytes[offset])
            offset += 1
        }
        return bits & 0x8080_8080_8080_8080 == 0
    }

    /// How many records of a field there are, which is the index of the next one. Only for faults.
    private static func count(of field: UInt32, in bytes: UnsafeRawBufferPointer) -> Int {
        var reader = unsafe WireReader(bytes)
        var count = 0
        while let tag = try? reader.tag(), (try? reader.skip(tag.wireType)) != nil {
            if tag.field == field { count += 1 }
        }
        return count
    }
}

extension ProtobufCFieldDescriptor {
    fileprivate var isRepeated: Bool { label == PROTOBUF_C_LABEL_REPEATED }

    /// How one value of the field is framed.
    fileprivate var wireType: WireType {
        switch type {
        case PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_BYTES, PROTOBUF_C_TYPE_MESSAGE:
            .lengthDelimited
        case PROTOBUF_C_TYPE_DOUBLE, PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_SFIXED64:
            .fixed64
        case PROTOBUF_C_TYPE_FLOAT, PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_SFIXED32:
            .fixed32
        default:
            .varint
        }
    }

    /// Whether a record with that framing holds any number of the field's values, one after the other.
    fileprivate func isPacked(as wireType: WireType) -> Bool {
        isRepeated && wireType == .lengthDelimited && self.wireType != .lengthDelimited
    }
}
