// What the commit log needs from C: CRC32C with the processor's instruction, and calls that Glibc's Swift overlay lacks.
#ifndef CCOMMITLOG_H
#define CCOMMITLOG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Continues a CRC32C (Castagnoli, RFC 3720 appendix B.4) over `count` bytes. Start with `crc` 0. Uses the processor's
/// instruction where it has one.
uint32_t ccommitlog_crc32c(uint32_t crc, const void *bytes, size_t count);

/// The same by table, for processors without the instruction, and for tests to compare with.
uint32_t ccommitlog_crc32c_portable(uint32_t crc, const void *bytes, size_t count);

/// Allocates blocks for a range that read as zeros, growing the file. Returns 0 or an errno value.
int ccommitlog_fallocate(int descriptor, off_t offset, off_t length);

/// Names the calling thread for debuggers and `top -H`; at most 15 bytes are kept.
void ccommitlog_name_thread(const char *name);

#endif
