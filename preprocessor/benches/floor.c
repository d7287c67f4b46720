/* The floor of design.md's performance table: what a PTY and bash cost, whoever drives them.
 *
 *   floor steps N     N commands `echo I`, each written when the one before has been answered with a marker
 *   floor flood CMD   one command, read to its marker
 *
 * Prints the seconds from the first byte written to the last marker. */
#define _GNU_SOURCE
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static const char MARK[] = "\033]7717;floor;";
static char buffer[65536 + 32];
static int master;

/* Reads up to the next marker; a marker split between two reads is kept whole by the overlap. */
static void until_mark(void) {
  size_t held = 0;
  for (;;) {
    struct pollfd fd = {.fd = master, .events = POLLIN};
    poll(&fd, 1, -1);
    ssize_t count = read(master, buffer + held, 65536);
    if (count <= 0) exit(1);
    size_t have = held + (size_t)count;
    if (memmem(buffer, have, MARK, sizeof MARK - 1)) return;
    held = have < 16 ? have : 16;
    memmove(buffer, buffer + have - held, held);
  }
}

static void type(const char *text) {
  size_t length = strlen(text);
  if (write(master, text, length) != (ssize_t)length) exit(1);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  struct winsize size = {.ws_row = 24, .ws_col = 80};
  struct termios modes;
  if (forkpty(&master, NULL, NULL, &size) == 0) {
    tcgetattr(0, &modes);
    modes.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(0, TCSANOW, &modes);
    execl("/bin/bash", "bash", "--noediting", "--norc", NULL);
    _exit(127);
  }
  type("set +o history; PS1= PROMPT_COMMAND='printf \"\\033]7717;floor;%d\\007\" $?'\n");
  until_mark();
  struct timespec from, to;
  clock_gettime(CLOCK_MONOTONIC, &from);
  if (strcmp(argv[1], "steps") == 0) {
    char command[64];
    for (int step = 0; step < atoi(argv[2]); step++) {
      snprintf(command, sizeof command, "echo %d\n", step);
      type(command);
      until_mark();
    }
  } else {
    type(argv[2]);
    type("\n");
    until_mark();
  }
  clock_gettime(CLOCK_MONOTONIC, &to);
  printf("%.6f\n", (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
  return 0;
}
