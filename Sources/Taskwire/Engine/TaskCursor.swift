internal import FoundationEssentials

/// The position after a page, bound to the listing that it came from.
///
/// Base64url of a 16-byte digest over owner, filters and position, the creation time, and the id. The digest
/// needs no secret: it keeps a cursor from being used for another listing, and every page shows only the caller's
/// own tasks. Source: AIP-158.
enum TaskCursor {
    private static let digestByteCount = 16

    static func encode(_ position: TaskPosition, owner: String, request: ListTasksRequest) -> String {
        var bytes = digest(position, owner: owner, request: request)
        let milliseconds = position.createdAt.millisecondsSince1970
        bytes += stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: milliseconds >> $0) }
        bytes.append(contentsOf: position.id.utf8)
        return Data(bytes).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// - Throws: INVALID_ARGUMENT / INVALID_CURSOR unless `cursor` was made for this owner and these filters.
    static func decode(
        _ cursor: String,
        owner: String,
        request: ListTasksRequest
    ) throws(TaskwireError) -> TaskPosition {
        let standard = cursor.replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        guard
            let bytes = Data(base64Encoded: standard + padding).map([UInt8].init),
            bytes.count > digestByteCount + 8,
            let id = String(validating: bytes.dropFirst(digestByteCount + 8), as: UTF8.self)
        else { throw invalid }
        let milliseconds = bytes[digestByteCount..<digestByteCount + 8].reduce(0) { $0 << 8 | Int64($1) }
        let position = TaskPosition(createdAt: Timestamp(millisecondsSince1970: milliseconds), id: id)
        guard encode(position, owner: owner, request: request) == cursor else { throw invalid }
        return position
    }

    private static var invalid: TaskwireError {
        TaskwireError(
            .invalidArgument,
            .invalidCursor,
            "cursor: not a cursor of this listing; the owner and the filters must be those of the page before"
        )
    }

    private static func digest(_ position: TaskPosition, owner: String, request: ListTasksRequest) -> [UInt8]
    {
        var fingerprint = Fingerprint()
        fingerprint.feed("taskwire.cursor")
        fingerprint.feed(owner)
        fingerprint.feed(request.statuses.map(\.rawValue).sorted().joined(separator: ","))
        fingerprint.feed(request.labels)
        fingerprint.feed(position.createdAt.millisecondsSince1970)
        fingerprint.feed(position.id)
        return fingerprint.digest(byteCount: digestByteCount)
    }
}
