public import AWSExecutor

/// A bucket of S3, below a prefix. Objects are added where there is none; with a retention the bucket's Object Lock keeps them.
public final class BucketDestination: ShipmentDestination, ShipmentSource {
    public let name: String
    private let storage: ObjectStorage
    private let prefix: String
    private let retention: ObjectStorage.Retention?
    private var tooLarge: Set<Int> = []

    /// - Parameter prefix: empty, or folders without a slash at either end.
    public init(_ storage: ObjectStorage, prefix: String, retention: ObjectStorage.Retention? = nil) {
        self.storage = storage
        self.prefix = prefix.isEmpty ? "" : prefix + "/"
        self.retention = retention
        name = "s3://\(storage.bucket)/\(prefix)"
    }

    /// Whether a prefix can be one: what a key's parts are made of in every tool.
    public static func isPrefix(_ text: String) -> Bool {
        text.utf8.count <= 900 && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            && text.split(separator: "/", omittingEmptySubsequences: false)
                .allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    }

    private func key(_ height: Int) -> String { prefix + Shipment.name(height) }

    public func inventory() throws(ShippingError) -> ShipmentInventory {
        var names: [String] = []
        var isTooLong = false
        try service { () throws(ServiceError) in
            try storage.list(prefix: prefix) { page in
                for object in page where object.key.hasPrefix(prefix) && object.key != prefix {
                    let name = String(object.key.dropFirst(prefix.count))
                    if let height = Shipment.height(of: name), (object.size ?? 0) > Shipment.maximumSize {
                        tooLarge.insert(height)
                    }
                    if names.count < ShipmentInventory.maximumCount { names.append(name) } else { isTooLong = true }
                }
            }
        }
        guard !isTooLong else {
            throw ShippingError(.failed, "\(name) holds more than \(ShipmentInventory.maximumCount) objects")
        }
        return ShipmentInventory(names: names)
    }

    public func read(_ height: Int) throws(ShippingError) -> ShipmentContent {
        if tooLarge.contains(height) { return .impossible("it has more than \(Shipment.maximumSize >> 20) MiB") }
        let bytes = try service { () throws(ServiceError) in try storage.read(key(height)) }
        return bytes.map { .bytes($0) } ?? .nothing
    }

    public func confirm(_ shipment: Shipment) throws(ShippingError) { try compare(shipment) }

    public func add(_ shipment: Shipment) throws(ShippingError) -> ShipmentAddition {
        let isNew = try service { () throws(ServiceError) in
            try storage.add(key(shipment.height), shipment.bytes, retention: retention)
        }
        if isNew { return .stored }
        try compare(shipment)
        return .alreadyThere
    }

    private func service<Value>(_ body: () throws(ServiceError) -> Value) throws(ShippingError) -> Value {
        do { return try body() } catch { throw ShippingError(.failed, "\(name): \(error.message)") }
    }
}
