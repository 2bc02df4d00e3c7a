/// The fields of the types that can be written to (API reference, Kubernetes 1.36; merge keys from its `patchMergeKey`
/// tags). Deep corners that no action touches are `.any`.
enum TypeSchemas {
    static func schema(of type: ResourceType) -> FieldSchema {
        switch type {
        case .deployments: deployment
        case .services: whole("Service", ["spec": .any, "status": .any])
        case .persistentvolumeclaims: whole("PersistentVolumeClaim", ["spec": .any, "status": .any])
        case .daemonsets: whole("DaemonSet", ["spec": .any, "status": .any])
        case .poddisruptionbudgets: whole("PodDisruptionBudget", ["spec": budgetSpec, "status": .any])
        case .networkpolicies: whole("NetworkPolicy", ["spec": policySpec, "status": .any])
        case .replicasets: whole("ReplicaSet", ["spec": .any, "status": .any])
        case .pods: whole("Pod", ["spec": podSpec, "status": .any])
        case .nodes: whole("Node", ["spec": nodeSpec, "status": .any])
        case .namespaces: whole("Namespace", ["spec": .any, "status": .any])
        case .configmaps:
            whole("ConfigMap", ["data": .map(.string), "binaryData": .map(.string), "immutable": .boolean])
        case .secrets:
            whole(
                "Secret",
                ["data": .map(.string), "stringData": .map(.string), "immutable": .boolean, "type": .string])
        case .horizontalpodautoscalers: whole("HorizontalPodAutoscaler", ["spec": autoscalerSpec, "status": .any])
        }
    }

    static let scale = whole(
        "Scale", ["spec": .object(type: "ScaleSpec", ["replicas": .int32]), "status": .any])

    private static func whole(_ type: String, _ fields: [String: FieldSchema]) -> FieldSchema {
        .object(
            type: type,
            fields.merging(["apiVersion": .string, "kind": .string, "metadata": metadata]) { field, _ in field })
    }

    private static let metadata: FieldSchema = .object(
        type: "ObjectMeta",
        [
            "name": .string, "generateName": .string, "namespace": .string, "selfLink": .string, "uid": .string,
            "resourceVersion": .string, "generation": .int64, "creationTimestamp": .string,
            "deletionTimestamp": .string, "deletionGracePeriodSeconds": .int64, "labels": .map(.string),
            "annotations": .map(.string), "ownerReferences": .list(.any, mergeKey: "uid"), "finalizers": .set,
            "managedFields": .list(.any),
        ])

    private static let deployment = whole(
        "Deployment",
        [
            "spec": .object(
                type: "DeploymentSpec",
                [
                    "replicas": .int32, "selector": labelSelector, "template": podTemplate,
                    "strategy": .object(
                        type: "DeploymentStrategy",
                        [
                            "type": .string,
                            "rollingUpdate": .object(
                                type: "RollingUpdateDeployment", ["maxUnavailable": .scalar, "maxSurge": .scalar]),
                        ]),
                    "minReadySeconds": .int32, "revisionHistoryLimit": .int32, "paused": .boolean,
                    "progressDeadlineSeconds": .int32,
                ]),
            "status": .any,
        ])

    private static let labelSelector: FieldSchema = .object(
        type: "LabelSelector",
        [
            "matchLabels": .map(.string),
            "matchExpressions": .list(
                .object(
                    type: "LabelSelectorRequirement",
                    ["key": .string, "operator": .string, "values": .list(.string)])),
        ])

    private static let podTemplate: FieldSchema = .object(
        type: "PodTemplateSpec", ["metadata": metadata, "spec": podSpec])

