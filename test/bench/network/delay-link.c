/*
 * delay-link NETNS_A NETNS_B DELAY_MS
 *
 * Joins two network namespaces by a TUN device in each, named link0: every packet written into one comes out of the
 * other DELAY_MS later, in order, at any rate. For kernels without sch_netem. Prints "ready" when both devices are
 * there; addresses are the caller's business. Needs root and /dev/net/tun. Ends with its parent.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* Packets on their way in one direction; beyond that the link drops, as a full router queue does. */
#define QUEUE 32768
/* The devices' MTU is 1500. */
#define PACKET 1600
/* Read from one side before the other gets its turn. */
#define BURST 256
#define LONGEST_WAIT_NS 1000000000LL

struct packet {
  int64_t due;
  int length;
  unsigned char octets[PACKET];
};

struct direction {
  int from, to;
  struct packet *queue;
  unsigned head, tail;
};

static void fail(const char *what) {
  fprintf(stderr, "delay-link: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* A TUN device stays in the namespace that it was made in; its descriptor serves from everywhere. */
static int open_device(const char *name_space) {
  char path[256];
  struct ifreq request = {0};
  int space, device;
  snprintf(path, sizeof path, "/run/netns/%s", name_space);
  space = open(path, O_RDONLY | O_CLOEXEC);
  if (space < 0 || setns(space, CLONE_NEWNET) < 0) fail(path);
  close(space);
  device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device < 0) fail("/dev/net/tun");
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  strncpy(request.ifr_name, "link0", IFNAMSIZ - 1);
  if (ioctl(device, TUNSETIFF, &request) < 0) fail("a TUN device");
  return device;
}

static void take_in(struct direction *way, int64_t delay) {
  for (int count = 0; count < BURST && way->tail - way->head < QUEUE; count++) {
    struct packet *packet = &way->queue[way->tail % QUEUE];
    packet->length = read(way->from, packet->octets, PACKET);
    if (packet->length <= 0) return;
    packet->due = now() + delay;
    way->tail++;
  }
}

/* What cannot be written is lost, as on any line. Returns how long the next packet has to wait. */
static int64_t let_out(struct direction *way) {
  while (way->head != way->tail) {
    struct packet *packet = &way->queue[way->head % QUEUE];
    int64_t wait = packet->due - now();
    if (wait > 0) return wait;
    if (write(way->to, packet->octets, packet->length) < 0 && errno == EBADFD) exit(0);
    way->head++;
  }
  return LONGEST_WAIT_NS;
}

int main(int count, char **words) {
  struct direction ways[2] = {0};
  if (count != 4) {
    fprintf(stderr, "usage: delay-link NETNS_A NETNS_B DELAY_MS\n");
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int64_t delay = (int64_t)(atof(words[3]) * 1e6);
  int one = open_device(words[1]), other = open_device(words[2]);
  ways[0].from = ways[1].to = one;
  ways[0].to = ways[1].from = other;
  for (int side = 0; side < 2; side++) {
    ways[side].queue = calloc(QUEUE, sizeof(struct packet));
    if (ways[side].queue == NULL) fail("memory");
  }
  puts("ready");
  fflush(stdout);
  for (;;) {
    int64_t first = let_out(&ways[0]), second = let_out(&ways[1]);
    int64_t wait = first < second ? first : second;
    struct timespec time = {wait / 1000000000LL, wait % 1000000000LL};
    struct pollfd ready[2] = {{one, POLLIN, 0}, {other, POLLIN, 0}};
    if (ppoll(ready, 2, &time, NULL) < 0 && errno != EINTR) fail("poll");
    for (int side = 0; side < 2; side++)
      if (ready[side].revents & POLLIN) take_in(&ways[side], delay);
  }
}
