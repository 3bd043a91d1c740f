"""What keeps it running when nodes, zones and versions go, and what keeps others out: everything that is
needed gets through, and nothing else."""

import re

import pytest

from support.chart import CHART, VALUES, render
from support.processes import REPOSITORY

WITHOUT_BUDGETS = ("by_variables",)
WITHOUT_POLICIES = ("bare",)
ANYWHERE = ("0.0.0.0/0", "::/0")


def running(rendered):
    return rendered.pods_of("ingress") + rendered.pods_of("dispatcher")


def test_the_ingress_is_scaled_by_its_cpu(rendered, values):
    scaled = rendered.all("HorizontalPodAutoscaler")
    (pod,) = rendered.pods_of("ingress")
    if values.stem == "without_operators":
        assert scaled == [] and pod.document["spec"]["replicas"] == 3
        return
    (scaler,) = scaled
    assert scaler["spec"]["scaleTargetRef"]["name"] == pod.name
    assert 2 <= scaler["spec"]["minReplicas"] < scaler["spec"]["maxReplicas"]
    (metric,) = scaler["spec"]["metrics"]
    assert metric["resource"]["name"] == "cpu"
    # A share of what is requested: without a request it would never be scaled.
    assert metric["resource"]["target"] == {"type": "Utilization", "averageUtilization": 70}
    assert pod.container["resources"]["requests"]["cpu"]
    assert "replicas" not in pod.document["spec"], "the autoscaler's number would be overwritten"


def test_a_drain_of_nodes_takes_one_at_a_time(rendered, values):
    budgets = rendered.all("PodDisruptionBudget")
    wanted = [] if values.stem in WITHOUT_BUDGETS else [pod.name for pod in rendered.pods_of("ingress")]
    if values.stem not in WITHOUT_BUDGETS:
        wanted += [pod.name for pod in rendered.pods_of("dispatcher")]
    assert sorted(one["metadata"]["name"] for one in budgets) == sorted(wanted)
    most = "25%" if values.stem == "placed" else 1
    # Of one replica, too, that lets the node go; minAvailable would not.
    assert all(one["spec"]["maxUnavailable"] == most for one in budgets)


