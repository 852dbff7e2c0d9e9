extension [UInt8] {
    /// The bytes that the hexadecimal digits of `text` write; everything else in it is left out.
    init(hex text: String) {
        let digits = text.compactMap(\.hexDigitValue)
        self = stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
