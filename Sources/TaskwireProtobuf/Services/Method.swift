/// The effect of a method, as far as others have to know it.
package enum MethodEffect: Sendable {
    /// Changes no task.
    case read
    /// Changes something, and needs a request id.
    case mutation
    /// A mutation whose reply may be large: not allowed in a batch, where its reply may find no room after it was carried
    /// out.
    case delivery
    /// Changes no task and may take long. Ends when its caller goes away; not allowed in a batch.
    case wait

    /// True if a call has to be told from its repeats.
    package var needsRequestID: Bool { self == .mutation || self == .delivery }

    /// True if a call may be one of a batch.
    package var mayBeBatched: Bool { self == .read || self == .mutation }

    /// True if the same reply can be had by calling again: nothing was changed, or what was taken is kept for that.
    package var mayBeRepeated: Bool { self != .mutation }
}

/// The callers that a method is for.
package enum MethodAccess: Sendable {
    /// Whoever can connect, without a credential.
    case anybody
    /// Owners, their workers, admins.
    case everybody
    /// Owners and admins.
    case owners
    /// Those who run the server.
    case admins
}

/// The description of a method that router, client, limits, fuzzers and tests share.
package protocol MethodDescription<Request, Reply>: Sendable {
    associatedtype Request: MethodMessage
    associatedtype Reply: MethodMessage

    /// The name within its service, such as `GetTask`.
    var name: String { get }
    /// The name in a call, such as `taskwire.v1.TaskService/GetTask`.
    var fullName: String { get }
    var effect: MethodEffect { get }
    var access: MethodAccess { get }
}

/// A request or a reply.
package typealias MethodMessage = WireDecodable & WireEncodable & Equatable

/// A method with the types of its messages.
package struct Method<Request: MethodMessage, Reply: MethodMessage>: MethodDescription {
    package let name: String
    package let fullName: String
    package let effect: MethodEffect
    package let access: MethodAccess
    /// The UTF-8 of ``fullName``.
    package let fullNameBytes: [UInt8]

    init(_ name: String, of service: String, _ effect: MethodEffect, for access: MethodAccess = .everybody) {
        self.name = name
        self.effect = effect
        self.access = access
        fullName = "\(service)/\(name)"
        fullNameBytes = Array(fullName.utf8)
    }
}
