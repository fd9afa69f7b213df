/*
 * Makes records: a filter logs one call, which is then made again and again.
 *
 *   logstorm NUMBER COUNT PROCESSES
 *     NUMBER     the call; one that does nothing with arguments that are all 0
 *     COUNT      how often each process makes it
 *     PROCESSES  how many do so at once
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what) {
  perror(what);
  exit(1);
}

int main(int count, char **args) {
  if (count != 4) return 2;
  long number = atol(args[1]);
  long calls = atol(args[2]);
  long processes = atol(args[3]);
  struct sock_filter code[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (unsigned)number},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_LOG},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  struct sock_fprog program = {4, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) die("no_new_privs");
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) die("seccomp");
  for (long i = 0; i < processes; i++) {
    pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) {
      for (long j = 0; j < calls; j++) syscall(number, 0L, 0L, 0L, 0L, 0L, 0L);
      _exit(0);
    }
  }
  for (long i = 0; i < processes; i++) {
    int status;
    if (wait(&status) < 0 || status != 0) die("wait");
  }
  return 0;
}
