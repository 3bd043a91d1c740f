{{- define "columba.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Short enough for "-dispatcher-<lane>" to follow. */}}
{{- define "columba.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 30 | trimSuffix "-" -}}
{{- else if contains (include "columba.name" .) .Release.Name -}}
{{- .Release.Name | trunc 30 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "columba.name" .) | trunc 30 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "columba.selector" -}}
app.kubernetes.io/name: {{ include "columba.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "columba.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{ include "columba.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "columba.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "columba.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "columba.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A duration of the configuration in whole seconds, rounded up; the default is the program's. */}}
{{- define "columba.seconds" -}}
{{- $text := toString . -}}
{{- $number := regexFind "^[0-9]+" $text | int -}}
{{- $unit := regexFind "[a-z]*$" $text -}}
{{- if eq $unit "ms" -}}{{- div (add $number 999) 1000 -}}
{{- else -}}{{- mul $number (get (dict "" 1 "s" 1 "m" 60 "h" 3600 "d" 86400) $unit) -}}
{{- end -}}
{{- end -}}

{{- define "columba.prefix" -}}
{{- dig "queue" "prefix" "columba." .Values.config -}}
{{- end -}}

{{- define "columba.partitions" -}}
{{- dig "queue" "partitions" 12 .Values.config | int -}}
{{- end -}}

{{/* Every lane that an app names or that has values, as a JSON list. */}}
{{- define "columba.lanes" -}}
{{- $lanes := dict -}}
{{- range $name, $_ := .Values.lanes -}}
{{- $_ := set $lanes $name true -}}
{{- end -}}
{{- range $id, $app := .Values.config.apps -}}
{{- if ne $app.type "retired" -}}
{{- $lane := default (ternary "fcm" $app.type (eq $app.type "gcm")) $app.lane -}}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9]{0,18}[a-z0-9])?$" $lane) -}}
{{- fail (printf "config.apps.%s: its lane %q cannot be part of a Kubernetes name: use at most 20 small letters, digits and dashes" $id $lane) -}}
{{- end -}}
{{- $_ := set $lanes $lane true -}}
{{- end -}}
{{- end -}}
{{- keys $lanes | sortAlpha | toJson -}}
{{- end -}}

{{/* The values of a lane: (list $ "fcm") as JSON, what lanes.<name> says before what dispatcher says. */}}
{{- define "columba.lane" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $partitions := include "columba.partitions" $root | int -}}
{{- $own := default dict (get $root.Values.lanes $name) -}}
{{- $lane := mergeOverwrite (deepCopy $root.Values.dispatcher) (deepCopy $own) -}}
{{- $most := default $partitions $lane.maxReplicas | int -}}
{{- if gt $most $partitions -}}
{{- fail (printf "lane %s: maxReplicas is %d, but with config.queue.partitions %d the dispatchers beyond that have nothing to do" $name $most $partitions) -}}
{{- end -}}
{{- if gt (int $lane.minReplicas) $most -}}
{{- fail (printf "lane %s: minReplicas is %d, and maxReplicas only %d" $name (int $lane.minReplicas) $most) -}}
{{- end -}}
{{- $_ := set $lane "maxReplicas" $most -}}
{{- toJson $lane -}}
{{- end -}}

{{/* columba.yaml for (list $ "ingress"), (list $ "tool") or (list $ "dispatcher" "fcm"): the values, and
     what the chart sets. Each program gets what it reads, so that others do not restart for it. */}}
{{- define "columba.config" -}}
{{- $root := index . 0 -}}
{{- $role := index . 1 -}}
{{- $config := deepCopy $root.Values.config -}}
{{- $admin := printf "${COLUMBA_HOST}:%d" (int $root.Values.ports.admin) -}}
{{- if eq $role "ingress" -}}
{{- $listen := dict "listen" (printf "${COLUMBA_HOST}:%d" (int $root.Values.ports.http)) "admin_listen" $admin -}}
{{- $_ := set $config "ingress" (merge $listen (default dict $config.ingress)) -}}
{{- $config = omit $config "dispatcher" -}}
{{- else if eq $role "dispatcher" -}}
{{- $own := dict "admin_listen" $admin "lanes" (list (index . 2)) -}}
{{- $_ := set $config "dispatcher" (merge $own (default dict $config.dispatcher)) -}}
{{- $config = omit $config "ingress" -}}
{{- else -}}
{{- $_ := set $config "dispatcher" (dict "lanes" (include "columba.lanes" $root | fromJsonArray)) -}}
{{- $config = omit $config "ingress" -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{- define "columba.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "columba.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* The pod's own address, as the configuration writes it. */}}
{{- define "columba.env" -}}
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: COLUMBA_HOST
  value: {{ ternary "[$(POD_IP)]" "$(POD_IP)" .Values.ipv6 | quote }}
{{- end -}}

{{- define "columba.mounts" -}}
- name: config
  mountPath: /etc/columba
  readOnly: true
{{- if .Values.secrets.shared }}
- name: shared
  mountPath: /etc/columba-secrets/shared
  readOnly: true
{{- end }}
{{- end -}}

{{/* (list $ "name of the ConfigMap") */}}
{{- define "columba.volumes" -}}
{{- $root := index . 0 -}}
- name: config
  configMap:
    name: {{ index . 1 }}
{{- with $root.Values.secrets.shared }}
- name: shared
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- end -}}

{{/* Kubernetes starts these before the program and ends them after it has drained. */}}
{{- define "columba.sidecars" -}}
{{- with .Values.sidecars }}
initContainers:
{{- range . }}
  - {{- merge (dict "restartPolicy" "Always") . | toYaml | nindent 4 }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "columba.probes" -}}
startupProbe:
  httpGet: {path: /health, port: admin}
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /health, port: admin}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /ready, port: admin}
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 2
{{- end -}}

{{/* (list $ values labels): where pods run. The labels tell those that are to be spread. */}}
{{- define "columba.placement" -}}
{{- $root := index . 0 -}}
{{- $values := index . 1 -}}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels: {{- include "columba.selector" $root | nindent 8 }}
        {{- toYaml (index $ 2) | nindent 8 }}
{{- end }}
{{- end -}}

{{/* (list $ seconds wanted what): the grace that a pod gets, longer than what it needs to drain. */}}
{{- define "columba.grace" -}}
{{- $needed := index . 1 | int -}}
{{- $wanted := index . 2 -}}
{{- if kindIs "invalid" $wanted -}}
{{- add $needed 15 -}}
{{- else if le (int $wanted) $needed -}}
{{- fail (printf "%s.terminationGracePeriodSeconds is %d, but to drain takes up to %d s" (index . 3) (int $wanted) $needed) -}}
{{- else -}}
{{- int $wanted -}}
{{- end -}}
{{- end -}}

{{- define "columba.scrapeAnnotations" -}}
{{- if and .Values.monitoring.annotations (not .Values.monitoring.enabled) -}}
prometheus.io/scrape: "true"
prometheus.io/port: {{ .Values.ports.admin | quote }}
prometheus.io/path: /metrics
{{- end -}}
{{- end -}}

{{/* Ports of a comma-separated list of addresses, as a JSON list; those of a list, when it has any. */}}
{{- define "columba.ports" -}}
{{- $ports := index . 0 -}}
{{- if not $ports -}}
{{- $ports = list -}}
{{- range splitList "," (index . 1) -}}
{{- with regexFind "[0-9]+$" (trim .) -}}
{{- $ports = append $ports (int .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not $ports -}}
{{- fail (printf "networkPolicy.%s is needed: %q names no port" (index . 2) (index . 1)) -}}
{{- end -}}
{{- $ports | uniq | toJson -}}
{{- end -}}

{{/* Those of the collector that config.tracing.endpoint names; none without one. */}}
{{- define "columba.tracingPorts" -}}
{{- $endpoint := toString (default "" (default dict .Values.config.tracing).endpoint) -}}
{{- $authority := regexReplaceAll "^https?://([^/]*).*$" $endpoint "${1}" -}}
{{- if not $endpoint -}}
[]
{{- else if or .Values.networkPolicy.tracingPorts (regexMatch ":[0-9]+$" $authority) -}}
{{- include "columba.ports" (list .Values.networkPolicy.tracingPorts $authority "tracingPorts") -}}
{{- else if regexMatch "^https?://[^$/]" $endpoint -}}
[{{ hasPrefix "https" $endpoint | ternary 443 80 }}]
{{- else -}}
{{- fail (printf "networkPolicy.tracingPorts is needed: %q names no port" $endpoint) -}}
{{- end -}}
{{- end -}}
