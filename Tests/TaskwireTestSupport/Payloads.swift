public import Taskwire

extension Payload {
    /// JSON that is easy to tell apart.
    public static func sample(_ text: String) -> Payload {
        Payload(data: Array("{\"sample\":\"\(text)\"}".utf8))
    }

    /// Every byte there is, NUL and invalid UTF-8 included.
    public static let everyByte = Payload(data: Array(0...255), contentType: "application/octet-stream")
}
