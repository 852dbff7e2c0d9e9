/// A value that often has nothing in it, and then takes no more than the place of a reference.
struct Sparse<Value: SparseValue>: Sendable, Hashable {
    /// Nil where nothing is in it.
    private(set) var content: CopyOnWrite<Value>?

    init(_ value: Value = Value()) {
        content = value.isEmpty ? nil : CopyOnWrite(value)
    }

    /// To be changed; ``content`` is the quicker one to read.
    var value: Value {
        get { content?.value ?? Value() }
        _modify {
            var changed = content ?? CopyOnWrite(Value())
            content = nil
            defer { content = changed.value.isEmpty ? nil : changed }
            yield &changed.value
        }
    }
}

/// What can be ``Sparse``.
protocol SparseValue: Sendable, Hashable {
    /// One with nothing in it.
    init()

    var isEmpty: Bool { get }
}
