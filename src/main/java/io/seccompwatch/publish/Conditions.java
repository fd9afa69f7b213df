package io.seccompwatch.publish;

import io.seccompwatch.attribution.ProcessEventsStatus;
import io.seccompwatch.publish.ContainerTable.ContainerSeries;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * How the parts of the agent are doing beside the books, each asked at the moment of a scrape.
 *
 * @param sources the sources
 * @param logLines lines of the violations log, by what became of them
 * @param events violations by what became of them as Kubernetes Events; empty when there are none
 * @param kubernetes the reading of pods
 * @param processEvents the process connector
 * @param containers the seccomp posture of the node's containers
 * @param kernelAudit the kernel's audit system
 * @param endpoint the server of these metrics
 */
public record Conditions(
    Supplier<List<SourceStatus>> sources,
    Supplier<Map<String, Long>> logLines,
    Supplier<Map<String, Long>> events,
    Supplier<KubernetesStatus> kubernetes,
    Supplier<ProcessEventsStatus> processEvents,
    Supplier<ContainerSeries.Bounded> containers,
    Supplier<KernelAuditStatus> kernelAudit,
    Supplier<EndpointStatus> endpoint) {}
