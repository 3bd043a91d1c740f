"""A wrong value fails at the desk, with its name, and not in the cluster."""

import json

import pytest

from support.chart import CHART, VALUES, helm
from support.processes import REPOSITORY

# What is set, and what the refusal names.
WRONG = [
    ("dispatcher.minReplicas=0", "/dispatcher/minReplicas"),
    ("lanes.fcm.minReplicas=0", "/lanes/fcm"),
    ("lanes.fcm.maxReplicas=13", "config.queue.partitions 12"),
    ("dispatcher.maxReplicas=13", "config.queue.partitions 12"),
    ("lanes.fcm.maxReplicas=2,lanes.fcm.minReplicas=3", "maxReplicas only 2"),
    ("lanes.fcm.lagTreshold=5", "lagTreshold"),
    ("lanes.fcm.lagThreshold=0", "lagThreshold"),
    ("lanes.Big_App.replicas=1", "Big_App"),
    ("config.apps.a.type=fcm,config.apps.a.lane=Big_App", "Big_App"),
    ("config.apps.a.type=smoke-signals", "/config/apps/a/type"),
    ("config.apps.a.lane=fcm", "'type'"),
    ("config.queue.brokers=", "/config/queue/brokers"),
    ("config.redis.address=", "/config/redis/address"),
    ("config.queue.partitions=0", "/config/queue/partitions"),
    ("config.qeue.brokers=x", "qeue"),
    ("config.ingress.listen=x", "listen"),
    ("config.ingress.admin_listen=x", "admin_listen"),
    ("config.dispatcher.lanes=x", "lanes"),
    ("config.redis.password=secret", "password"),
    ("config.queue.properties.sasl\\.password=secret", "sasl.password"),
    ("config.apps.a.type=hms,config.apps.a.client_secret=secret", "client_secret"),
    ("ingress.terminationGracePeriodSeconds=25", "to drain takes up to 25 s"),
    ("lanes.fcm.terminationGracePeriodSeconds=8", "to drain takes up to 8 s"),
    ("ingress.autoscaling.minReplicas=11", "minReplicas is more than maxReplicas"),
    ("ingress.autoscaling.targetCPUUtilizationPercentage=0", "targetCPUUtilizationPercentage"),
    ("ingress.replicas=two", "/ingress/replicas"),
    ("ingress.expose.enabled=true", "/ingress/expose/host"),
    ("ingress.service.type=Cluster", "/ingress/service/type"),
    ("image.digest=sha256:abc", "/image/digest"),
    ("image.pullPolicy=Sometimes", "/image/pullPolicy"),
    ("keda.sasl=scram", "/keda/sasl"),
    ("keda.bootstrapServer=x", "bootstrapServer"),
    ("config.queue.brokers=${KAFKA}", "keda.bootstrapServers is needed"),
    ("config.redis.address=${REDIS}", "networkPolicy.redisPorts is needed"),
    ("config.tracing.endpoint=${COLLECTOR}", "networkPolicy.tracingPorts is needed"),
    ("config.tracing.authorization=secret", "authorization"),
    ("networkPolicy.tracingPorts={http}", "/networkPolicy/tracingPorts"),
    ("networkPolicy.providerPorts=null,networkPolicy.kafkaPorts={0}", "/networkPolicy/kafkaPorts"),
    ("networkPolicy.dnsPorts=null,networkPolicy.dnsPorts={dns}", "/networkPolicy/dnsPorts"),
    ("ports.http=70000", "/ports/http"),
    ("monitoring.interval=often", "/monitoring/interval"),
    ("monitoring.rules.enabled=often", "/monitoring/rules/enabled"),
    ("monitoring.rules.file=x", "file"),
    ("sidecars[0].name=tunnel", "image"),
    ("sidecars[0].name=a,sidecars[0].image=b,sidecars[0].restartPolicy=Never", "/sidecars/0"),
    ("topic.create=false", "topic"),
    ("config.apps=null", "apps"),
]


def complaint(*words):
    return helm("template", "push", CHART, *words, status=1)


@pytest.mark.parametrize("setting, named", WRONG, ids=[setting for setting, _ in WRONG])
def test_it_is_refused_by_name(setting, named):
    said = complaint("--values", VALUES["least"], "--set", setting)
    assert named in said
    assert "secret" not in said.replace("client_secret", "").replace("secrets", "")


def test_nothing_at_all_is_refused_by_name():
    said = complaint()
    assert "/config/queue/brokers" in said and "/config/redis/address" in said


def test_the_sections_of_the_configuration_are_those_of_the_reference():
    """A new section has to be let in, and a misspelt one is refused."""
    reference = (REPOSITORY / "common/config/REFERENCE.md").read_text()
    sections = {line[3:] for line in reference.splitlines() if line.startswith("## ")}
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert set(schema["properties"]["config"]["properties"]) == sections
