/*
 * Has children killed by a seccomp filter, and reaps each at once.
 *
 *   killstorm PROCS GO NUMBER COUNT FORKS
 *     PROCS    the cgroup.procs of the container that it moves into
 *     GO       waits until this file is there
 *     NUMBER   the call that kills, by which the record tells whose it is
 *     COUNT    how many children are killed
 *     FORKS    how many children that only end come before each of them
 *
 * One child in three is a grandchild, one in three runs the program anew before it dies.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void filter(unsigned number) {
  struct sock_filter code[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, number},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  struct sock_fprog program = {4, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) die("no_new_privs");
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) die("seccomp");
}

static void reap(pid_t child) {
  if (child < 0) die("fork");
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
  }
}

static void killed(int how, long number, char *self, char *text) {
  if (how == 1) {
    pid_t child = fork();
    if (child != 0) {
      reap(child);
      _exit(0);
    }
  } else if (how == 2) {
    execl(self, self, "now", text, NULL);
  }
  syscall(number, 0L, 0L, 0L, 0L, 0L, 0L);
  _exit(3);
}

int main(int count, char **args) {
  if (count == 3) killed(0, atol(args[2]), args[0], args[2]);
  if (count == 6) {
    int procs = open(args[1], O_WRONLY);
    if (procs < 0 || write(procs, "0", 1) != 1) die(args[1]);
    close(procs);
    execl(args[0], args[0], args[1], args[2], args[3], args[4], args[5], "moved", NULL);
    die(args[0]);
  }
  if (count != 7) return 2;
  long number = atol(args[3]);
  filter((unsigned)number);
  printf("ready\n");
  fflush(stdout);
  while (access(args[2], F_OK) != 0) usleep(2000);
  for (long i = 0; i < atol(args[4]); i++) {
    for (long j = 0; j < atol(args[5]); j++) {
      pid_t child = fork();
      if (child == 0) _exit(0);
      reap(child);
    }
    pid_t child = fork();
    if (child == 0) killed((int)(i % 3), number, args[0], args[3]);
    reap(child);
  }
  return 0;
}
