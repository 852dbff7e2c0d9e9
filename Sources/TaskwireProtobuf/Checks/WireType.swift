/// How a field is framed. Source: Protobuf, "Encoding", section "Message Structure".
enum WireType: UInt8 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case fixed32 = 5
}
