/*
 * The program of the test containers: makes the system calls that it is told, in order, with no
 * arguments of meaning.
 *
 *   probe STEP...
 *     NUMBER                    a call of the machine's own ABI
 *     i386:NUMBER               a call of the 32-bit ABI, from this 64-bit program
 *     fork:NUMBER               a call of a child, which ends and is reaped at once
 *     calls:FIRST-LAST:N:USEC   each call of the range, N times over, USEC between two
 *     filter:NUMBER             loads a filter that logs this call and allows all
 *     wait:FILE                 until the file is there
 *     pause                     until killed
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void call(long number) {
  syscall(number, 0L, 0L, 0L, 0L, 0L, 0L);
}

#ifdef __x86_64__
static void call32(long number) {
  long result;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(number), "b"(0), "c"(0), "d"(0), "S"(0), "D"(0)
                   : "memory", "cc", "r8", "r9", "r10", "r11");
}
#else
static void call32(long number) {
  fprintf(stderr, "no 32-bit calls here: %ld\n", number);
  exit(2);
}
#endif

static void forked(long number) {
  pid_t child = fork();
  if (child == 0) {
    call(number);
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

static void calls(long first, long last, long times, long micros) {
  for (long i = 0; i < times; i++) {
    for (long number = first; number <= last; number++) {
      call(number);
      usleep(micros);
    }
  }
}

static void filter(long number) {
  struct sock_filter code[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (unsigned)number},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_LOG},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  struct sock_fprog program = {4, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
      || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
    perror("filter");
    exit(1);
  }
}

int main(int count, char **steps) {
  for (int i = 1; i < count; i++) {
    long number, first, last, times, micros;
    if (sscanf(steps[i], "calls:%ld-%ld:%ld:%ld", &first, &last, &times, &micros) == 4) {
      calls(first, last, times, micros);
    } else if (sscanf(steps[i], "i386:%ld", &number) == 1) {
      call32(number);
    } else if (sscanf(steps[i], "fork:%ld", &number) == 1) {
      forked(number);
    } else if (sscanf(steps[i], "filter:%ld", &number) == 1) {
      filter(number);
    } else if (strncmp(steps[i], "wait:", 5) == 0) {
      while (access(steps[i] + 5, F_OK) != 0) usleep(2000);
    } else if (strcmp(steps[i], "pause") == 0) {
      for (;;) pause();
    } else {
      call(atol(steps[i]));
    }
  }
  return 0;
}
