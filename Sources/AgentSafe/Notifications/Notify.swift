internal import ChangeModel
internal import Ledger
internal import OperatingSystem
internal import Webhooks

extension Workspace {
    /// Sends what waits on this machine, after a look at the remote for what was recorded and never told.
    ///
    /// - Parameter retries: puts what failed back to what waits.
    public func tell(retries: Bool = false) throws(AgentSafeError) -> NotifyReport {
        try fetchIfPossible(.main)
        let view = try latestView()
        if retries {
            let box = try notificationBox(view)
            try system { () throws(SystemError) in
                try box.locked { () throws(SystemError) in
                    for var item in try box.items(.failed) {
                        item.failure = nil
                        try box.put(item, on: .waiting)
                        try box.remove(item, from: .failed)
                    }
                }
            }
        }
        try collect(in: view, unknown: [])
        return try send(in: view, DeliveryPolicy(), isBrief: false)
    }

    /// What waits and what failed, without touching the network.
    public func listNotifications() throws(AgentSafeError) -> NotifyReport {
        let view = try latestView()
        var report = NotifyReport(view.state.configuration.notifications)
        try fill(&report, from: try notificationBox(view))
        return report
    }

    /// Forgets what failed: nobody will be told.
    public func forgetFailedNotifications() throws(AgentSafeError) -> NotifyReport {
        let view = try latestView()
        let box = try notificationBox(view)
        try system { () throws(SystemError) in
            try box.locked { () throws(SystemError) in
                for item in try box.items(.failed) { try box.remove(item, from: .failed) }
                try box.write(
                    box.conducts().mapValues { conduct in
                        var conduct = conduct
                        conduct.dropped = 0
                        return conduct
                    })
            }
        }
        return try listNotifications()
    }

    /// Sends a message that says nothing to one sink; nothing of it is kept.
    ///
    /// - Throws: when it is not delivered, with the reason.
    public func testSink(_ name: String) throws(AgentSafeError) {
        let view = try latestView()
        guard let sink = view.state.configuration.notifications.first(where: { $0.name == name }) else {
            let names = view.state.configuration.notifications.map { "`\($0.name)`" }.joined(separator: ", ")
            throw AgentSafeError(
                .usage,
                "agentsafe.yaml on main names no sink `\(ForeignText.visible(name, limit: 60))`"
                    + (names.isEmpty ? "; it has no `notifications`" : "; there are \(names)"))
        }
        let place: SinkPlace
        do throws(AgentSafeError) {
            place = try self.place(of: sink)
        } catch {
            throw AgentSafeError(.failed, "`\(name)`: \(error.message)")
        }
        let test = Notification.test(
            repository: view.state.repositoryID, nonce: Hexadecimal.text(host.random(8)), at: now)
        guard let id = WebhookID(test.id) else { throw AgentSafeError(.failed, "the repository's name is no id") }
        switch place.client(DeliveryPolicy(), host: host).send(id, body: Array(sink.body(of: test).canonicalText.utf8))
        {
        case .delivered: return
        case .postponed(let failure), .refused(let failure):
            throw AgentSafeError(.failed, "`\(name)`: \(failure.message)")
        }
    }
}
