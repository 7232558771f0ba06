"""Manifests of older versions as people have them: by kind, what stands in them, and in which versions."""

from __future__ import annotations

from typing import Any

Doc = dict[str, Any]

POD = {"containers": [{"name": "web", "image": "nginx:1.7.9", "ports": [{"containerPort": 80}]}]}
LABELLED = {"metadata": {"labels": {"app": "web"}}, "spec": POD}
SELECTOR = {"matchLabels": {"app": "web"}}
CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
BACKEND = {"serviceName": "web", "servicePort": 80}
RULE = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
ROLE_REF = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "web"}
CLUSTER_ROLE_REF = ROLE_REF | {"kind": "ClusterRole"}
SUBJECT = {"kind": "User", "name": "jane", "apiGroup": "rbac.authorization.k8s.io"}
ATTRIBUTES = {"namespace": "shop", "verb": "get", "resource": "pods"}
RBAC = "rbac.authorization.k8s.io/v1beta1"
NETWORKING = "networking.k8s.io/v1beta1"
AUTHN = "authentication.k8s.io/v1beta1"
AUTHZ = "authorization.k8s.io/v1beta1"
_CRD_NAMES = {"plural": "crontabs", "singular": "crontab", "kind": "CronTab", "shortNames": ["ct"]}
_CSR = (
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlJQlhUQ0NBUU1DQVFBd09qRVZNQk1HQTFVRQotLS0tLUVORCBDRVJUSUZJQ0FURSBS"
    "RVFVRVNULS0tLS0K"
)

_CRON_JOB: Doc = {
    "spec": {
        "schedule": "*/1 * * * *",
        "jobTemplate": {"spec": {"template": {"spec": POD | {"restartPolicy": "OnFailure"}}}},
    }
}
_INGRESS: Doc = {
    "metadata": {"annotations": {"nginx.ingress.kubernetes.io/rewrite-target": "/"}},
    "spec": {
        "backend": BACKEND,
        "tls": [{"hosts": ["foo.bar.com"], "secretName": "tls"}],
        "rules": [
            {
                "host": "foo.bar.com",
                "http": {"paths": [{"path": "/foo", "backend": BACKEND | {"servicePort": "http"}}]},
            }
        ],
    },
}
_EVENT: Doc = {
    "eventTime": "2026-01-01T10:00:00.000000Z",
    "reportingController": "example.com/scaler",
    "reportingInstance": "scaler-0",
    "action": "Scale",
    "reason": "Scaled",
    "regarding": {"kind": "Deployment", "namespace": "shop", "name": "web"},
    "note": "from 1 to 3",
    "type": "Normal",
}

_SCALE: Doc = {
    "spec": {"replicas": 3},
    "status": {"replicas": 2, "selector": {"app": "web"}, "targetSelector": "app=web"},
}

