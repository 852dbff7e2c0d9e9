internal import Glibc
internal import Taskwire
internal import TaskwireProtobuf

/// A method of the descriptors, with what serves it here.
final class ServedMethod: Sendable {
    let descriptor: MethodDescriptor
    /// Nil where this server does not serve it.
    let handler: Handler?
    let statistics: ServerStatistics.Method
    fileprivate let nameBytes: [UInt8]

    init(_ descriptor: MethodDescriptor, handler: Handler?, statistics: ServerStatistics.Method) {
        self.descriptor = descriptor
        self.handler = handler
        self.statistics = statistics
        nameBytes = Array(descriptor.fullName.utf8)
    }
}

/// Finds methods by their names as they lie in calls.
///
/// The methods are those of the generated service descriptors. One without a handler is answered like any other, with
/// UNIMPLEMENTED in the end.
struct MethodTable: Sendable {
    private let methods: [ServedMethod]
    /// Indices of methods by a hash of their names, with open addressing; nobody but us chooses the names.
    private let buckets: [Int16]

    private static let free: Int16 = -1

    init(_ handlers: [Handler], statistics: ServerStatistics) {
        let handlers = Dictionary(uniqueKeysWithValues: handlers.map { ($0.name, $0) })
        methods = ServiceDescriptor.all.flatMap(\.methods).map { descriptor in
            ServedMethod(
                descriptor,
                handler: handlers[descriptor.fullName],
                statistics: statistics.method(descriptor)
            )
        }
        var count = 64
        while count < methods.count * 4 { count *= 2 }
        var buckets = [Int16](repeating: Self.free, count: count)
        for (index, method) in methods.enumerated() {
            var bucket = method.nameBytes.withUnsafeBytes(Self.hash) & (count - 1)
            while buckets[bucket] != Self.free { bucket = (bucket + 1) & (count - 1) }
            buckets[bucket] = Int16(index)
        }
        self.buckets = buckets
    }

    /// The method with that full name.
    func method(_ name: UnsafeRawBufferPointer) -> ServedMethod? {
        var bucket = Self.hash(name) & (buckets.count - 1)
        while buckets[bucket] != Self.free {
            let method = methods[Int(buckets[bucket])]
            if method.nameBytes.withUnsafeBytes({ Self.areEqual($0, name) }) { return method }
            bucket = (bucket + 1) & (buckets.count - 1)
        }
        return nil
    }

    private static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count, let first = left.baseAddress, let second = right.baseAddress else {
            return false
        }
        return memcmp(first, second, left.count) == 0
    }

    /// The end of a name tells it from most others.
    private static func hash(_ name: UnsafeRawBufferPointer) -> Int {
        guard name.count >= 8 else { return name.count }
        let end = name.loadUnaligned(fromByteOffset: name.count - 8, as: UInt64.self)
        let product = (end ^ UInt64(name.count)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: product >> 40)
    }
}
