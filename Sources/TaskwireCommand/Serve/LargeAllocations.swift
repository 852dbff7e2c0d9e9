internal import CMalloc

/// The large blocks of memory of this process, such as those of messages.
enum LargeAllocations {
    /// Blocks from this size on are pages of their own.
    private static let threshold: Int32 = 256 << 10

    /// Gives large blocks back to the system as soon as they are freed. By default the C library raises its threshold with
    /// the first that is freed (mallopt(3)), and keeps the memory of a burst of large messages for good.
    static func returnAtOnce() {
        mallopt(M_MMAP_THRESHOLD, threshold)
    }
}
