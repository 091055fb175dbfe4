{{- define "proglog.name" -}}
{{- $name := default .Release.Name .Values.fullnameOverride -}}
{{- if gt (len $name) 52 -}}
{{- fail (printf "the release's name %q has %d characters; a ProgLog's has at most 52: set fullnameOverride" $name (len $name)) -}}
{{- end -}}
{{- $name -}}
{{- end -}}

{{- /* The values are the spec, but for those that are Helm's own. An empty name, class or the like leaves its field out. */ -}}
{{- define "proglog.spec" -}}
{{- $spec := deepCopy (omit .Values "global" "fullnameOverride") -}}
{{- $optional := dict
  "" (list "image" "imagePullPolicy" "priorityClassName" "affinity" "securityContext")
  "storage" (list "storageClassName")
  "access" (list "loadBalancerClass")
  "service" (list "loadBalancerClass")
  "tls" (list "secretPrefix" "adminSecret")
  "acl" (list "configMap") -}}
{{- range $object, $fields := $optional -}}
{{- $holder := $spec -}}
{{- /* `helm upgrade --reuse-values` from an older chart has none of the newer objects. */ -}}
{{- if $object -}}{{- $holder = get $spec $object | default dict -}}{{- end -}}
{{- range $field := $fields -}}
{{- if not (get $holder $field) -}}{{- $_ := unset $holder $field -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- /* Of these an empty list means something else than none. */ -}}
{{- if kindIs "invalid" (get $spec "topologySpreadConstraints") -}}{{- $_ := unset $spec "topologySpreadConstraints" -}}{{- end -}}
{{- with get $spec "networkPolicy" -}}
{{- if kindIs "invalid" (get . "clients") -}}{{- $_ := unset . "clients" -}}{{- end -}}
{{- end -}}
{{- toYaml $spec -}}
{{- end -}}
