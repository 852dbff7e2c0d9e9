internal import Foundation

/// What bytes are when nobody says it.
enum ContentType {
    /// `application/json` for JSON, `text/plain; charset=utf-8` for other UTF-8, else `application/octet-stream`.
    static func of(_ bytes: [UInt8]) -> String {
        guard String(validating: bytes, as: UTF8.self) != nil else { return "application/octet-stream" }
        return isJSON(bytes) ? "application/json" : "text/plain; charset=utf-8"
    }

    private static func isJSON(_ bytes: [UInt8]) -> Bool {
        // Foundation takes NUL bytes for a sign of UTF-16 or UTF-32, which JSON must not be in (RFC 8259, 8.1).
        guard !bytes.isEmpty, !bytes.contains(0) else { return false }
        return (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
    }
}
