package io.seccompwatch.http;

import java.nio.charset.StandardCharsets;

/** {@code /}: says what this is and where things are, for a person with a browser. */
public final class FrontPage implements Page {

  private static final String HTML =
      """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8"><title>seccomp-watch</title></head>
      <body><h1>seccomp-watch</h1>
      <p>Shows the seccomp denials that the kernel of this node writes down, and which workload each
      came from. Containers whose denials leave no trace are listed under posture in the status.</p>
      <ul>
      <li><a href="/api/v1/violations">/api/v1/violations</a>: the last violations</li>
      <li><a href="/api/v1/status">/api/v1/status</a>: sources, balance, canary</li>
      <li><a href="/metrics">/metrics</a>: for Prometheus</li>
      <li><a href="/readyz">/readyz</a>, <a href="/livez">/livez</a>: health</li>
      </ul></body></html>
      """;

  @Override
  public Response get(Page.Request request) {
    return new Response(200, "text/html; charset=utf-8", HTML.getBytes(StandardCharsets.UTF_8));
  }
}
