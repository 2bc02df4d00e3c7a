internal import ChangeModel
internal import CryptoPrimitives
internal import Git
internal import OperatingSystem
public import Webhooks

/// A receiver of webhooks. It cannot be asked what it has: a cursor on this machine says what it took, and each answer may say
/// what it wants next.
///
/// One message an event: `{"type": "agentsafe.shipment", "timestamp", "data": {"repository", "height", "commit", "previous", "main",
/// "event", "change", "name", "sha256", "bundle"}}`, the bundle in base64. Its `webhook-id` is a function of the event, so that
/// a receiver knows a repetition. A 2xx says that it is stored, or was; with `{"next": HEIGHT}` in the body, that HEIGHT is the
/// first that is not. A 409 says that another event is stored at that height.
public final class WebhookDestination: ShipmentDestination {
    public let name: String
    private let client: WebhookClient
    private let repository: String
    private let cursor: String
    private let lock: FileLock
    private var reached: ShippingMark?

    /// Large messages take their time.
    public static var policy: DeliveryPolicy {
        var policy = DeliveryPolicy()
        policy.attempts = 6
        policy.timeout = 120
        policy.total = 600
        return policy
    }

    /// - Parameters:
    ///   - host: the receiver's, for people.
    ///   - repository: the identifier that main has.
    ///   - cursor: the file that remembers what was taken; one for each receiver and repository.
    public init(_ client: WebhookClient, host: String, repository: String, cursor: String) throws(ShippingError) {
        self.client = client
        self.repository = repository
        self.cursor = cursor
        name = "the webhook at \(host)"
        let lock: FileLock?
        do throws(SystemError) {
            try Files.createDirectory(Files.parent(of: cursor), mode: 0o700)
            lock = try FileLock.acquire(file: cursor + ".lock", waiting: false)
        } catch {
            throw ShippingError(
                .failed,
                "what was shipped cannot be remembered: \(error); set AGENTSAFE_STATE_HOME to a folder that you may write"
            )
        }
        guard let lock else {
            throw ShippingError(
                .failed,
                "another `agentsafe ledger ship` to \(name) is at work on this machine; wait until it has ended")
        }
        self.lock = lock
        reached = try Self.read(cursor)
    }

    private static func read(_ path: String) throws(ShippingError) -> ShippingMark? {
        guard Files.kind(path, followingLinks: true) != nil else { return nil }
        guard let bytes = try? Files.read(path, limit: 4096), let mark = ShippingMark(bytes) else {
            throw ShippingError(
                .failed,
                "the cursor at `\(path)` cannot be read; remove it, and everything is sent again, which does no harm")
        }
        return mark
    }

    public func inventory() -> ShipmentInventory { ShipmentInventory(through: reached?.height) }

    public func confirm(_ shipment: Shipment) throws(ShippingError) {
        guard let reached, reached.ledger != shipment.tips.ledger else { return }
        throw ShippingError(
            .notAuthentic,
            "\(name) was sent ledger commit \(reached.ledger.short) at height \(reached.height), and this ledger's event of that "
                + "height is \(shipment.tips.ledger.short): one of them is a second ledger, or was rewound; find out which, and "
                + "who pushed it")
    }

    public func add(_ shipment: Shipment) throws(ShippingError) -> ShipmentAddition {
        guard let id = WebhookID("event_\(shipment.height)_\(shipment.tips.ledger)") else {
            throw ShippingError(.failed, "event \(shipment.height) cannot be named")
        }
        switch client.send(id, body: body(shipment)) {
        case .delivered(let answer):
            let json = try? JSONValue(parsing: answer.body, limits: JSONLimits(bytes: 64 << 10, depth: 8))
            if let next = json?["next"]?.integerValue, (0...Int64(shipment.height)).contains(next) {
                return .lacks(Int(next))
            }
            try keep(shipment)
            return json?["new"] == false ? .alreadyThere : .stored
        case .postponed(let failure):
            throw ShippingError(
                .failed,
                "\(name) did not take event \(shipment.height): \(failure.message); run this again, and it goes on from there"
            )
        case .refused(let failure):
            if failure.status == 409 {
                throw ShippingError(
                    .notAuthentic,
                    "\(name) holds another event at height \(shipment.height): one of the two is a second ledger, or was rewound; "
                        + "find out which, and who pushed it")
            }
            throw ShippingError(.failed, "\(name) did not take event \(shipment.height): \(failure.message)")
        }
    }

    private func body(_ shipment: Shipment) -> [UInt8] {
        let event = shipment.event
        let data: JSONValue = .compact([
            "repository": .string(repository), "height": .integer(Int64(shipment.height)),
            "commit": .string(shipment.tips.ledger.description), "main": .string(shipment.tips.main.description),
            "previous": shipment.previous.map { .string($0.ledger.description) } ?? .null,
            "event": .string(event.kind.rawValue), "change": event.change.map { .string($0.id.text) },
            "name": .string(shipment.name), "sha256": .string(Hexadecimal.text(SHA256.hash(shipment.bytes))),
            "bundle": .string(Base64.encode(shipment.bytes)),
        ])
        let message: JSONValue = [
            "type": "agentsafe.shipment", "timestamp": .string(event.at.description), "data": data,
        ]
        return message.canonicalBytes
    }

    private func keep(_ shipment: Shipment) throws(ShippingError) {
        let mark = ShippingMark(height: shipment.height, ledger: shipment.tips.ledger)
        do throws(SystemError) {
            try Files.writeAtomically(cursor, mark.json.evidenceBytes, mode: 0o600)
        } catch {
            throw ShippingError(.failed, "what was shipped cannot be remembered: \(error)")
        }
        reached = mark
    }
}
