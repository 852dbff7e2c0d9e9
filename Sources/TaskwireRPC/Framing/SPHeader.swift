/// The words before a message's body: what devices on the way need to find back, and the number of the request.
///
/// A reply begins with the same words as its request.
struct SPHeader: Hashable, Sendable {
    /// A word for each device that passed the request on, the nearest first. None has the highest bit.
    var hops: [UInt32] = []
    /// The number of the request, with the highest bit.
    var requestID: UInt32

    /// Bytes that it takes in a message.
    var byteCount: Int { (hops.count + 1) * SPProtocol.wordByteCount }
}
