package io.seccompwatch.http;

import io.seccompwatch.http.RequestReader.HttpRequest;
import io.seccompwatch.http.Site.Access;
import io.seccompwatch.http.Site.RefusedRequests;
import java.net.InetAddress;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Without authorization the query API, which names workloads and what they did, is for the node
 * itself and for {@code kubectl port-forward}; everything else is open. A browser there is not to
 * be used by strangers: a name that is made to lead to loopback (DNS rebinding) is refused.
 *
 * @param listenHost the address that is served, as it was configured
 */
record LoopbackOnly(String listenHost, RefusedRequests denials) implements Access {

  private static final String REMOTE =
      "the query API answers over loopback only: use kubectl port-forward, or set --authorization"
          + " kubernetes\n";

  private static final String FOREIGN =
      "the query API is not served under this Host: ask localhost or 127.0.0.1\n";

  @Override
  public @Nullable Response refuse(String path, HttpRequest asked) {
    if (!Site.isApi(path)) {
      return null;
    }
    // An IPv4 address that is mapped into IPv6 has become IPv4 before it comes here
    if (!asked.peer().isLoopbackAddress()) {
      denials.count(RefusedRequests.Reason.NOT_LOOPBACK);
      return Response.text(403, REMOTE);
    }
    // A target in absolute form brings its own authority, which stands above the Host (RFC 9112,
    // 3.2.2): neither may be foreign
    if (isForeign(asked.target().getRawAuthority()) || isForeign(asked.host())) {
      denials.count(RefusedRequests.Reason.FOREIGN_HOST);
      return Response.text(403, FOREIGN);
    }
    return null;
  }

  private boolean isForeign(@Nullable String authority) {
    return authority != null && !isOwn(name(authority));
  }

  private boolean isOwn(String name) {
    if (name.equals("localhost") || name.equals(listenHost.toLowerCase(Locale.ROOT))) {
      return true;
    }
    try {
      return InetAddress.ofLiteral(name).isLoopbackAddress();
    } catch (IllegalArgumentException e) {
      return false; // a name, which is not looked up
    }
  }

  /** The header without its port and brackets. */
  private static String name(String host) {
    int colon = host.lastIndexOf(':');
    // The colons of an IPv6 address without brackets are its own
    boolean port = colon > 0 && (colon == host.indexOf(':') || host.charAt(colon - 1) == ']');
    String name = port ? host.substring(0, colon) : host;
    boolean bracketed = name.startsWith("[") && name.endsWith("]");
    return (bracketed ? name.substring(1, name.length() - 1) : name).toLowerCase(Locale.ROOT);
  }
}