    private static let podSpec: FieldSchema = .object(
        type: "PodSpec",
        [
            "volumes": .list(.any, mergeKey: "name"), "initContainers": .list(container, mergeKey: "name"),
            "containers": .list(container, mergeKey: "name"), "ephemeralContainers": .list(.any, mergeKey: "name"),
            "restartPolicy": .string, "terminationGracePeriodSeconds": .int64, "activeDeadlineSeconds": .int64,
            "dnsPolicy": .string, "nodeSelector": .map(.string), "serviceAccountName": .string,
            "serviceAccount": .string, "automountServiceAccountToken": .boolean, "nodeName": .string,
            "hostNetwork": .boolean, "hostPID": .boolean, "hostIPC": .boolean, "shareProcessNamespace": .boolean,
            "securityContext": .any, "imagePullSecrets": .list(.any, mergeKey: "name"), "hostname": .string,
            "hostnameOverride": .string, "subdomain": .string, "affinity": .any, "schedulerName": .string,
            "tolerations": .list(.any), "hostAliases": .list(.any, mergeKey: "ip"), "priorityClassName": .string,
            "priority": .int32, "dnsConfig": .any, "readinessGates": .list(.any), "runtimeClassName": .string,
            "enableServiceLinks": .boolean, "preemptionPolicy": .string, "overhead": .map(.scalar),
            "topologySpreadConstraints": .list(.any, mergeKey: "topologyKey"), "setHostnameAsFQDN": .boolean,
            "os": .any, "hostUsers": .boolean, "schedulingGates": .list(.any, mergeKey: "name"),
            "resourceClaims": .list(.any, mergeKey: "name"), "resources": .any, "workloadRef": .any,
            "schedulingGroup": .any,
        ])

    private static let container: FieldSchema = .object(
        type: "Container",
        [
            "name": .string, "image": .string, "command": .list(.string), "args": .list(.string),
            "workingDir": .string, "ports": .list(containerPort, mergeKey: "containerPort"), "envFrom": .list(.any),
            "env": .list(environmentVariable, mergeKey: "name"), "resources": resources,
            "resizePolicy": .list(.any), "restartPolicy": .string, "restartPolicyRules": .list(.any),
            "volumeMounts": .list(.any, mergeKey: "mountPath"), "volumeDevices": .list(.any, mergeKey: "devicePath"),
            "livenessProbe": .any, "readinessProbe": .any, "startupProbe": .any, "lifecycle": .any,
            "terminationMessagePath": .string, "terminationMessagePolicy": .string, "imagePullPolicy": .string,
            "securityContext": .any, "stdin": .boolean, "stdinOnce": .boolean, "tty": .boolean,
        ])

    private static let containerPort: FieldSchema = .object(
        type: "ContainerPort",
        ["name": .string, "hostPort": .int32, "containerPort": .int32, "protocol": .string, "hostIP": .string])

    private static let environmentVariable: FieldSchema = .object(
        type: "EnvVar", ["name": .string, "value": .string, "valueFrom": .any])

    private static let resources: FieldSchema = .object(
        type: "ResourceRequirements",
        ["limits": .map(.scalar), "requests": .map(.scalar), "claims": .list(.any)])

    private static let nodeSpec: FieldSchema = .object(
        type: "NodeSpec",
        [
            "podCIDR": .string, "podCIDRs": .set, "providerID": .string, "unschedulable": .boolean,
            "taints": .list(.any), "configSource": .any, "externalID": .string,
        ])

    private static let budgetSpec: FieldSchema = .object(
        type: "PodDisruptionBudgetSpec",
        [
            "minAvailable": .scalar, "maxUnavailable": .scalar, "selector": labelSelector,
            "unhealthyPodEvictionPolicy": .string,
        ])

    private static let policySpec: FieldSchema = .object(
        type: "NetworkPolicySpec",
        [
            "podSelector": labelSelector, "ingress": .list(.any), "egress": .list(.any), "policyTypes": .list(.string),
        ])

    private static let autoscalerSpec: FieldSchema = .object(
        type: "HorizontalPodAutoscalerSpec",
        [
            "scaleTargetRef": .any, "minReplicas": .int32, "maxReplicas": .int32, "metrics": .list(.any),
            "behavior": .any,
        ])
}
