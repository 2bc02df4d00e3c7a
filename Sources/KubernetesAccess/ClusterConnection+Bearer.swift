public import HTTP

extension ClusterConnection: BearerTransport {
    @discardableResult
    public func speak(asBearer token: String?) -> Bool {
        guard let token else {
            dropCredential()
            return true
        }
        do throws(AccessError) {
            try use(bearerToken: token)
            return true
        } catch {
            return false
        }
    }
}
