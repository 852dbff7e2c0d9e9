internal import Taskwire
internal import TaskwireProtobuf

extension FuzzTarget {
    /// The request of a method, which the first byte chooses.
    static let request = FuzzTarget("request") { bytes in
        var input = FuzzInput(bytes)
        let codec = MethodCodec.all[Int(input.byte()) % MethodCodec.all.count]
        let body = input.remainder
        let refusal = refusal { () throws(TaskwireError) in try codec.testRequest(body) }
        let checksRefusal = Self.refusal { () throws(TaskwireError) in try codec.method.checkBody(body) }
        require(
            checksRefusal == nil || refusal != nil,
            "\(codec.method.fullName) was read, though it is \(String(describing: checksRefusal))"
        )
        if let refusal { throw refusal }
    }

    /// What `body` throws.
    private static func refusal(_ body: () throws(TaskwireError) -> Void) -> TaskwireError? {
        do throws(TaskwireError) {
            try body()
            return nil
        } catch {
            return error
        }
    }
}
