/// What makes a mutation the same one when it is sent again: its request id and a digest of its request.
package struct Mutation: Sendable {
    package let requestID: RequestID
    package let fingerprint: UInt64

    init(requestID: RequestID, fingerprint: UInt64) {
        self.requestID = requestID
        self.fingerprint = fingerprint
    }

    /// `operation` and all that `describe` feeds to the digest make up the request.
    init(
        _ operation: String,
        requestID: RequestID?,
        describe: (inout Fingerprint) -> Void
    ) {
        var fingerprint = Fingerprint()
        fingerprint.feed(operation)
        describe(&fingerprint)
        self.init(requestID: requestID ?? .random(), fingerprint: fingerprint.word())
    }
}
