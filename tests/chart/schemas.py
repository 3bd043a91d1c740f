#!/usr/bin/python3
"""Writes the schemas that kubeconform takes, one file for each kind, and strict: an unknown field is
an error.

    schemas.py OUTPUT KUBERNETES KEDA PROMETHEUS_OPERATOR    directories of the sources
"""

import json
import shutil
import sys
from pathlib import Path

import yaml

QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
KINDS = {
    "Deployment", "Job", "ConfigMap", "Service", "ServiceAccount", "Secret", "Ingress",
    "NetworkPolicy", "PodDisruptionBudget", "HorizontalPodAutoscaler",
}


def strict(node):
    """Closes objects, and says what an int-or-string and a quantity may be."""
    if isinstance(node, list):
        return [strict(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {name: strict(value) for name, value in node.items() if not name.startswith("x-")}
    if node.get("format") == "int-or-string" or node.get("x-kubernetes-int-or-string"):
        made.pop("format", None)
        made["type"] = ["string", "integer"]
    if isinstance(node.get("properties"), dict) and "additionalProperties" not in node:
        if not node.get("x-kubernetes-preserve-unknown-fields"):
            made["additionalProperties"] = False
    return made


def reachable(name, definitions, found):
    """The names of all definitions that one refers to."""
    if name in found:
        return found
    found.add(name)
    for part in json.dumps(definitions[name]).split('"#/definitions/')[1:]:
        reachable(part.partition('"')[0], definitions, found)
    return found


def file_of(kind, group, version):
    """As kubeconform's {{.ResourceKind}}{{.KindSuffix}}."""
    middle = f"{group.partition('.')[0]}-" if group else ""
    return f"{kind.lower()}-{middle}{version}.json"


def of_kubernetes(directory):
    definitions = json.loads((directory / "api/openapi-spec/swagger.json").read_text())["definitions"]
    closed = {name: strict(one) for name, one in definitions.items()}
    closed[QUANTITY] = {"type": ["string", "number"]}
    for name, definition in definitions.items():
        for what in definition.get("x-kubernetes-group-version-kind", []):
            if what["kind"] in KINDS:
                needed = reachable(name, closed, set())
                whole = {**closed[name], "definitions": {one: closed[one] for one in needed}}
                yield file_of(what["kind"], what["group"], what["version"]), whole


def of_custom_resources(*paths):
    for path in paths:
        resource = yaml.load(path.read_text(), yaml.CSafeLoader)["spec"]
        for version in resource["versions"]:
            name = file_of(resource["names"]["kind"], resource["group"], version["name"])
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            yield name, schema


def main():
    output, kubernetes, keda, operator = map(Path, sys.argv[1:])
    output.mkdir(parents=True)
    schemas = [
        *of_kubernetes(kubernetes),
        *of_custom_resources(
            keda / "config/crd/bases/keda.sh_scaledobjects.yaml",
            *(operator / f"example/prometheus-operator-crd/monitoring.coreos.com_{kind}.yaml"
              for kind in ("podmonitors", "prometheusrules")),
        ),
    ]
    for name, schema in schemas:
        (output / name).write_text(json.dumps(schema))
    shutil.copyfile(keda / "pkg/scalers/kafka_scaler.go", output / "kafka_scaler.go")


if __name__ == "__main__":
    main()
