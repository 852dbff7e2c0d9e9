/// Bytes at which varints and text change their kind.
private let edges: [UInt8] = [0, 1, 0x7f, 0x80, 0xff]

extension [UInt8] {
    /// Changes a few bytes in a few places: flips bits, inserts, takes away, repeats.
    public mutating func mutate(using generator: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let index = Int.random(in: 0...count, using: &generator)
            let end = Swift.min(index + Int.random(in: 1...8, using: &generator), count)
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: insert(UInt8.random(in: .min ... .max, using: &generator), at: index)
            case 1: removeSubrange(index..<end)
            case 2: insert(contentsOf: self[index..<end], at: index)
            case 3: replaceSubrange(index..<end, with: edges.shuffled(using: &generator).prefix(1))
            default:
                for index in index..<end { self[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
            }
        }
    }
}
