/*
 * Tells of which actions of a seccomp filter the kernel writes a record: one line for each action,
 * without and with SECCOMP_FILTER_FLAG_LOG, "ACTION 0|1 record|silent". Listens to the audit
 * multicast itself, so that what it says owes nothing to the program under test.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
  const char *name;
  unsigned value;
} actions[] = {
    {"kill_process", SECCOMP_RET_KILL_PROCESS},
    {"kill_thread", SECCOMP_RET_KILL_THREAD},
    {"trap", SECCOMP_RET_TRAP},
    {"errno", SECCOMP_RET_ERRNO | 1},
    {"user_notif", SECCOMP_RET_USER_NOTIF},
    {"trace", SECCOMP_RET_TRACE},
    {"log", SECCOMP_RET_LOG},
    {"allow", SECCOMP_RET_ALLOW},
    {"unknown", 0x00010000},
};

static void fail(const char *what) {
  perror(what);
  exit(2);
}

/* The child: makes one call that its filter answers with the action. */
static void child(unsigned action, int flag) {
  struct timespec { long seconds, nanos; } interval;
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_rr_get_interval, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, action),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("no_new_privs");
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag ? SECCOMP_FILTER_FLAG_LOG : 0, &program) != 0)
    fail("seccomp");
  syscall(SYS_sched_rr_get_interval, 0, &interval);
  _exit(0);
}

/*
 * A message of the sender's own marks the end: whatever the kernel wrote of the child before has
 * come before it, for the multicast keeps the order of writing. Of this type, because no other
 * passes while auditing is switched off.
 */
static void mark(int sender, const char *text) {
  struct {
    struct nlmsghdr header;
    char text[64];
  } message = {{0}};
  snprintf(message.text, sizeof message.text, "%s", text);
  message.header.nlmsg_len = NLMSG_LENGTH(strlen(text) + 1);
  message.header.nlmsg_type = AUDIT_USER_AVC;
  message.header.nlmsg_flags = NLM_F_REQUEST;
  if (send(sender, &message, message.header.nlmsg_len, 0) < 0) fail("mark");
}

static int recorded(int listener, pid_t child, const char *end) {
  char buffer[9216], wanted[32];
  int seen = 0;
  snprintf(wanted, sizeof wanted, " pid=%d ", child);
  for (;;) {
    struct pollfd ready = {listener, POLLIN, 0};
    if (poll(&ready, 1, 10000) <= 0) fail("the mark does not come");
    ssize_t length = recv(listener, buffer, sizeof buffer - 1, 0);
    if (length < (ssize_t) sizeof(struct nlmsghdr)) continue;
    buffer[length] = 0;
    const struct nlmsghdr *header = (const void *) buffer;
    const char *text = buffer + sizeof *header;
    if (header->nlmsg_type == AUDIT_SECCOMP && strstr(text, wanted)) seen = 1;
    if (header->nlmsg_type == AUDIT_USER_AVC && strstr(text, end)) return seen;
  }
}

int main(void) {
  struct sockaddr_nl address = {AF_NETLINK, 0, 0, AUDIT_NLGRP_READLOG};
  int listener = socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
  int sender = socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
  if (listener < 0 || sender < 0) fail("socket");
  if (bind(listener, (void *) &address, sizeof address) != 0) fail("bind");
  for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
    for (int flag = 0; flag < 2; flag++) {
      char end[48];
      pid_t pid = fork();
      if (pid < 0) fail("fork");
      if (pid == 0) child(actions[i].value, flag);
      waitpid(pid, NULL, 0);
      snprintf(end, sizeof end, "actions-%d-%zu-%d", getpid(), i, flag);
      mark(sender, end);
      printf("%s %d %s\n", actions[i].name, flag, recorded(listener, pid, end) ? "record" : "silent");
      fflush(stdout);
    }
  }
  return 0;
}
