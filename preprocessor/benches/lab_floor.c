/* The floor of one echo: the namespaces of a lab, a tmpfs, an overlay, and an OCI runtime that starts bash, alone.
 *
 *   lab_floor CONFIG RUNTIME ARGUMENT...
 *
 * No agent, no steps, no cgroups, no judgement: what nobody can leave out who makes such a place. As root. CONFIG is a
 * config.json whose process is `bash -c 'echo hello'`; bash has a PTY, made out here, and what comes out of it is printed.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char **arguments;
static int go[2], terminal;

static void write_file(const char *path, const char *text, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text, length) != (ssize_t)length || close(fd)) err(1, "%s", path);
}

static void folder(const char *path)
{
    if (mkdir(path, 0755)) err(1, "%s", path);
}

static void mounted(const char *kind, const char *target, unsigned long flags, const char *options)
{
    if (mount(kind, target, kind, flags, options)) err(1, "mounting %s on %s", kind, target);
}

static int first(void *unused)
{
    (void)unused;
    char byte;
    close(go[1]);
    if (read(go[0], &byte, 1) != 1) errx(1, "no ids");
    char config[1 << 17];
    int fd = open(arguments[1], O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, config, sizeof config);
    if (length < 0) err(1, "%s", arguments[1]);
    if (setgroups(0, NULL) || setresgid(0, 0, 0) || setresuid(0, 0, 0)) err(1, "root");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) err(1, "private mounts");
    mounted("tmpfs", "/mnt", MS_NOSUID | MS_NODEV, "mode=0755,size=64m");
    mounted("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mounted("tmpfs", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k"); /* crun refuses hybrid ones */
    folder("/mnt/lower");
    if (symlink("usr/bin", "/mnt/lower/bin") || symlink("usr/lib", "/mnt/lower/lib") ||
        symlink("usr/lib64", "/mnt/lower/lib64")) err(1, "links");
    folder("/mnt/upper");
    folder("/mnt/work");
    folder("/mnt/state");
    folder("/mnt/bundle");
    folder("/mnt/bundle/rootfs");
    mounted("overlay", "/mnt/bundle/rootfs", 0, "lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work,userxattr");
    write_file("/mnt/bundle/config.json", config, (size_t)length);
    pid_t runtime = vfork();
    if (runtime == 0) {
        dup2(terminal, 0);
        dup2(terminal, 1);
        dup2(terminal, 2);
        execvp(arguments[2], arguments + 2);
        _exit(127);
    }
    close(terminal);
    int status;
    waitpid(runtime, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int count, char **all)
{
    static char stack[1 << 18] __attribute__((aligned(16)));
    const char *ids = "0 1879048192 65536\n";
    char path[64], output[4096];
    int ours;
    if (count < 3) errx(2, "lab_floor CONFIG RUNTIME ARGUMENT...");
    arguments = all;
    if (pipe2(go, O_CLOEXEC) || openpty(&ours, &terminal, NULL, NULL, NULL)) err(1, "a pty");
    fcntl(ours, F_SETFD, FD_CLOEXEC);
    int kinds = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET;
    pid_t child = clone(first, stack + sizeof stack, kinds | SIGCHLD, NULL);
    if (child < 0) err(1, "namespaces");
    close(terminal);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/proc/%d/%cid_map", child, "ug"[i]);
        write_file(path, ids, strlen(ids));
    }
    if (write(go[1], "!", 1) != 1) err(1, "go");
    for (ssize_t length; (length = read(ours, output, sizeof output)) > 0;)
        if (write(1, output, (size_t)length) != length) err(1, "output");
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
