/// What makes a mutation the same one when it is sent again: its request id and a digest of its request.
package struct Mutation: Sendable {
    package let requestID: RequestID
    package let fingerprint: UInt64

    /// `operation` and all that `describe` feeds to the digest make up the request.
    init(
        _ operation: String,
        requestID: RequestID?,
        describe: (inout Fingerprint) -> Void
    ) {
        var fingerprint = Fingerprint()
        fingerprint.feed(operation)
        describe(&fingerprint)
        self.requestID = requestID ?? .random()
        self.fingerprint = fingerprint.word()
    }
}
