internal import Taskwire

/// One way into the program for bytes from elsewhere, and what has to hold for every input.
struct FuzzTarget: Sendable {
    /// What ``Fuzzer/variable`` calls it; its inputs are in `Corpus`, in a folder of that name.
    let name: String
    private let body: @Sendable (UnsafeRawBufferPointer) throws -> Void
    private let isRefusal: @Sendable (any Error) -> Bool

    /// A target.
    /// - Parameters:
    ///   - isRefusal: Whether an error is how the code says no to an input; any other is a finding.
    ///   - body: Tries one input, and reports what must not be with ``finding(_:)``.
    init(
        _ name: String,
        isRefusal: @escaping @Sendable (any Error) -> Bool = FuzzTarget.isWireRefusal,
        _ body: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) {
        self.name = name
        self.isRefusal = isRefusal
        self.body = body
    }

    /// Every target.
    static let all = [frames, envelope, response, request, reply, cursor, record, config]

    /// Tries one input.
    func test(_ bytes: UnsafeRawBufferPointer) {
        do {
            try body(bytes)
        } catch {
            require(isRefusal(error), "\(name) was refused with \(error)")
        }
    }

    /// Whether an error is how the codec refuses bytes: INVALID_ARGUMENT or RESOURCE_EXHAUSTED, with a sentence.
    static func isWireRefusal(_ error: any Error) -> Bool {
        guard let error = error as? TaskwireError else { return false }
        return [.invalidArgument, .resourceExhausted].contains(error.code) && !error.message.isEmpty
    }
}
