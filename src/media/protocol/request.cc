#include "media/protocol/request.h"

#include <algorithm>
#include <limits>

#include "media/protocol/little_endian.h"

namespace coffer::media {
namespace {

// The first bytes of each message; they differ, so that none is taken for another.
constexpr std::uint32_t kRequestMagic = 0x714d4643;  // "CFMq"
constexpr std::uint32_t kHelloMagic = 0x684d4643;    // "CFMh"
constexpr std::uint32_t kJobEndMagic = 0x654d4643;   // "CFMe"

// Reads a message of fixed size from its start to its end.
class Cursor {
 public:
  explicit Cursor(ByteView bytes) noexcept : bytes_(bytes) {}
  template <class T>
  T next() noexcept {
    const T value = get_le<T>(bytes_.data() + at_);
    at_ += sizeof(T);
    return value;
  }

 private:
  ByteView bytes_;
  std::size_t at_ = 0;
};

template <std::size_t Size>
class Builder {
 public:
  template <class T>
  Builder& add(T value) noexcept {
    put_le(bytes_.data() + at_, value);
    at_ += sizeof(T);
    return *this;
  }
  std::array<std::byte, Size> bytes() const noexcept { return bytes_; }

 private:
  std::array<std::byte, Size> bytes_ = {};
  std::size_t at_ = 0;
};

bool is_edge(std::uint32_t edge, Job job) noexcept {
  return edge >= 1 && edge <= (job == Job::kOptimize ? kMaxOptimizedEdge : kMaxPictureEdge);
}

bool is_valid(const Request& request) noexcept {
  constexpr auto kMaxOffset = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return request.job >= Job::kProbe && request.job <= Job::kOptimize &&
         request.fit >= Fit::kInside && request.fit <= Fit::kCover &&
         request.format >= PictureFormat::kWebp && request.format <= PictureFormat::kAvif &&
         request.quality >= 1 && request.quality <= 100 && is_edge(request.width, request.job) &&
         is_edge(request.height, request.job) && request.offset <= kMaxOffset &&
         request.length <= kMaxOffset - request.offset &&
         request.max_picture_bytes <= kMaxPictureBytes && request.patience_millis >= 1 &&
         request.patience_millis <= kMaxPatienceMillis;
}

}  // namespace

std::array<std::byte, kRequestBytes> encode(const Request& request) noexcept {
  return Builder<kRequestBytes>()
      .add(kRequestMagic)
      .add(kProtocolVersion)
      .add(static_cast<std::uint8_t>(request.job))
      .add(static_cast<std::uint8_t>(request.fit))
      .add(static_cast<std::uint8_t>(request.format))
      .add(request.quality)
      .add(std::uint16_t{0})
      .add(request.width)
      .add(request.height)
      .add(request.max_picture_bytes)
      .add(request.patience_millis)
      .add(request.offset)
      .add(request.length)
      .add(request.max_pixels)
      .add(request.max_shrunk_pixels)
      .bytes();
}

std::optional<Request> decode_request(ByteView bytes) noexcept {
  if (bytes.size() != kRequestBytes) return std::nullopt;
  Cursor in(bytes);
  if (in.next<std::uint32_t>() != kRequestMagic) return std::nullopt;
  if (in.next<std::uint16_t>() != kProtocolVersion) return std::nullopt;
  Request request;
  request.job = static_cast<Job>(in.next<std::uint8_t>());
  request.fit = static_cast<Fit>(in.next<std::uint8_t>());
  request.format = static_cast<PictureFormat>(in.next<std::uint8_t>());
  request.quality = in.next<std::uint8_t>();
  if (in.next<std::uint16_t>() != 0) return std::nullopt;
  request.width = in.next<std::uint32_t>();
  request.height = in.next<std::uint32_t>();
  request.max_picture_bytes = in.next<std::uint32_t>();
  request.patience_millis = in.next<std::uint32_t>();
  request.offset = in.next<std::uint64_t>();
  request.length = in.next<std::uint64_t>();
  request.max_pixels = in.next<std::uint64_t>();
  request.max_shrunk_pixels = in.next<std::uint64_t>();
  if (!is_valid(request)) return std::nullopt;
  return request;
}

std::string_view name_of(Layer layer) noexcept {
  switch (layer) {
    case kUserNamespace: return "user_namespace";
    case kNetworkNamespace: return "network_namespace";
    case kMountNamespace: return "mount_namespace";
    case kPidNamespace: return "pid_namespace";
    case kIpcNamespace: return "ipc_namespace";
    case kUtsNamespace: return "uts_namespace";
    case kNoNewPrivileges: return "no_new_privs";
    case kLandlock: return "landlock";
    case kSyscallFilter: return "seccomp";
    case kResourceLimits: return "rlimits";
    case kNoCapabilities: return "no_capabilities";
  }
  return {};
}

std::array<std::byte, kHelloBytes> encode(const Hello& hello) noexcept {
  return Builder<kHelloBytes>()
      .add(kHelloMagic)
      .add(kProtocolVersion)
      .add(std::uint16_t{0})
      .add(hello.layers)
      .add(hello.succeeded_attempts)
      .bytes();
}

std::optional<Hello> decode_hello(ByteView bytes) noexcept {
  if (bytes.size() != kHelloBytes) return std::nullopt;
  Cursor in(bytes);
  if (in.next<std::uint32_t>() != kHelloMagic) return std::nullopt;
  if (in.next<std::uint16_t>() != kProtocolVersion) return std::nullopt;
  if (in.next<std::uint16_t>() != 0) return std::nullopt;
  Hello hello;
  hello.layers = in.next<std::uint32_t>();
  hello.succeeded_attempts = in.next<std::uint32_t>();
  if ((hello.layers & ~kAllLayers) != 0) return std::nullopt;
  return hello;
}

std::array<std::byte, kJobEndBytes> encode(const JobEnd& end) noexcept {
  return Builder<kJobEndBytes>()
      .add(kJobEndMagic)
      .add(kProtocolVersion)
      .add(end.signal)
      .add(end.status)
      .add(end.memory_kib)
      .add(end.cpu_millis)
      .bytes();
}

std::optional<JobEnd> decode_job_end(ByteView bytes) noexcept {
  if (bytes.size() != kJobEndBytes) return std::nullopt;
  Cursor in(bytes);
  if (in.next<std::uint32_t>() != kJobEndMagic) return std::nullopt;
  if (in.next<std::uint16_t>() != kProtocolVersion) return std::nullopt;
  JobEnd end;
  end.signal = in.next<std::uint8_t>();
  end.status = in.next<std::uint8_t>();
  end.memory_kib = in.next<std::uint32_t>();
  end.cpu_millis = in.next<std::uint32_t>();
  return end;
}

}  // namespace coffer::media
