// Calls whose headers do not go with the C library's Swift module.
#ifdef __linux__

#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "CLinux.h"

int rproc_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC | O_NONBLOCK); }

int rproc_accept(int listener) {
  return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int rproc_local_socket(int type) {
  return socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int rproc_open_terminal(void) { return posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC); }

int rproc_unlock_terminal(int master, char *name, size_t byteCount) {
  if (grantpt(master) != 0 || unlockpt(master) != 0) return -1;
  int code = ptsname_r(master, name, byteCount);
  if (code != 0) errno = code;
  return code == 0 ? 0 : -1;
}

int rproc_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int rproc_peer_process(int socket) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? (int)peer.pid : -1;
}

int rproc_lock_file(int fd) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(fd, F_OFD_SETLK, &lock);
}

#endif
