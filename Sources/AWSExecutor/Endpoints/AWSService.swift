/// The services that are spoken with.
enum AWSService: String, Sendable, CaseIterable {
    case ec2, ecs, lambda, s3, iam, sts
    /// The portal of IAM Identity Center.
    case sso

    /// As in `AWS_ENDPOINT_URL_<NAME>`.
    var variableName: String { rawValue.uppercased() }
}
