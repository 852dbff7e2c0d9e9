/// The bump allocator inside an ``Arena``. It lives behind a pointer of its own, so that protobuf-c's calls
/// for memory touch no reference counts.
@safe
struct ArenaMemory {
    /// Alignment of everything that is handed out: the strictest that the generated structs need.
    private static let alignment = 8
    /// Kept between uses: enough for nearly every call.
    private static let firstChunkByteCount = 16 << 10
    /// Later chunks double up to this, unless one request needs more.
    private static let largestChunkByteCount = 1 << 20

    let limit: Int
    private(set) var isExhausted = false
    private var budget: Int
    private var next: UnsafeMutableRawPointer
    private var free: Int
    private var chunks: [UnsafeMutableRawBufferPointer]

    init(limit: Int) {
        // Protobuf's lengths have 31 bits, so more than that is never of use, and sums cannot overflow.
        self.limit = min(max(limit, 0), Int(Int32.max))
        budget = self.limit
        let first = UnsafeMutableRawPointer.allocate(byteCount: Self.firstChunkByteCount, alignment: 16)
        unsafe next = first
        free = Self.firstChunkByteCount
        unsafe chunks = [UnsafeMutableRawBufferPointer(start: first, count: free)]
    }

    /// Hands out memory, or `nil` once the limit is reached.
    mutating func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        // C's `size_t` arrives as `Int`: what does not fit is negative.
        guard byteCount >= 0, byteCount <= budget else {
            isExhausted = true
            return nil
        }
        let rounded = (byteCount + Self.alignment - 1) & ~(Self.alignment - 1)
        if rounded > free { addChunk(holding: rounded) }
        let result = unsafe next
        unsafe next += rounded
        free -= rounded
        budget = max(budget - rounded, 0)
        return unsafe result
    }

    private mutating func addChunk(holding minimum: Int) {
        let doubled = unsafe min(2 * (chunks.last?.count ?? 0), Self.largestChunkByteCount)
        let byteCount = max(doubled, minimum)
        unsafe next = .allocate(byteCount: byteCount, alignment: 16)
        free = byteCount
        unsafe chunks.append(UnsafeMutableRawBufferPointer(start: next, count: byteCount))
    }

    /// Takes everything back and keeps only the first chunk.
    mutating func reset() {
        if unsafe chunks.count > 1 { releaseChunks(after: 1) }
        if let first = unsafe chunks.first, let start = first.baseAddress {
            unsafe next = start
            free = first.count
        }
        budget = limit
        isExhausted = false
    }

    mutating func releaseChunks(after kept: Int) {
        unsafe chunks.dropFirst(kept).forEach { unsafe $0.deallocate() }
        unsafe chunks.removeLast(max(chunks.count - kept, 0))
    }
}
