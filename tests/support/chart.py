"""The Helm chart as it is rendered: its documents, its pods, and the configuration in them."""

import functools
import os
import re
import subprocess

import yaml

from support.processes import REPOSITORY, Failure

CHART = REPOSITORY / "deploy/chart/columba"
TOOLS = REPOSITORY / "build/tools"
VALUES = {path.stem: path for path in sorted(REPOSITORY.glob("tests/chart/values/*.yaml"))}
SECRETS = "/etc/columba-secrets/"


def helm(*arguments, status=0):
    """What helm says on its standard output, or on its standard error when it refuses."""
    command = [TOOLS / "helm", *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != status:
        raise Failure(f"{command} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")
    return ran.stdout if status == 0 else ran.stderr


class Pod:
    """The template of a Deployment or a Job: one container each."""

    def __init__(self, document, rendered):
        self.document = document
        self.rendered = rendered
        self.name = document["metadata"]["name"]
        self.labels = document["spec"]["template"]["metadata"]["labels"]
        self.annotations = document["spec"]["template"]["metadata"].get("annotations", {})
        self.spec = document["spec"]["template"]["spec"]
        (self.container,) = self.spec["containers"]
        self.component = self.labels["app.kubernetes.io/component"]

    @property
    def program(self):
        return self.container["command"][0]

    def volume(self, path):
        """The volume that is mounted there."""
        for mount in self.container["volumeMounts"]:
            if mount["mountPath"] == path:
                return next(one for one in self.spec["volumes"] if one["name"] == mount["name"])
        return None

    def config_text(self):
        """The file that the arguments name, from the ConfigMap that is mounted there."""
        path = self.container["args"][self.container["args"].index("--config") + 1]
        folder, _, name = path.rpartition("/")
        config_map = self.volume(folder)["configMap"]["name"]
        return self.rendered.one("ConfigMap", config_map)["data"][name]

    def config(self):
        return yaml.safe_load(self.config_text())

    def write_config(self, directory):
        """The configuration with the Secrets that this pod has, all of them somewhere else."""
        text = self.config_text()
        for folder, name in set(re.findall(rf"{SECRETS}(\w+)/([\w.-]+)", text)):
            volume = self.volume(SECRETS + folder)
            if volume is not None and volume["secret"]["secretName"]:
                path = directory / folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("http://proxy.example.org:3128")
        path = directory / "columba.yaml"
        path.write_text(text.replace(SECRETS, f"{directory}/"))
        return path

    def environment(self, address):
        """The container's variables on a node that gave the pod this address."""
        made = {}
        for one in self.container.get("env", []):
            field = one.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
            value = address if field == "status.podIP" else one["value"]
            made[one["name"]] = re.sub(r"\$\((\w+)\)", lambda match: made[match[1]], value)
        return made

    def port(self, name):
        return next(one["containerPort"] for one in self.container["ports"] if one["name"] == name)

    def probes(self):
        """(port, path) of each."""
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            get = self.container[kind]["httpGet"]
            yield self.port(get["port"]), get["path"]


class Rendered:
    def __init__(self, text):
        self.text = text
        self.documents = [one for one in yaml.safe_load_all(text) if one]
        self.pods = [
            Pod(one, self) for one in self.documents if one["kind"] in ("Deployment", "Job")
        ]

    def all(self, kind):
        return [one for one in self.documents if one["kind"] == kind]

    def one(self, kind, name):
        return next(one for one in self.all(kind) if one["metadata"]["name"] == name)

    def pods_of(self, component):
        return [pod for pod in self.pods if pod.component == component]

    def selected(self, selector):
        return [pod for pod in self.pods if selector.items() <= pod.labels.items()]


@functools.lru_cache(maxsize=None)
def render(*value_files):
    files = [word for path in value_files for word in ("--values", os.fspath(path))]
    return Rendered(helm("template", "push", CHART, *files))
