internal import Crypto
internal import FoundationEssentials

/// A secret that proves who a caller is.
public enum AccessToken {
    /// What tokens begin with, so that programs which look for leaked secrets know one when they see it.
    private static let prefix = "taskwire_"

    /// Random bytes of a token: more than anybody can try.
    private static let byteCount = 32

    /// Makes a token with 256 random bits.
    public static func generate() -> String {
        let key = SymmetricKey(size: SymmetricKeySize(bitCount: byteCount * 8))
        let text = key.withUnsafeBytes { Data($0) }.base64EncodedString()
        return prefix + text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// The line for ``AccessTokens`` that makes `token` one of `principal`. It does not help anybody to find the token.
    public static func line(for principal: Principal, token: String) -> String {
        let digits = digest(of: token).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return "\(principal) \(digits.joined())"
    }

    /// A plain hash is enough for a secret of 256 random bits: nobody can try them all, however fast the hash.
    static func digest(of token: String) -> SHA256Digest {
        SHA256.hash(data: Array(token.utf8))
    }
}
