// zlib's initialisers are macros, which Swift cannot call.
#include <zlib.h>

static inline int czlib_deflateInitGzip(z_stream *stream, int level) {
  // 15 bits of window plus 16: a gzip header and trailer around the deflate stream.
  return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

static inline int czlib_inflateInitGzip(z_stream *stream) { return inflateInit2(stream, 15 + 16); }
