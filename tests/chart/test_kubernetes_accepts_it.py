"""What is rendered is what Kubernetes, KEDA and the Prometheus operator understand, and fits together."""

import re
import subprocess
from urllib.parse import urlsplit

import pytest
import yaml

from support.chart import CHART, TOOLS, VALUES, helm, render
from support.processes import REPOSITORY

SCHEMAS = TOOLS / "schemas"


def kubeconform(text, status=0):
    location = f"{SCHEMAS}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    command = [TOOLS / "kubeconform", "-strict", "-summary", "-schema-location", location, "-"]
    ran = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert ran.returncode == status, ran.stdout + ran.stderr
    return ran.stdout


def kafka_trigger_keys():
    """What KEDA's Kafka scaler reads of a trigger's metadata, from its source, with what is allowed."""
    source = (SCHEMAS / "kafka_scaler.go").read_text()
    body = re.search(r"type kafkaMetadata struct \{(.*?)\n\}", source, re.DOTALL)[1]
    keys = {}
    for tag in re.findall(r'`keda:"([^"]*)"`', body):
        fields = dict(part.partition("=")[::2] for part in tag.split(","))
        if "triggerMetadata" in fields["order"].split(";"):
            keys[fields["name"]] = fields["enum"].split(";") if "enum" in fields else None
    return keys


def test_the_linter_has_nothing_to_say(values):
    helm("lint", "--strict", CHART, "--values", values)


def test_every_field_is_one_of_kubernetes(rendered):
    assert f"{len(rendered.documents)} resources found" in kubeconform(rendered.text)


@pytest.mark.parametrize("right, wrong", [
    ("pollingInterval:", "polingInterval:"),
    ("terminationGracePeriodSeconds:", "gracePeriodSeconds:"),
    ("podMetricsEndpoints:", "podMetricEndpoints:"),
    ("expr: ", "expression: "),
    ("lagThreshold: ", "lagThreshold: 5 # "),
])
def test_a_wrong_field_would_be_seen(right, wrong):
    text = render(VALUES["exposed"]).text
    assert right in text
    kubeconform(text.replace(right, wrong), status=1)


def test_keda_knows_every_key_of_its_triggers(rendered):
    """They are free strings to the schema: a slip of the pen would scale nothing."""
    known = kafka_trigger_keys()
    assert {"lagThreshold", "offsetResetPolicy", "consumerGroup"} <= set(known)
    for scaled in rendered.all("ScaledObject"):
        for trigger in scaled["spec"]["triggers"]:
            assert trigger["type"] == "kafka"
            for key, value in trigger["metadata"].items():
                assert key in known
                assert known[key] is None or value in known[key]
            assert {"bootstrapServers", "consumerGroup", "topic"} <= set(trigger["metadata"])
            assert trigger["metadata"]["offsetResetPolicy"] == "earliest"


def test_each_lane_is_scaled_between_one_and_its_partitions(rendered, values):
    scaled = rendered.all("ScaledObject")
    dispatchers = rendered.pods_of("dispatcher")
    if values.stem in ("without_operators", "bare"):
        assert scaled == []
        assert all(pod.document["spec"]["replicas"] >= 1 for pod in dispatchers)
        return
    targets = [one["spec"]["scaleTargetRef"]["name"] for one in scaled]
    assert targets == [pod.name for pod in dispatchers]
    for one, pod in zip(scaled, dispatchers):
        config = pod.config()
        (lane,) = config["dispatcher"]["lanes"]
        metadata = one["spec"]["triggers"][0]["metadata"]
        prefix = config["queue"].get("prefix", "columba.")
        assert metadata["topic"] == f"{prefix}push.{lane}"
        assert metadata["consumerGroup"] == f"{prefix}{lane}"
        most = config["queue"].get("partitions", 12)
        assert 1 <= one["spec"]["minReplicaCount"] <= one["spec"]["maxReplicaCount"] <= most
        assert "replicas" not in pod.document["spec"], "the autoscaler's number would be overwritten"
        assert "idleReplicaCount" not in one["spec"], "retry topics are always read"


def test_names_are_short_enough_and_told_apart(rendered):
    names = [(one["kind"], one["metadata"]["name"]) for one in rendered.documents]
    assert len(set(names)) == len(names)
    assert max(len(name) for _, name in names) <= 63


def test_selectors_select_their_own_pods_alone(rendered):
    for document in rendered.all("Deployment"):
        selector = document["spec"]["selector"]["matchLabels"]
        assert [pod.name for pod in rendered.selected(selector)] == [document["metadata"]["name"]]
    for budget in rendered.all("PodDisruptionBudget"):
        selector = budget["spec"]["selector"]["matchLabels"]
        assert [pod.name for pod in rendered.selected(selector)] == [budget["metadata"]["name"]]
    for service in rendered.all("Service"):
        (pod,) = rendered.selected(service["spec"]["selector"])
        assert pod.component == "ingress"
        for port in service["spec"]["ports"]:
            assert pod.port(port["targetPort"])
    for monitor in rendered.all("PodMonitor"):
        watched = rendered.selected(monitor["spec"]["selector"]["matchLabels"])
        assert watched, monitor["metadata"]["name"]
        for pod in watched:
            for endpoint in monitor["spec"]["podMetricsEndpoints"]:
                assert pod.port(endpoint["port"]) == pod.port("admin")


