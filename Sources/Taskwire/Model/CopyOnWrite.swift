/// A value in one place for all its copies, so that a copy costs no more than a reference.
struct CopyOnWrite<Value: Sendable & Hashable>: Sendable, Hashable {
    /// `@unchecked Sendable` is safe: the value is written only where nobody else refers to it.
    private final class Box: @unchecked Sendable {
        // Nobody can look at it meanwhile, for the same reason.
        @exclusivity(unchecked) var value: Value

        init(_ value: Value) {
            unsafe self.value = value
        }
    }

    private var box: Box

    init(_ value: Value) {
        box = Box(value)
    }

    var value: Value {
        get { unsafe box.value }
        _modify {
            if !isKnownUniquelyReferenced(&box) { box = unsafe Box(box.value) }
            yield unsafe &box.value
        }
    }

    static func == (left: CopyOnWrite, right: CopyOnWrite) -> Bool {
        unsafe left.box === right.box || left.box.value == right.box.value
    }

    func hash(into hasher: inout Hasher) {
        unsafe hasher.combine(box.value)
    }
}
