internal import SystemPackage

extension FileDescriptor {
    /// Returns `count` bytes from `offset` on, or as many as there are.
    func bytes(at offset: Int64, count: Int) throws -> [UInt8] {
        try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = unsafe UnsafeMutableBufferPointer(rebasing: buffer[filled...])
                let step = try unsafe read(
                    fromAbsoluteOffset: offset + Int64(filled),
                    into: UnsafeMutableRawBufferPointer(rest)
                )
                guard step > 0 else { return }
                filled += step
            }
        }
    }
}
