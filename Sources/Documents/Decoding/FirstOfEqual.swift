extension Dictionary {
    /// Keeps the first value that claims a key, and returns it to whoever comes later; nil for the first.
    mutating func insertFirst(_ value: Value, for key: Key) -> Value? {
        if let first = self[key] { return first }
        self[key] = value
        return nil
    }
}