def test_every_pod_has_a_network_policy(rendered, values):
    policies = rendered.all("NetworkPolicy")
    if values.stem == "bare":
        assert policies == []
        return
    for pod in rendered.pods:
        (policy,) = [
            one for one in policies
            if one["spec"]["podSelector"]["matchLabels"].items() <= pod.labels.items()
        ]
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
        named = {
            port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]
        }
        assert named == {port["name"] for port in pod.container.get("ports", [])}
        reached = {
            port["port"] for rule in policy["spec"]["egress"] if "to" not in rule
            for port in rule["ports"]
        }
        brokers = pod.config()["queue"]["brokers"].replace("${KAFKA_BROKERS}", "kafka:9092")
        assert {int(one.rpartition(":")[2]) for one in brokers.split(",")} <= reached
        endpoint = pod.config().get("tracing", {}).get("endpoint")
        if endpoint and pod.component != "topics":
            assert (urlsplit(endpoint).port or 443) in reached
        others = [rule for rule in policy["spec"]["egress"] if "to" in rule]
        assert (len(others) > 0) == (pod.component == "dispatcher")


def test_alerts_are_those_that_are_tested(rendered, values):
    """Word for word: the dollars and braces in them are Prometheus', not Helm's."""
    rules = rendered.all("PrometheusRule")
    if values.stem != "exposed":
        assert rules == []
        return
    (rule,) = rules
    tested = yaml.safe_load((REPOSITORY / "deploy/monitoring/alerts.yaml").read_text())
    assert rule["spec"] == tested
    assert {"release": "prometheus", "role": "alerts"}.items() <= rule["metadata"]["labels"].items()
    assert all("role" not in one["metadata"]["labels"] for one in rendered.all("PodMonitor"))


def test_without_the_prometheus_operator_nothing_is_its(rendered, values):
    kinds = {one["kind"] for one in rendered.documents if "coreos" in one["apiVersion"]}
    assert kinds == {"exposed": {"PodMonitor", "PrometheusRule"}, "secured": {"PodMonitor"}}.get(
        values.stem, set()
    )


def test_pods_keep_to_the_restricted_profile(rendered):
    """Kubernetes' Pod Security Standards, and a root file system that cannot be written."""
    for pod in rendered.pods:
        security = pod.spec["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] > 0
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        own = pod.container["securityContext"]
        assert own["allowPrivilegeEscalation"] is False
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert own["readOnlyRootFilesystem"] is True
        assert pod.spec["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod.spec)
        assert all({"configMap", "secret"} & set(volume) for volume in pod.spec["volumes"])
        assert all("hostPort" not in port for port in pod.container.get("ports", []))
        assert {"requests", "limits"} <= set(pod.container["resources"])


def test_sidecars_run_for_as_long_as_the_program(rendered, values):
    """What is one to Kubernetes begins before it and ends after it: a tunnel outlives the drain."""
    for pod in rendered.pods:
        beside = pod.spec.get("initContainers", [])
        has_some = values.stem == "secured" and pod.component in ("ingress", "dispatcher")
        assert [one["name"] for one in beside] == (["redis-tunnel"] if has_some else [])
        assert all(one["restartPolicy"] == "Always" for one in beside)


def test_secrets_of_providers_are_in_dispatchers_alone(rendered):
    for pod in rendered.pods:
        names = {volume["name"] for volume in pod.spec["volumes"] if "secret" in volume}
        assert "providers" not in names or pod.component == "dispatcher"


def test_all_pods_have_one_image_and_the_chart_its_version(rendered):
    assert len({pod.container["image"] for pod in rendered.pods}) == 1
    listed = (REPOSITORY / "CMakeLists.txt").read_text()
    version = re.search(r"project\(columba VERSION ([0-9.]+)", listed)[1]
    assert f"appVersion: {version}\n" in (CHART / "Chart.yaml").read_text()


def test_a_changed_configuration_restarts_whom_it_concerns(rendered, values, tmp_path):
    """Other pods keep running: a rollout of everything would be a rebalance of everything."""
    changed = tmp_path / "changed.yaml"
    changed.write_text("config: {ingress: {device_limit: 999}}\n")
    other = render(values, changed)
    for before, after in zip(rendered.pods, other.pods):
        same = before.annotations.get("checksum/config") == after.annotations.get("checksum/config")
        assert same == (before.component != "ingress")


def test_the_notes_are_of_this_installation(values):
    words = ["--values", values, "--dry-run=client", "--namespace", "matrix"]
    notes = helm("install", "push", CHART, *words).partition("NOTES:")[2]
    assert ".matrix.svc:" in notes and "/_matrix/push/v1/notify" in notes
    assert ("KEDA is not used" in notes) == (values.stem in ("without_operators", "bare"))
