internal import ChangeModel
internal import Ledger
internal import OperatingSystem
internal import Webhooks

extension Workspace {
    /// Seconds that sending may take beside other work.
    private static let patience: UInt64 = 8

    /// Sends what waits, sink by sink and in the ledger's order. What a sink does not take now keeps its later messages waiting,
    /// and no other sink's.
    ///
    /// - Parameter isBrief: beside other work, and not to a sink that has just failed.
    func send(
        in view: VerifiedView, _ policy: DeliveryPolicy, isBrief: Bool
    ) throws(AgentSafeError) -> NotifyReport {
        let box = try notificationBox(view)
        var report = NotifyReport(view.state.configuration.notifications)
        guard box.exists else { return report }
        let lock = try system { () throws(SystemError) in try box.lockForSending() }
        defer { withExtendedLifetime(lock) {} }
        guard lock != nil else {
            try fill(&report, from: box)
            report.isBusy = true
            return report
        }
        let begin = host.bootTime()
        let waiting = try system { () throws(SystemError) in try box.items(.waiting) }
        // Sinks that main does not name any more come last.
        let names = report.sinks.map(\.sink.name)
        let strangers = Set(waiting.map(\.sink)).subtracting(names).sorted()
        for name in names + strangers {
            let items = waiting.filter { $0.sink == name }
            if items.isEmpty { continue }
            if isBrief {
                if (host.bootTime() &- begin) / 1_000_000_000 >= Self.patience { break }
                if let next = box.conducts()[name]?.next, now < next { continue }
            }
            try send(items, to: view.state.configuration.notifications.first { $0.name == name }, box, policy, &report)
            {
                isBrief && (self.host.bootTime() &- begin) / 1_000_000_000 >= Self.patience
            }
        }
        try fill(&report, from: box)
        return report
    }

    private func send(
        _ items: [NotificationBox.Item], to sink: NotificationSink?, _ box: NotificationBox, _ policy: DeliveryPolicy,
        _ report: inout NotifyReport, isLate: () -> Bool
    ) throws(AgentSafeError) {
        guard let sink else {
            for var item in items {
                item.failure = "agentsafe.yaml names no such sink any more"
                try settle(item, box) { box, conducts throws(SystemError) in try box.fail(item, &conducts) }
            }
            return
        }
        let client: WebhookClient
        do throws(AgentSafeError) {
            client = try place(of: sink).client(policy, host: host)
        } catch {
            report.problems[sink.name] = error.message
            return
        }
        for var item in items {
            if isLate() { return }
            guard let id = WebhookID(item.notification.id) else { continue }
            FaultPoint.reach("notify.send", item.fileName)
            let delivery = client.send(id, body: Array(sink.body(of: item.notification).canonicalText.utf8))
            FaultPoint.reach("notify.sent", item.fileName)
            item.attempts += delivery.attempts
            switch delivery {
            case .delivered:
                report.sent.append(item)
                try settle(item, box) { (box, conducts) throws(SystemError) in
                    conducts[sink.name, default: .init()].failures = 0
                    conducts[sink.name]?.next = nil
                    try box.remove(item, from: .waiting)
                }
            case .refused(let failure):
                item.failure = failure.message
                try settle(item, box) { (box, conducts) throws(SystemError) in try box.fail(item, &conducts) }
            case .postponed(let failure):
                item.failure = failure.message
                report.problems[sink.name] = failure.message
                try settle(item, box) { (box, conducts) throws(SystemError) in
                    var conduct = conducts[sink.name] ?? .init()
                    conduct.failures = min(conduct.failures + 1, 20)
                    // 15 seconds, doubled up to an hour, or what the receiver asks for.
                    let pause = max(
                        Int64(min(3600, 15 << min(conduct.failures - 1, 8))), Int64(failure.retryAfter ?? 0))
                    conduct.next = Timestamp(seconds: self.host.now() + min(pause, 86_400))
                    conducts[sink.name] = conduct
                    try box.put(item, on: .waiting)
                }
                return
            }
        }
    }

    private func settle(
        _ item: NotificationBox.Item, _ box: NotificationBox,
        _ body: (NotificationBox, inout [String: NotificationBox.Conduct]) throws(SystemError) -> Void
    ) throws(AgentSafeError) {
        try system { () throws(SystemError) in
            try box.locked { () throws(SystemError) in
                var conducts = box.conducts()
                try body(box, &conducts)
                try box.write(conducts)
            }
        }
    }

    func fill(_ report: inout NotifyReport, from box: NotificationBox) throws(AgentSafeError) {
        try system { () throws(SystemError) in
            report.waiting = try box.items(.waiting)
            report.failed = try box.items(.failed)
            report.dropped = box.conducts().values.reduce(0) { $0 + $1.dropped }
        }
    }
}

extension NotificationSink {
    /// The body of a request, as the sink's kind takes it.
    func body(of notification: Notification) -> JSONValue {
        switch kind {
        case .webhook: notification.json
        case .slack: SlackMessage(notification: notification).json
        }
    }
}

extension WebhookDelivery {
    var attempts: Int {
        switch self {
        case .delivered: 1
        case .postponed(let failure), .refused(let failure): failure.attempts
        }
    }
}
