internal import FoundationEssentials
internal import GRDB
internal import Taskwire
internal import TaskwireProtobuf
@testable internal import TaskwireStorage

extension FuzzTarget {
    /// What a store may find in its file, where each task is in blobs of four kinds; the first byte chooses which of them.
    static let record = FuzzTarget("record", isRefusal: { $0 is StoredDataError }) { bytes in
        var input = FuzzInput(bytes)
        let choice = input.byte()
        let row: Row = ["blob": Data(input.remainder)]
        switch choice % 4 {
        case 0: try check(TaskRecord.self, in: row)
        case 1: try check(TaskInteractions.self, in: row)
        case 2: try check(Payload.self, in: row)
        default: try checkLog(in: row)
        }
    }

    private static let codec = RecordCodec()

    private static func check<Value: WireDecodable & WireEncodable & Equatable>(
        _ type: Value.Type,
        in row: Row
    ) throws {
        let value = try codec.decodeRequired(type, row, 0, "blob")
        let again: Value
        do {
            again = try codec.decodeRequired(type, ["blob": Data(try codec.encode(value))], 0, "blob")
        } catch {
            finding("\(value) was read and cannot be written or read again: \(error)")
        }
        // A value with a number that is not a number does not even equal what is read from the same bytes.
        let twin = try codec.decodeRequired(type, row, 0, "blob")
        require(again == value || twin != value, "\(value) was read again as \(again)")
    }

    /// Checks that the log is written as it was read, and that each entry has an
    /// outcome or is called damaged.
    private static func checkLog(in row: Row) throws {
        let log = try codec.decodeRequired(MutationLog.self, row, 0, "blob")
        require(readAgain(log) == log, "\(log) was read again as something else")
        var decoded: [MutationLog.Entry] = []
        for var entry in log.entries {
            guard case .encoded = entry.outcome else { finding("\(entry) was decoded unasked") }
            do throws(TaskwireError) {
                entry.outcome = RecordedOutcome(try entry.outcome.decoded())
                decoded.append(entry)
            } catch {
                require(error.reason == .storeCorrupt, "an outcome was refused with \(error)")
            }
        }
        require(
            readAgain(MutationLog(entries: decoded)).entries == decoded,
            "the entries \(decoded) were read again as something else"
        )
    }

    private static func readAgain(_ log: MutationLog) -> MutationLog {
        var log = log
        do {
            _ = try codec.encodeOutcomes(of: &log)
            return try codec.decodeRequired(MutationLog.self, ["blob": Data(log.encodedEntries())], 0, "blob")
        } catch {
            finding("\(log) was read and cannot be written or read again: \(error)")
        }
    }
}
