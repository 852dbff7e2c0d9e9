internal import SystemPackage

/// What the first bytes of an SQLite file tell.
///
/// Source: https://www.sqlite.org/fileformat2.html#the_database_header
struct StoreHeader {
    static let byteCount = 100
    private static let beginning = Array("SQLite format 3\0".utf8)
    private static let applicationIDOffset = 68

    let applicationID: Int32
    /// How many bytes the file should have.
    let storeByteCount: Int64

    /// Nil where these are no such bytes.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount, bytes.starts(with: Self.beginning) else { return nil }
        func number(_ range: Range<Int>) -> Int64 { bytes[range].reduce(0) { $0 << 8 | Int64($1) } }
        // 65536 has no room in its two bytes.
        let pageSize = number(16..<18) == 1 ? 65536 : number(16..<18)
        storeByteCount = pageSize * number(28..<32)
        let id = number(Self.applicationIDOffset..<Self.applicationIDOffset + 4)
        applicationID = Int32(truncatingIfNeeded: id)
    }

    /// Changes the application id of a file that no connection has open.
    static func write(_ applicationID: Int32, to file: FileDescriptor) throws {
        let bytes = stride(from: 24, through: 0, by: -8).map {
            UInt8(truncatingIfNeeded: applicationID >> $0)
        }
        try file.writeAll(toAbsoluteOffset: Int64(applicationIDOffset), bytes)
    }
}
