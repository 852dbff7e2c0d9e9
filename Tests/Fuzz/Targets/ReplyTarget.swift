extension FuzzTarget {
    /// The reply of a method, which the first byte chooses, as the client reads it.
    static let reply = FuzzTarget("reply") { bytes in
        var input = FuzzInput(bytes)
        let codec = MethodCodec.all[Int(input.byte()) % MethodCodec.all.count]
        try codec.testReply(input.remainder)
    }
}
