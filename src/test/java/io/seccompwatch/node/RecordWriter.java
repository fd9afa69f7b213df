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

  /**
   * The kernel's audit socket.
   *
   * @param beside what else takes the records
   */
  static RecordWriter auditSocket(AutoCloseable beside) {
    return new RecordWriter() {
      @Override
      public String kind() {
        return "audit-netlink";
      }

      @Override
      public String source() {
        return "audit-netlink";
      }

      @Override
      public void awaitRoom(int records) {
        // No limit of printk's holds here
      }

      @Override
      public void close() {
        try {
          beside.close();
        } catch (Exception e) {
          throw new AssertionError("cannot end what was beside", e);
        }
      }
    };
  }
}
