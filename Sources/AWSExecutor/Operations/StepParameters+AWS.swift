internal import ChangeModel
internal import Runner

/// Names as AWS's own grammar has them, so that no param becomes a part of a host, a path or an expression that it is not.
extension StepParameters {
    func region() throws(ExecutionError) -> String { try word("region", Partition.isRegion) }

    /// Letters, digits and the given others; 1 to `limit` bytes.
    func name(_ parameter: String, and others: String, limit: Int) throws(ExecutionError) -> String {
        try word(parameter) { text in
            (1...limit).contains(text.utf8.count)
                && text.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || others.utf8.contains(byte)
                }
        }
    }

    func word(_ parameter: String, _ isValid: (String) -> Bool) throws(ExecutionError) -> String {
        try text(parameter, "\(parameter) in AWS", isValid)
    }
}
