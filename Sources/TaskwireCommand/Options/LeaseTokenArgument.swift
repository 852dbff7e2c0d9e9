internal import ArgumentParser

/// The token of a lease as commands take and print it: hexadecimal digits, two for each byte.
struct LeaseTokenArgument: CustomStringConvertible {
    /// The token itself.
    let bytes: [UInt8]

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    init(_ text: String) throws {
        let digits = Array(text.utf8)
        guard !digits.isEmpty, digits.count.isMultiple(of: 2),
            text.allSatisfy({ $0.isASCII && $0.isHexDigit })
        else {
            throw ValidationError("a lease token is hexadecimal, as 'taskwire claim' prints it")
        }
        bytes = stride(from: 0, to: digits.count, by: 2).compactMap { index in
            UInt8(String(decoding: digits[index...(index + 1)], as: UTF8.self), radix: 16)
        }
    }

    var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
