package io.seccompwatch.node;

/** What brings the kernel's records to where the agent reads them. */
interface RecordWriter extends AutoCloseable {

  /** The agent's name for the kind of source, {@code audit-log} say. */
  String kind();

  /** The value of {@code --source}. */
  String source();

  /** Waits until so many records will come through. */
  void awaitRoom(int records);

  @Override
  void close();

  /** The bare kernel log: nobody writes anything. */
  static RecordWriter kernelLog() {
    KernelLog.awaitNoDaemon();
    return new RecordWriter() {
      @Override
      public String kind() {
        return "kmsg";
      }

      @Override
      public String source() {
        return "kmsg";
      }

      @Override
      public void awaitRoom(int records) {
        KernelLog.awaitRoom(records);
      }

      @Override
      public void close() {}
    };
  }
}
