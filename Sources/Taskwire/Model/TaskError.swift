/// Why a task failed, in the form of a JSON-RPC 2.0 error object.
public struct TaskError: Sendable, Hashable {
    /// JSON-RPC code of an error inside the work: -32603.
    public static let internalErrorCode: Int32 = -32603

    /// JSON-RPC code, such as -32603.
    public var code: Int32
    /// One sentence for people.
    public var message: String
    /// Optional JSON text with details.
    public var data: [UInt8]?

    /// An error with the given code, message and JSON details.
    public init(code: Int32 = TaskError.internalErrorCode, message: String, data: [UInt8]? = nil) {
        self.code = code
        self.message = message
        self.data = data
    }
}