def test_pods_are_spread_over_zones_and_nodes(rendered):
    for pod in running(rendered):
        spread = pod.spec["topologySpreadConstraints"]
        assert [one["topologyKey"] for one in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
        for one in spread:
            assert rendered.selected(one["labelSelector"]["matchLabels"]) == [pod], "its own alone are counted"
            assert one["matchLabelKeys"] == ["pod-template-hash"], "those that are about to go are not"
            assert one["maxSkew"] == 1 and one["whenUnsatisfiable"] == "ScheduleAnyway"


def test_a_new_version_starts_before_an_old_one_ends(rendered):
    for pod in running(rendered):
        assert pod.document["spec"]["strategy"] == {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
        for kind in ("startupProbe", "livenessProbe"):
            assert pod.container[kind]["httpGet"]["path"] == "/health", "trouble elsewhere restarts nothing"
        assert pod.container["readinessProbe"]["httpGet"]["path"] == "/ready"


def test_dispatchers_go_slowly_and_come_fast(rendered, values):
    for one in rendered.all("ScaledObject"):
        behaviour = one["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        assert behaviour["scaleDown"]["stabilizationWindowSeconds"] == 300
        assert {policy["type"]: policy["value"] for policy in behaviour["scaleDown"]["policies"]} == {
            "Percent": 25, "Pods": 1}
        assert behaviour["scaleUp"].get("stabilizationWindowSeconds", 0) == 0
        if values.stem == "by_variables":
            assert "fallback" not in one["spec"]
        else:
            # Kafka that cannot be asked sends nobody home.
            assert one["spec"]["fallback"]["behavior"] == "currentReplicasIfHigher"
            assert one["spec"]["fallback"]["replicas"] == one["spec"]["minReplicaCount"]


# Of each set of values: the ports of DNS, Kafka, Redis and the collector, which may be anywhere.
PORTS = {
    "by_variables": (53, {9092}, {6379}, set()),
    "every_provider": (53, {9092}, {6379}, {443}),
    "exposed": (53, {9092}, {6379}, set()),
    "least": (53, {9092}, {6379}, set()),
    "placed": (53, {9092}, {6379}, set()),
    "secured": (5353, {9093}, {6380}, {4318}),
    "version_6": (53, {9092}, {6379}, set()),
    "without_operators": (53, {9092}, {6379}, set()),
}


def let_out(policy):
    """What a policy lets out to anywhere, and the rules that name where."""
    rules = policy["spec"]["egress"]
    open_to_all = {(port["protocol"], port["port"]) for rule in rules if "to" not in rule for port in rule["ports"]}
    return open_to_all, [rule for rule in rules if "to" in rule]


def test_every_set_of_values_has_its_ports():
    assert set(PORTS) | set(WITHOUT_POLICIES) == set(VALUES)


@pytest.mark.parametrize("component", ["ingress", "dispatcher", "topics"])
def test_nothing_goes_out_but_what_has_to(rendered, values, component):
    if values.stem in WITHOUT_POLICIES:
        assert rendered.all("NetworkPolicy") == []
        return
    dns, kafka, redis, tracing = PORTS[values.stem]
    policies = [one for one in rendered.all("NetworkPolicy") if one["metadata"]["name"].endswith(f"-{component}")]
    assert len(policies) == bool(rendered.pods_of(component))
    for policy in policies:
        anywhere, named = let_out(policy)
        tcp = kafka if component == "topics" else kafka | redis | tracing
        assert anywhere == {("UDP", dns), ("TCP", dns)} | {("TCP", port) for port in tcp}
        if component != "dispatcher":
            assert named == []
            continue
        providers, *extra = named
        assert {(port["protocol"], port["port"]) for port in providers["ports"]} == {("TCP", 443), ("TCP", 2197)}
        blocks = [peer["ipBlock"] for peer in providers["to"]]
        assert [block["cidr"] for block in blocks] == list(ANYWHERE)
        # Inner networks, and the address that clouds tell secrets at.
        assert {"10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16"} <= set(blocks[0]["except"])
        assert {"fc00::/7", "fe80::/10"} <= set(blocks[1]["except"])
        assert len(extra) == (values.stem == "secured")


def test_nothing_comes_in_but_notifications_and_who_watches(rendered, values):
    for policy in rendered.all("NetworkPolicy"):
        component = policy["metadata"]["name"].rpartition("-")[2]
        rules = {port["port"]: rule.get("from") for rule in policy["spec"]["ingress"] for port in rule["ports"]}
        assert set(rules) == {"ingress": {"http", "admin"}, "dispatcher": {"admin"}, "topics": set()}[component]
        if values.stem == "secured" and component != "topics":
            assert "monitoring" in str(rules["admin"])
            assert component == "dispatcher" or "synapse" in str(rules["http"])


def test_what_the_hook_needs_is_there_before_it(rendered, values):
    """In a namespace that lets nothing out, a policy that came with the programs would come too late."""
    hooks = [one for one in rendered.documents if "helm.sh/hook" in one["metadata"].get("annotations", {})]
    weights = {one["kind"]: int(one["metadata"]["annotations"].get("helm.sh/hook-weight", 0)) for one in hooks}
    if values.stem == "by_variables":
        assert hooks == []
        return
    before = {"ConfigMap"} if values.stem in WITHOUT_POLICIES else {"ConfigMap", "NetworkPolicy"}
    assert weights == {"Job": 0, **dict.fromkeys(before, -1)}
    assert len({one["metadata"]["annotations"]["helm.sh/hook"] for one in hooks}) == 1


def test_secrets_are_where_the_pages_say():
    (pod,) = render(VALUES["secured"]).pods_of("dispatcher")
    mounted = {mount["mountPath"] for mount in pod.container["volumeMounts"]}
    for page in CHART / "values.yaml", CHART.parent / "README.md", REPOSITORY / "deploy/REDIS.md":
        for path in re.findall(r"/etc/columba[\w/-]*", page.read_text()):
            assert any(path == one or path.startswith(f"{one}/") for one in mounted - {"/etc/columba"}), (page, path)
