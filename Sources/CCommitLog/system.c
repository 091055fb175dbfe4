#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CCommitLog.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

int ccommitlog_fallocate(int descriptor, off_t offset, off_t length) {
#if defined(__linux__)
  int result;
  do result = fallocate(descriptor, 0, offset, length);
  while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
#else
  (void)descriptor, (void)offset, (void)length;
  return EOPNOTSUPP;
#endif
}

void ccommitlog_name_thread(const char *name) {
  char kept[16];
  strncpy(kept, name, sizeof kept - 1);
  kept[sizeof kept - 1] = 0;
#if defined(__linux__)
  pthread_setname_np(pthread_self(), kept);
#else
  pthread_setname_np(kept);
#endif
}
