package io.seccompwatch.kubernetes;

import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import java.net.http.HttpClient;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Makes HTTP clients of the JDK with threads that go when nothing is asked: two, since none ever
 * waits for a body to be read. Redirects are not followed: the API server sends none, and a token
 * is for it alone. Thread-safe.
 */
final class HttpClientFactory extends JdkHttpClientFactory implements AutoCloseable {

  private static final int THREADS = 2;
  private static final int IDLE_SECONDS = 10;

  private final ThreadPoolExecutor threads =
      new ThreadPoolExecutor(
          THREADS,
          THREADS,
          IDLE_SECONDS,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          task -> {
            Thread thread = new Thread(task, "kubernetes-http");
            thread.setDaemon(true);
            return thread;
          });

  HttpClientFactory() {
    threads.allowCoreThreadTimeOut(true);
  }

  @Override
  protected HttpClient.Builder createNewHttpClientBuilder() {
    return HttpClient.newBuilder().executor(threads);
  }

  @Override
  protected void additionalConfig(HttpClient.Builder builder) {
    builder.followRedirects(HttpClient.Redirect.NEVER);
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
