/// What bytes are when nobody says it.
enum ContentType {
    /// `application/json` for JSON, `text/plain; charset=utf-8` for other UTF-8, else `application/octet-stream`.
    static func of(_ bytes: [UInt8]) -> String {
        guard String(validating: bytes, as: UTF8.self) != nil else { return "application/octet-stream" }
        return (try? JSONReader.value(of: bytes)) == nil ? "text/plain; charset=utf-8" : "application/json"
    }
}
