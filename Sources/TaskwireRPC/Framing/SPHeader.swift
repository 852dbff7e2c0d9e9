/// The words before a message's body: what devices on the way need to find back, and the number of the request.
///
/// A reply begins with the same words as its request.
package struct SPHeader: Hashable, Sendable {
    /// A word for each device that passed the request on, the nearest first. None has the highest bit.
    package var hops: [UInt32] = []
    /// The number of the request, with the highest bit.
    package var requestID: UInt32

    /// A header with the number of a request, and the words of the devices that passed it on.
    package init(hops: [UInt32] = [], requestID: UInt32) {
        self.hops = hops
        self.requestID = requestID
    }

    /// Bytes that it takes in a message.
    package var byteCount: Int { (hops.count + 1) * SPProtocol.wordByteCount }
}