# (kind, apiVersion) -> the document without apiVersion, kind and name
MANIFESTS: dict[tuple[str, str], Doc] = {
    ("Deployment", "extensions/v1beta1"): {"spec": {"replicas": 3, "template": LABELLED, "rollbackTo": {"revision": 2}}},
    ("Deployment", "apps/v1beta1"): {"spec": {"template": LABELLED, "rollbackTo": {"revision": 0}}},
    ("Deployment", "apps/v1beta2"): {"spec": {"selector": SELECTOR, "template": LABELLED}},
    ("ReplicaSet", "extensions/v1beta1"): {"spec": {"replicas": 3, "template": LABELLED}},
    ("ReplicaSet", "apps/v1beta2"): {"spec": {"selector": SELECTOR, "template": LABELLED}},
    ("StatefulSet", "apps/v1beta1"): {
        "spec": {"serviceName": "web", "replicas": 2, "template": LABELLED, "volumeClaimTemplates": [CLAIM]}
    },
    ("StatefulSet", "apps/v1beta2"): {"spec": {"serviceName": "web", "selector": SELECTOR, "template": LABELLED}},
    ("DaemonSet", "extensions/v1beta1"): {"spec": {"template": LABELLED, "templateGeneration": 4}},
    ("DaemonSet", "apps/v1beta2"): {"spec": {"selector": SELECTOR, "template": LABELLED}},
    ("ControllerRevision", "apps/v1beta1"): {"data": {"spec": {}}, "revision": 1},
    ("ControllerRevision", "apps/v1beta2"): {"data": {"spec": {}}, "revision": 1},
    ("CronJob", "batch/v1beta1"): _CRON_JOB,
    ("CronJob", "batch/v2alpha1"): _CRON_JOB,
    ("HorizontalPodAutoscaler", "autoscaling/v1"): {
        "spec": {"scaleTargetRef": TARGET, "minReplicas": 1, "maxReplicas": 10, "targetCPUUtilizationPercentage": 50}
    },
    ("HorizontalPodAutoscaler", "autoscaling/v2beta1"): {
        "spec": {
            "scaleTargetRef": TARGET,
            "maxReplicas": 10,
            "metrics": [
                {"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 50}},
                {"type": "Pods", "pods": {"metricName": "packets-per-second", "targetAverageValue": "1k"}},
                {
                    "type": "Object",
                    "object": {
                        "metricName": "requests-per-second",
                        "target": {"apiVersion": "extensions/v1beta1", "kind": "Ingress", "name": "main-route"},
                        "targetValue": "10k",
                    },
                },
                {
                    "type": "External",
                    "external": {
                        "metricName": "queue_messages_ready",
                        "metricSelector": {"matchLabels": {"queue": "worker_tasks"}},
                        "targetAverageValue": "30",
                    },
                },
            ],
        }
    },
    ("HorizontalPodAutoscaler", "autoscaling/v2beta2"): {
        "spec": {
            "scaleTargetRef": TARGET,
            "maxReplicas": 10,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
                }
            ],
        }
    },
    ("PodDisruptionBudget", "policy/v1beta1"): {"spec": {"minAvailable": 2, "selector": SELECTOR}},
    ("Eviction", "policy/v1beta1"): {"deleteOptions": {"gracePeriodSeconds": 30}},
    ("Ingress", NETWORKING): _INGRESS,
    ("Ingress", "extensions/v1beta1"): _INGRESS,
    ("IngressClass", NETWORKING): {"spec": {"controller": "example.com/ingress-controller"}},
    ("NetworkPolicy", "extensions/v1beta1"): {
        "spec": {
            "podSelector": {"matchLabels": {"role": "db"}},
            "ingress": [{"from": [{"podSelector": SELECTOR}], "ports": [{"port": 6379, "protocol": "TCP"}]}],
        }
    },
    ("Role", RBAC): {"rules": [RULE]},
    ("ClusterRole", RBAC): {"rules": [RULE]},
    ("RoleBinding", RBAC): {"subjects": [SUBJECT], "roleRef": ROLE_REF},
    ("ClusterRoleBinding", RBAC): {"subjects": [SUBJECT], "roleRef": CLUSTER_ROLE_REF},
    ("StorageClass", "storage.k8s.io/v1beta1"): {"provisioner": "example.com/fast", "parameters": {"type": "pd-ssd"}},
    ("PriorityClass", "scheduling.k8s.io/v1beta1"): {"value": 1000000, "description": "For XYZ service pods only."},
    ("PriorityClass", "scheduling.k8s.io/v1alpha1"): {"value": 1000000},
    ("EndpointSlice", "discovery.k8s.io/v1beta1"): {
        "addressType": "IPv4",
        "ports": [{"name": "http", "protocol": "TCP", "port": 80}],
        "endpoints": [
            {
                "addresses": ["10.1.2.3"],
                "conditions": {"ready": True},
                "hostname": "pod-1",
                "topology": {"kubernetes.io/hostname": "node-1", "topology.kubernetes.io/zone": "us-west2-a"},
            }
        ],
    },
    ("Lease", "coordination.k8s.io/v1beta1"): {"spec": {"holderIdentity": "node-1", "leaseDurationSeconds": 40}},
    ("CertificateSigningRequest", "certificates.k8s.io/v1beta1"): {
        "spec": {
            "request": _CSR,
            "usages": ["digital signature", "key encipherment", "client auth"],
            "signerName": "kubernetes.io/kube-apiserver-client",
        }
    },
    ("CustomResourceDefinition", "apiextensions.k8s.io/v1beta1"): {
        "metadata": {"name": "crontabs.stable.example.com"},
        "spec": {
            "group": "stable.example.com",
            "version": "v1",
            "scope": "Namespaced",
            "names": _CRD_NAMES,
            "validation": {
                "openAPIV3Schema": {
                    "properties": {
                        "spec": {
                            "properties": {
                                "cronSpec": {"type": "string", "pattern": r"^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$"},
                                "replicas": {"type": "integer", "minimum": 1, "maximum": 10},
                            }
                        }
                    }
                }
            },
            "subresources": {"scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}},
            "additionalPrinterColumns": [{"name": "Spec", "type": "string", "JSONPath": ".spec.cronSpec"}],
        },
    },
    ("TokenReview", AUTHN): {"spec": {"token": "abc"}},
    ("SelfSubjectReview", AUTHN): {},
    ("SelfSubjectReview", "authentication.k8s.io/v1alpha1"): {},
    ("SubjectAccessReview", AUTHZ): {"spec": {"user": "jane", "group": ["a", "b"], "resourceAttributes": ATTRIBUTES}},
    ("LocalSubjectAccessReview", AUTHZ): {"spec": {"user": "jane", "group": ["a"], "resourceAttributes": ATTRIBUTES}},
    ("SelfSubjectAccessReview", AUTHZ): {"spec": {"resourceAttributes": ATTRIBUTES}},
    ("SelfSubjectRulesReview", AUTHZ): {"spec": {"namespace": "shop"}},
    ("Event", "events.k8s.io/v1"): _EVENT,
    ("Event", "events.k8s.io/v1beta1"): _EVENT,
    ("Scale", "extensions/v1beta1"): _SCALE,
    ("Scale", "apps/v1beta1"): _SCALE,
    ("Scale", "apps/v1beta2"): _SCALE,
}


def manifest(kind: str, api_version: str, *, namespaced: bool = True) -> Doc:
    body = MANIFESTS[kind, api_version]
    metadata = {"name": "web"} | ({"namespace": "shop"} if namespaced else {}) | body.get("metadata", {})
    return {"apiVersion": api_version, "kind": kind} | body | {"metadata": metadata}
