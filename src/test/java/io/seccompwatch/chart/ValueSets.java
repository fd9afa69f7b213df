package io.seccompwatch.chart;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Sets of values for the tests that render many. */
final class ValueSets {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** What a switch needs beside it to be let. */
  private static final Map<String, String> BESIDE =
      Map.of(
          "acceptPrivileged", "{source: kmsg}",
          "runAsNonRoot", "{state: {type: emptyDir}}",
          "tls.enabled", "{tls: {secretName: certificate}, podMonitor: {enabled: true}}",
          "tls.authorization",
              "{tls: {enabled: true, secretName: certificate,"
                  + " scrapers: [{namespace: monitoring, name: prometheus}],"
                  + " readers: [{namespace: monitoring, name: reader}]},"
                  + " serviceMonitor: {enabled: true, tokenSecret: token}}",
          "namespace.create", "{namespaceOverride: other}",
          "networkPolicy.enabled",
              "{networkPolicy: {apiServerCidrs: [10.0.0.1/32],"
                  + " ingressFrom: [{namespaceSelector: {matchLabels: {name: monitoring}}}]}}");

  /** More than a switch can say. */
  private static final List<String> OTHERS =
      List.of(
          "{}",
          "image: {registry: 'registry.example:5000', tag: v1, digest: 'sha256:"
              + "0123456789abcdef".repeat(4)
              + "'}",
          "imagePullSecrets: [registry]",
          "commonLabels: {team: security}",
          "updateStrategy: {type: OnDelete}",
          "updateStrategy: {maxUnavailable: 1}",
          "resources: {limits: {cpu: 500m}}",
          "javaOptions: -Xmx32m",
          "listen: {host: '[::]', port: 19326}",
          "{nodeSystem: cos, listen: {host: 127.0.0.1}}",
          "kubernetes: {events: none}",
          "{networkPolicy: {enabled: true}, kubernetes: {enabled: false}}",
          "posture: {runtime: containerd}",
          "openshift: {securityContextConstraints: true}",
          "podMonitor: {enabled: true, interval: 30s, scrapeTimeout: 10s, labels: {release: p},"
              + " relabelings: [{targetLabel: cluster, replacement: c1}],"
              + " metricRelabelings: [{action: drop, sourceLabels: [__name__], regex: jvm_.*}]}",
          "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution:"
              + " {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]}}}",
          "tolerations: [{key: a, operator: Equal, value: b, effect: NoExecute,"
              + " tolerationSeconds: 5}]",
          "test: {podLabels: {a: b}, nodeSelector: {kubernetes.io/arch: amd64},"
              + " tolerations: [{operator: Exists}]}",
          "{podLabels: {a: b}, podAnnotations: {c: d}, nodeSelector: {pool: cos},"
              + " priorityClassName: '', serviceAccount: {annotations: {e: f}}}",
          "{extraArgs: ['--series-limit', '10'], extraEnv: [{name: A, value: b}],"
              + " extraVolumes: [{name: x, emptyDir: {}}],"
              + " extraVolumeMounts: [{name: x, mountPath: /x}]}",
          "extraManifests: [{apiVersion: v1, kind: ConfigMap, metadata: {name: more},"
              + " data: {release: '{{ .Release.Name }}'}}]");

  private ValueSets() {}

  /** Every switch of the values turned over, with what it needs beside it, and some more. */
  static List<String> switches() {
    List<String> sets = new ArrayList<>(OTHERS);
    switches(Chart.defaults(), Chart.schema(), "")
        .forEach(
            (path, value) -> {
              JsonNode beside = Chart.documents(BESIDE.getOrDefault(path, "{}")).getFirst();
              ObjectNode set = ((ObjectNode) beside).deepCopy();
              ObjectNode at = set;
              String[] keys = path.split("\\.", -1);
              for (int i = 0; i < keys.length - 1; i++) {
                at = at.withObjectProperty(keys[i]);
              }
              at.set(keys[keys.length - 1], value);
              sets.add(set.toString());
            });
    return sets;
  }

  /** By path, what each switch is not by default: the other truth value, or both. */
  private static Map<String, JsonNode> switches(JsonNode values, JsonNode schema, String prefix) {
    Map<String, JsonNode> found = new TreeMap<>();
    for (Map.Entry<String, JsonNode> field : values.properties()) {
      String path = prefix + field.getKey();
      JsonNode of = schema.path("properties").path(field.getKey());
      if (field.getValue().isBoolean()) {
        found.put(path, JSON.valueToTree(!field.getValue().asBoolean()));
      } else if (field.getValue().asText().equals("auto") && of.toString().contains("true")) {
        found.put(path, JSON.valueToTree(true));
      } else if (field.getValue().isObject()) {
        found.putAll(switches(field.getValue(), of, path + "."));
      }
    }
    return found;
  }
}
