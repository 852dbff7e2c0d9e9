extension FuzzTarget {
    /// The reply of a method, which the first byte chooses, as the client reads it.
    static let reply = {
        let codecs = MethodCodec.all
        return FuzzTarget("reply") { bytes in
            var input = FuzzInput(bytes)
            let codec = codecs[Int(input.byte()) % codecs.count]
            try codec.testReply(input.remainder)
        }
    }()
}
