internal import ChangeModel
internal import Runner

/// The actions that this executor can carry out.
enum AWSOperations {
    static let table: [String: any AWSOperation.Type] = [
        "ec2-start-instance": StartInstance.self, "ec2-stop-instance": StopInstance.self,
        "ec2-reboot-instance": RebootInstance.self, "ec2-terminate-instance": TerminateInstance.self,
        "ecs-scale-service": ScaleService.self, "ecs-update-service": UpdateService.self,
        "ecs-stop-task": StopTask.self, "lambda-invoke-function": InvokeFunction.self,
        "lambda-update-function-config": UpdateFunction.self, "s3-delete-object": DeleteObject.self,
        "s3-put-bucket-policy": PutBucketPolicy.self, "iam-attach-role-policy": AttachRolePolicy.self,
        "iam-detach-role-policy": DetachRolePolicy.self,
    ]

    static func operation(for step: ExecutionStep) throws(ExecutionError) -> any AWSOperation {
        guard let type = table[step.action.name] else {
            throw ExecutionError(
                code: .unsupported,
                message: "the aws executor cannot do `\(step.action.name.forMessage())`; it can do "
                    + table.keys.sorted().map { "`\($0)`" }.joined(separator: ", "))
        }
        return try type.init(StepParameters(values: step.parameters))
    }
}
